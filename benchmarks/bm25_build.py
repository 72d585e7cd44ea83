"""BM25: building the index

The index of 42,994 names. The plain way stems every word every time, as the lesson does; the second plain way
has the tokenizer of helpers, which stems each word once.
"""

import tracemalloc
from functools import partial

from benchmarks import data, harness, peers, plain
from helpers import build_index, snowball_tokenize


def _prepared(build):
    def prepare():
        names = data.product_names()
        return lambda: build(names)

    return prepare


WAYS = {
    "plain": plain.build_index,
    "plain, our tokenizer": partial(plain.build_index, tokenizer=snowball_tokenize),
    "helpers": build_index,
}
ENGINES = {name: make for name, make in peers.BM25.items() if name != "bm25s (numba)"}  # builds as with numpy
PEAKS = {name: _prepared(build) for name, build in (WAYS | ENGINES).items()}


def claims():
    names = data.product_names()
    index, doc_lengths = build_index(names)
    expected, lengths = plain.build_index(names)
    if dict(index) != expected or (doc_lengths != lengths).any():
        raise AssertionError("the index differs from the plain one")
    engines, skipped = harness.available({name: partial(make, names[:1000]) for name, make in ENGINES.items()})
    ways = [
        harness.Way(name, partial(build, names), same="yes" if name != "plain" else "") for name, build in WAYS.items()
    ]
    ways += [harness.Way(name, partial(ENGINES[name], names)) for name in engines]
    yield harness.Claim(
        "BM25, building the index of 42,994 names",
        ways,
        unit="ms",
        targets={"helpers": 1.5},
        skipped=skipped,
        note='"Same" means: every term, document and frequency.',
    )
    yield memory_held(names)


def memory_held(names) -> harness.Listing:
    """The index as it stays in memory, before and after the first search."""

    def held(build, *then) -> float:
        tracemalloc.start()
        index, doc_lengths = build(names)
        for work in then:
            work(index, doc_lengths)
        size = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        return size

    searched = "helpers, with the weights of the first search"
    sizes = {
        "plain": held(plain.build_index),
        "helpers, just built": held(build_index),
        searched: held(build_index, lambda ix, dl: ix.weights(dl)),
    }
    ratios = {name: size / sizes["plain"] for name, size in sizes.items()}
    return harness.Listing(
        "What the index keeps in memory",
        ["way", "MB", "times the plain index"],
        [[name, f"{size:.1f}", f"{ratios[name]:.2f}"] for name, size in sizes.items()],
        "Counted by tracemalloc.",
        [
            harness.Verdict(
                "BM25, memory that the index keeps, weights included",
                "<= 2 times the plain index",
                f"{ratios[searched]:.2f}",
                ratios[searched] <= 2,
            )
        ],
    )


if __name__ == "__main__":
    harness.main()
