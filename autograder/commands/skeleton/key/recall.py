"""The question on recall: what is asked, what is right, and the mistakes that feedback knows by name."""

from autograder.judge.banks import Misconception, RightAnswer
from autograder.judge.question import Check, Probe, Question, as_number, each


def _probe(name, retrieved, relevant, k):
    found = len(set(retrieved[:k]) & set(relevant))
    right = found / len(relevant) if relevant else 0.0
    return Probe(f"recall/{name}", "recall_at_k", (retrieved, relevant, k), about=right)


def _ordinary(rng, shop):
    """Lists of 8 ids, four of them relevant, with one to five relevant ones that were not found."""
    draws = [rng.choice(1000, 13, replace=False).tolist() for _ in range(5)]
    return [_probe(f"ordinary/{i}", ids[:8], ids[4 : 9 + i], k=10) for i, ids in enumerate(draws)]


def _cut(rng, shop):
    ids = rng.choice(1000, 12, replace=False).tolist()
    return [_probe(f"cut/{k}", ids[:8], ids[2:10], k) for k in (3, 5)]


def _none(rng, shop):
    return [_probe("none", rng.choice(1000, 8, replace=False).tolist(), [], k=10)]


def _wrong(probe, answer):
    """The sentence that says what is wrong with one answer, or None where it is right."""
    got = as_number(answer)
    if isinstance(got, str):  # no number came back, and this says so
        return got
    if abs(got - probe.about) <= 1e-9:
        return None
    retrieved, relevant, k = probe.args
    return (
        f"recall_at_k({retrieved}, {relevant}, k={k}) gave {got:.4g}. "
        "Of all that is relevant, what share stands among the first k?"
    )


RECALL = Question(
    "recall",
    10,
    "Measure what a search has found",
    (
        Check("ordinary", 6, "the share of the relevant ids that was found", _ordinary, each(_wrong)),
        Check("cut", 2, "only the first k retrieved ids count", _cut, each(_wrong)),
        Check("none", 2, "with no relevant ids the recall is 0.0", _none, each(_wrong)),
    ),
    writes="recall_at_k",
    right_answers=(
        RightAnswer(
            "sets",
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    relevant = set(relevant_ids)
    return len(set(retrieved_ids[:k]) & relevant) / len(relevant) if relevant else 0.0
""",
        ),
    ),
    misconceptions=(
        Misconception(
            "over-k",
            "It looks as if you divided by k",
            "Recall asks which share of all that is relevant was found: what do you divide by?",
            """
def recall_at_k(retrieved_ids, relevant_ids, k=10):
    return len(set(retrieved_ids[:k]) & set(relevant_ids)) / k
""",
            loses=("recall",),
        ),
    ),
)
