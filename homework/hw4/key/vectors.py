"""Questions on vectors: cosine, batch_cosine and normalize."""

import numpy as np

from autograder.judge.question import (
    Answer,
    Check,
    Exchange,
    Named,
    Probe,
    Question,
    as_array,
    as_number,
    each,
    near,
    new_array,
    plain_number,
    unchanged,
)
from autograder.judge.ties import TOLERANCE
from helpers.sentences import UNROUNDED, rounded

from .expected import cosines, min_max
from .misconceptions.batch_cosine import BATCH_COSINE_MISTAKES
from .misconceptions.cosine import COSINE_MISTAKES
from .misconceptions.normalize import NORMALIZE_MISTAKES
from .right_answers.batch_cosine import BATCH_COSINE_ANSWERS
from .right_answers.cosine import COSINE_ANSWERS
from .right_answers.normalize import NORMALIZE_ANSWERS
from .shop import Shop


def _close(got, expected) -> bool:
    return bool(np.all(np.abs(np.asarray(got) - np.asarray(expected)) <= TOLERANCE))


# Lengths whose product is so small that a test such as "< 0.001" takes them for zero, and a number of 1e-7 or more
# under the fraction is felt, but not one of 1e-8, which many write there with good reason.
SHORT = (0.023, 0.025)
SHORT_COSINE = (0.3, 0.35)


def _vector(rng: np.random.Generator, size: int, length: float) -> np.ndarray:
    vector = rng.normal(size=size)
    return vector * length / np.linalg.norm(vector)


def _at(rng: np.random.Generator, vector: np.ndarray, cosine: float, length: float) -> np.ndarray:
    """A vector of this length that has this cosine with the given one."""
    direction = vector / np.linalg.norm(vector)
    across = rng.normal(size=vector.size)
    across -= across @ direction * direction
    return length * (cosine * direction + np.sqrt(1 - cosine**2) * across / np.linalg.norm(across))


def _pair(rng: np.random.Generator, size: int, sign: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two vectors whose dot product lies outside -1 to 1, so that no mistake about their lengths stays unseen."""
    first = _vector(rng, size, rng.uniform(2, 5))
    return first, _at(rng, first, sign * rng.uniform(0.3, 0.9), rng.uniform(2, 5))


def _cosine_probe(name: str, i: int, a, b) -> Probe:
    expected = float(cosines(np.ravel(a), np.reshape(b, (1, -1)))[0])
    return Probe(f"cosine/{name}/{i}", "cosine_similarity", (a, b), about=expected)


def _ordinary_pairs(rng, shop):
    sizes = [2, 3, near(rng, 8), near(rng, 48), 384, 384]
    pairs = [_pair(rng, size, sign) for size, sign in zip(sizes, (1, -1, 1, -1, 1, -1))]
    pairs += [(rng.integers(-9, 10, 5) + 0.5, rng.integers(1, 10, 5) * 1.0)]
    a = _vector(rng, near(rng, 8), rng.uniform(2, 5))
    return [_cosine_probe("ordinary", i, *p) for i, p in enumerate(pairs + [(a, -2 * a), (a, a * 5)])]


def _odd_pairs(rng, shop):
    a, b = _pair(rng, near(rng, 8))
    short = _vector(rng, near(rng, 8), rng.uniform(*SHORT))
    whole = rng.integers(1, 9, size=(2, 4))
    pairs = [
        (a.astype(np.float32), b.astype(np.float32)),
        (whole[0], whole[1]),
        (a * 1e-4, b * 1e4),
        (a, 1000 * b),
        (short, _at(rng, short, rng.uniform(*SHORT_COSINE), rng.uniform(*SHORT))),
    ]
    return [_cosine_probe("lengths", i, *p) for i, p in enumerate(pairs)]


def _zero_pairs(rng, shop):
    a = _vector(rng, near(rng, 8), rng.uniform(2, 5))
    return [_cosine_probe("zero", i, *p) for i, p in enumerate([(a, 0 * a), (0 * a, a), (0 * a, 0 * a)])]


def _wrong_cosine(probe: Probe, answer: Answer) -> str | None:
    got = as_number(answer)
    if isinstance(got, str):
        return got
    if np.isnan(got):
        return "cosine_similarity gave nan. Which vectors make you divide by zero?"
    if _close(got, probe.about):
        return None
    hint = (
        UNROUNDED
        if rounded(got, probe.about)
        else "A cosine always lies between -1 and 1: did you divide by both lengths?"
        if abs(got) > 1 + TOLERANCE
        else "Work one pair of short vectors out by hand and compare."
    )
    return f"For two vectors of {np.size(probe.args[0])} numbers, cosine_similarity gave {got:.4g}. {hint}"


def _wrong_zero(probe: Probe, answer: Answer) -> str | None:
    got = as_number(answer)
    if isinstance(got, str):
        return got
    if got == 0:
        return None
    return f"With a zero vector, cosine_similarity gave {got:.4g}. It should give 0: a zero vector has no direction."


def _results(rng, shop):
    one, *others = (_pair(rng, near(rng, 8)) for _ in range(3))
    looks = [
        Probe(f"cosine/number/{i + 1}", "cosine_similarity", pair, argument=i, about=pair[i])
        for i, pair in enumerate(others)
    ]
    return [_cosine_probe("number", 0, *one), *looks]


def _wrong_number(exchange: Exchange, shop: Shop) -> str | None:
    if sentence := plain_number("cosine_similarity")(exchange[:1], shop):
        return sentence
    return _changed(exchange[1:], "vectors", "cosine_similarity")


def _changed(exchange: Exchange, name: str, function: str) -> str | None:
    """The sentence for arguments that are not as they were (each probe's `about`), or None."""
    return next((s for probe, given in exchange if (s := unchanged(given, probe.about, name, function))), None)


COSINE = Question(
    "cosine",
    5,
    "Measure how alike two directions are",
    (
        Check("ordinary", 2, "the cosine of two ordinary vectors", _ordinary_pairs, each(_wrong_cosine)),
        Check("lengths", 1, "whole numbers, float32 and very long or short vectors", _odd_pairs, each(_wrong_cosine)),
        Check("zero", 1, "a zero vector has cosine 0 with everything", _zero_pairs, each(_wrong_zero)),
        Check("number", 1, "one plain number comes out, and both vectors stay as they were", _results, _wrong_number),
    ),
    writes="cosine_similarity",
    misconceptions=COSINE_MISTAKES,
    right_answers=COSINE_ANSWERS,
)


def _batch_probe(name: str, i: int, query, docs) -> Probe:
    return Probe(f"batch_cosine/{name}/{i}", "batch_cosine_similarity", (query, docs), about=cosines(query, docs))


def _batch(rng: np.random.Generator, n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A query and n rows, none of them short."""
    rows = np.stack([_vector(rng, size, length) for length in rng.uniform(1.5, 9, n)])
    return _vector(rng, size, rng.uniform(2, 5)), rows


def _ordinary_batches(rng, shop):
    shapes = [(3, 2), (5, near(rng, 8)), (4, 4), (near(rng, 56), near(rng, 48)), (1, 6), (5, 8), (5, 8)]
    return [_batch_probe("ordinary", i, *_batch(rng, n, d)) for i, (n, d) in enumerate(shapes)]


def _zero_batches(rng, shop):
    query, docs = _batch(rng, near(rng, 8), 5)
    zero, short = np.split(rng.permutation(len(docs))[:4], 2)
    docs[zero] = 0
    for row in short:
        length = rng.uniform(*SHORT) * rng.uniform(*SHORT) / np.linalg.norm(query)
        docs[row] = _at(rng, query, rng.uniform(*SHORT_COSINE), length)
    return [_batch_probe("zero", 0, query, docs), _batch_probe("zero", 1, 0 * query, docs)]


def _results_of_batches(rng, shop):
    like_a_batch, *given = (_batch(rng, near(rng, 8), 3) for _ in range(3))
    whole = rng.integers(1, 9, size=(near(rng, 8), 4))
    whole[rng.integers(1, len(whole))] = 0
    looks = [
        Probe(f"batch_cosine/result/{i + 2}", "batch_cosine_similarity", pair, argument=i, about=pair[i])
        for i, pair in enumerate(given)
    ]
    return [_batch_probe("result", 0, *like_a_batch), _batch_probe("result", 1, whole[0], whole), *looks]


def _real_batch(rng, shop):
    row = int(rng.integers(len(shop.query_texts)))
    return [
        Probe(
            "batch_cosine/real/0",
            "batch_cosine_similarity",
            (shop.query_embeddings[row], Named("product_embeddings")),
            about=shop.semantic_scores[row],
        )
    ]


def _wrong_batch(probe: Probe, answer: Answer) -> str | None:
    n = len(probe.about)
    got = as_array(answer, n)
    if isinstance(got, str):
        return got
    if np.isnan(got).any():
        return f"{int(np.isnan(got).sum())} of {n} similarities are nan. What should happen where a length is zero?"
    wrong = np.abs(got - probe.about) > TOLERANCE
    if not wrong.any():
        return None
    first = got[wrong][0]
    hint = (
        UNROUNDED
        if rounded(got, probe.about)
        else "A cosine lies between -1 and 1: is every row divided by its own length and by the query's?"
        if abs(first) > 1 + TOLERANCE
        else "Compare one row with cosine_similarity: are the lengths those of the rows?"
    )
    return (
        f"For a query and {n} document{'s' * (n > 1)}, {int(wrong.sum())} of {n} similarities are wrong; "
        f"the first of them is {first:.4g}. {hint}"
    )


def _wrong_result(exchange: Exchange, shop: Shop) -> str | None:
    for probe, answer in exchange[:2]:
        if sentence := new_array(answer, len(probe.about), "one similarity a row"):
            return sentence
    return _wrong_batch(*exchange[1]) or _changed(exchange[2:], "embeddings", "batch_cosine_similarity")


BATCH_COSINE = Question(
    "batch_cosine",
    10,
    "Compare one query with every product at once",
    (
        Check("ordinary", 5, "the cosine of a query with each row", _ordinary_batches, each(_wrong_batch)),
        Check(
            "zero",
            2,
            "zero rows and a zero query have similarity 0, short rows their own",
            _zero_batches,
            each(_wrong_batch),
        ),
        Check(
            "result",
            1,
            "whole numbers go in too; out comes a new array of shape (n,)",
            _results_of_batches,
            _wrong_result,
        ),
        Check("real", 2, "a real query against every product of the sample", _real_batch, each(_wrong_batch)),
    ),
    writes="batch_cosine_similarity",
    builds_on=(COSINE,),
    misconceptions=BATCH_COSINE_MISTAKES,
    right_answers=BATCH_COSINE_ANSWERS,
)


def _normalize_probe(name: str, i: int, scores) -> Probe:
    return Probe(f"normalize/{name}/{i}", "normalize_scores", (scores,), about=(scores, min_max(scores)))


def _ordinary_scores(rng, shop):
    n = near(rng, 16)
    arrays = [
        rng.normal(size=6) * 3,
        rng.uniform(2, 9, n),
        rng.uniform(2, 9, n),
        rng.normal(size=near(rng, 280)) * 40 - 100,
        np.where(rng.random(20) < 0.8, 0.0, rng.uniform(1, 12, 20)) + np.eye(20)[0] * 13,
    ]
    return [_normalize_probe("ordinary", i, a) for i, a in enumerate(arrays)]


def _equal_scores(rng, shop):
    value = float(rng.uniform(2, 9))
    arrays = [np.full(near(rng, 8), value), np.zeros(4), np.array([value])]
    return [_normalize_probe("equal", i, a) for i, a in enumerate(arrays)]


def _odd_scores(rng, shop):
    n = near(rng, 8)
    arrays = [
        rng.integers(-20, 20, n) * 3 + np.arange(n),
        rng.normal(size=10).astype(np.float32),
        rng.normal(size=8) * 1e6,
        min_max(rng.random(n)) * 0.002,  # small, but not equal
    ]
    return [_normalize_probe("kinds", i, a) for i, a in enumerate(arrays)]


def _results_of_scores(rng, shop):
    given = rng.normal(size=near(rng, 8))
    return [
        _normalize_probe("result", 0, rng.normal(size=near(rng, 8))),
        Probe("normalize/result/1", "normalize_scores", (given,), argument=0, about=given),
    ]


def _wrong_new_scores(exchange: Exchange, shop: Shop) -> str | None:
    probe, answer = exchange[0]
    n = len(probe.about[0])
    return new_array(answer, n, "as the scores have") or _changed(exchange[1:], "scores", "normalize_scores")


def _wrong_normalized(probe: Probe, answer: Answer) -> str | None:
    scores, expected = probe.about
    got = as_array(answer, len(expected))
    if isinstance(got, str):
        return got
    if np.isnan(got).any():
        return "normalize_scores gave nan. What do you divide by when all scores are equal?"
    if _close(got, expected):
        return None
    case = f"For {len(scores)} scores, the results run from {got.min():.4g} to {got.max():.4g}"
    if rounded(got, expected):
        return f"{case}. {UNROUNDED}"
    if expected.max() == 0:
        return f"{case}. When all scores are equal, every result should be 0."
    if abs(got.min()) > TOLERANCE or abs(got.max() - 1) > TOLERANCE:
        return f"{case}, but the lowest score should become 0 and the highest 1. Subtract and divide by what?"
    return f"{case}, but some between are wrong: the step from one score to the next should keep its proportion."


NORMALIZE = Question(
    "normalize",
    5,
    "Bring two kinds of score to one scale",
    (
        Check("ordinary", 2, "the lowest score becomes 0, the highest 1", _ordinary_scores, each(_wrong_normalized)),
        Check("equal", 1, "equal scores all become 0", _equal_scores, each(_wrong_normalized)),
        Check("kinds", 1, "whole numbers, float32, large numbers and small", _odd_scores, each(_wrong_normalized)),
        Check("result", 1, "the result is a new array of shape (n,)", _results_of_scores, _wrong_new_scores),
    ),
    writes="normalize_scores",
    misconceptions=NORMALIZE_MISTAKES,
    right_answers=NORMALIZE_ANSWERS,
)
