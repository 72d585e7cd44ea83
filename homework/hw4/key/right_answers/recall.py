"""Right answers to recall."""

from autograder.judge.banks import RightAnswer

RECALL_ANSWERS = (
    RightAnswer(
        "as the lecture has it",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    if not relevant:
        return 0.0
    return len(set(retrieved_ids[:k]) & relevant) / len(relevant)
""",
    ),
    RightAnswer(
        "a loop that ticks off what it has found",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    wanted = set(relevant_ids)
    total = len(wanted)
    for product_id in list(retrieved_ids)[:k]:
        wanted.discard(product_id)
    return (total - len(wanted)) / total if total else 0.0
""",
    ),
    RightAnswer(
        "numpy's intersect1d",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = np.array(sorted(relevant_ids))
    if relevant.size == 0:
        return 0.0
    return np.intersect1d(np.array(retrieved_ids[:k]), relevant).size / np.unique(relevant).size
""",
    ),
    RightAnswer(
        "a pandas Series and isin",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    top = pd.Series(list(retrieved_ids), dtype="int64").head(k).drop_duplicates()
    relevant = list(set(relevant_ids))
    return np.float64(top.isin(relevant).sum() / len(relevant)) if relevant else 0.0
""",
    ),
    RightAnswer(
        "turned around: which relevant ids were found",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    if len(relevant_ids) == 0:
        return 0
    top = list(retrieved_ids)[:k]
    return np.mean([product_id in top for product_id in set(relevant_ids)])
""",
    ),
    RightAnswer(
        "in float32",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    found = [product_id in list(retrieved_ids)[:k] for product_id in set(relevant_ids)]
    return np.mean(found, dtype=np.float32) if found else np.float32(0)
""",
    ),
    RightAnswer(
        "torch's mean, as a plain number",
        """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    import torch

    top = set(retrieved_ids[:k])
    found = torch.tensor([float(product_id in top) for product_id in set(relevant_ids)])
    return found.mean().item() if len(found) else 0.0
""",
    ),
)
