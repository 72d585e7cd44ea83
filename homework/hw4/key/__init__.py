"""The answer key of homework 4: what each question asks, which mistakes it knows, what is right on a data set."""

from functools import partial

from autograder.judge import cut

from .alignment import MISALIGNED
from .exploits import EXPLOITS
from .measures import RECALL
from .searches import HYBRID, SEMANTIC
from .shop import measure_reference, open_shop
from .tuning import BEST_ALPHA, REFLECTION
from .vectors import BATCH_COSINE, COSINE, NORMALIZE

__all__ = ["DEMO_MISTAKES", "EXPLOITS", "PLAIN_TESTS", "QUESTIONS", "measure_reference", "open_shop", "write_cut"]

# One or two relevant products are found at once or not at all: such queries tell no two mistakes in best_alpha apart.
write_cut = partial(cut.write_cut, queries=22, relevant=3)

QUESTIONS = (COSINE, BATCH_COSINE, RECALL, SEMANTIC, NORMALIZE, HYBRID, BEST_ALPHA, MISALIGNED, REFLECTION)

# Two students of the demo who are differently wrong.
DEMO_MISTAKES = {
    "carl": {
        "cosine": ("return float(np.dot(a, b) / lengths)", "return float(np.dot(a, b))"),
        "recall": ("/ len(relevant)", "/ k"),
    },
    "dorothy": {
        "semantic": ('np.argsort(-similarities, kind="stable")', "np.argsort(similarities)"),
        "normalize": ("    if spread == 0:\n        return np.zeros_like(scores)\n", ""),
        "hybrid": ("alpha * semantic + (1 - alpha) * bm25", "alpha * bm25 + (1 - alpha) * semantic"),
    },
}

# What instructors write where there is no judge.
PLAIN_TESTS = {
    "cosine": "for _a, _b, _c in [([1.0, 2, 3], [4.0, 5, 6], 0.9746318461970762), ([2.0, 0], [0.0, 3], 0.0)]:\n"
    "    assert abs(cosine_similarity(np.array(_a), np.array(_b)) - _c) < 1e-9",
    "normalize": "assert np.allclose(normalize_scores(np.array([3.0, 9, 6])), [0, 1, 0.5])\n"
    "assert np.allclose(normalize_scores(np.array([4.0, 4])), [0, 0])",
}
