"""Embedding: the local model in torch, on ONNX Runtime, and from the cache

512 product names of about 7 words; queries of WANDS where it lies beside the repository, else of the demo.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks import data, harness, peers
from helpers import batch_embed_local, local_model
from helpers.local_model import DEFAULT_MODEL, WEIGHTS_SHA256, LocalModel, get_local_model
from helpers.onnx_model import OnnxModel
from helpers.similarity import top_semantic_batch

BATCH_SIZES = (8, 32, 128, 256)
TORCH = "sentence-transformers (torch)"
ONNX = "helpers (ONNX Runtime)"


def claims():
    names, queries = data.product_names()[:512], data.queries()[:100]
    real = LocalModel(DEFAULT_MODEL, "torch", local_model._load_packaged)
    engines = {TORCH: lambda texts, batch_size: real.encoder(batch_size)(texts)}
    with _own_cache():
        made, skipped = harness.available(
            {ONNX: lambda: OnnxModel(local_model.verified_weights_folder(), WEIGHTS_SHA256).encode}
        )
        engines |= made
        vectors = {name: encode(names + queries, 32) for name, encode in engines.items()}
        yield harness.Claim(
            "512 names, 32 in a batch",
            [
                harness.Way(
                    name,
                    lambda encode=encode: encode(names, 32),
                    same=_agreement(vectors[name], vectors[TORCH], len(names)) if name != TORCH else "",
                )
                for name, encode in engines.items()
            ],
            rounds=5,
            targets={ONNX: 1.4},
            skipped=skipped,
            note='The same weights in both. "Same results": the least cosine between the two vectors of a '
            f"text, and the top 10 of {len(queries)} queries among the names, order included.",
        )
        yield harness.Claim(
            "512 names by batch size, in CPU seconds of all threads",
            [
                harness.Way(
                    f"{name}, {size} in a batch",
                    lambda encode=encode, size=size: _cpu_seconds(lambda: encode(names, size)),
                    clocked=True,
                )
                for size in sorted(BATCH_SIZES, key=lambda size: size != 32)
                for name, encode in engines.items()
            ],
            rounds=3,
            skipped=skipped,
            note="32 is the default. Both sort the texts by length first. CPU seconds, because they depend "
            "less on who else uses the machine.",
        )
        batch_embed_local(names, show_progress=False)
        yield harness.Claim(
            "512 names again, from the cache",
            [
                harness.Way(f"first run, by {get_local_model().engine}", lambda: _first_run(names)),
                harness.Way("second run", lambda: batch_embed_local(names, show_progress=False)),
            ],
            unit="ms",
            rounds=3,
            targets={"second run": 100},
            note="The first run computes and keeps, the second only reads.",
        )


def _agreement(ours: np.ndarray, theirs: np.ndarray, n: int) -> str:
    """How near the vectors of n documents, then those of queries, come to another engine's (unit vectors)."""
    least = (ours.astype(float) * theirs).sum(axis=1).min()
    found, expected = (top_semantic_batch(vectors[n:], vectors[:n])[0] for vectors in (ours, theirs))
    return f"cosine >= {np.floor(least * 1e7) / 1e7:.7f}; top 10: {peers.agreement(found, expected)}"


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _first_run(names: list[str]) -> None:
    with _own_cache():
        batch_embed_local(names, show_progress=False)


@contextmanager
def _own_cache() -> Iterator[None]:
    """An empty cache folder, for as long as this lasts."""
    before = os.environ.get("COURSE_CACHE_DIR")
    folder = Path(tempfile.mkdtemp())
    os.environ["COURSE_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COURSE_CACHE_DIR"]
        else:
            os.environ["COURSE_CACHE_DIR"] = before
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    harness.main()
