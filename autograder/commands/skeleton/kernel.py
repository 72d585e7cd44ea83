"""What this homework adds to a student's kernel; the grader sends this text there. It imports nothing but helpers."""


def stand_ins():
    """{name: the course's own version of a function that the student writes, with the student's signature}."""
    from helpers import evaluation

    def recall_at_k(retrieved_ids, relevant_ids, k=10):
        return evaluation.calculate_recall(list(retrieved_ids), list(relevant_ids), k)

    return {"recall_at_k": recall_at_k}
