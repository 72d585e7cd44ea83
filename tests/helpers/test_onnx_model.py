"""The default model on ONNX Runtime: the numbers of sentence-transformers, from a graph kept in the cache."""

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers import batch_cosine_similarity, local_model, onnx_model, top_k
from helpers.catalogue import DEMO_FOLDER, load_wands_products, load_wands_queries
from helpers.local_model import WEIGHTS_SHA256, ModelUnavailable, verified_weights_folder
from helpers.onnx_model import OnnxModel

ROOT = Path(__file__).resolve().parents[2]
ODD_TEXTS = [
    "",
    " ",
    "sofa",
    "SOFA",
    "Größe 90 × 200 cm",
    "naïve café",
    "沙发 sofa",
    "🛋️ couch",
    "a [MASK] [SEP] b",
    "tab\tand\nline",
    "nul\x00 and \u200b zero width",
    "e\u0301",
    "100%-cotton",
    "x" * 300,
    "sofa " * 254,
    "sofa " * 255,
    "place to sit " * 300,
]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def open_model() -> OnnxModel:
    return OnnxModel(verified_weights_folder(), WEIGHTS_SHA256)


@pytest.fixture(scope="module")
def model():
    return open_model()


@pytest.fixture(scope="module")
def real():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(verified_weights_folder()), local_files_only=True)


@pytest.fixture
def exports(monkeypatch):
    """The weights files that a graph was made for, one for each time that it was."""
    made, make = [], onnx_model._graph
    monkeypatch.setattr(onnx_model, "_graph", lambda weights: made.append(weights) or make(weights))
    return made


# --- the same numbers -------------------------------------------------------------------------------------


def test_vectors_and_top_ten_are_those_of_sentence_transformers(model, real):
    products = load_wands_products(DEMO_FOLDER)["product_name"].tolist()[::15]
    queries = load_wands_queries(DEMO_FOLDER)["query"].tolist()[:60]
    assert len(products) >= 300 and len(queries) == 60
    ours, theirs = model.encode(products + queries), real.encode(products + queries)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype == np.float32
    assert (ours * theirs).sum(axis=1).min() > 0.9999
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    n = len(products)
    for query, their_query in zip(ours[n:], theirs[n:], strict=True):
        found = top_k(batch_cosine_similarity(query, ours[:n]), 10)
        np.testing.assert_array_equal(found, top_k(batch_cosine_similarity(their_query, theirs[:n]), 10))


def test_odd_texts_have_the_same_tokens_and_vectors(model, real):
    theirs = real.tokenizer(ODD_TEXTS, truncation=True, max_length=256)["input_ids"]
    assert [model._tokenizer.encode(text).ids for text in ODD_TEXTS] == theirs
    assert max(map(len, theirs)) == 256
    np.testing.assert_allclose(model.encode(ODD_TEXTS), real.encode(ODD_TEXTS), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_a_vector_does_not_depend_on_its_batch(model, batch_size):
    texts = ODD_TEXTS[:12]
    alone = np.concatenate([model.encode([text]) for text in texts])
    np.testing.assert_allclose(model.encode(texts, batch_size=batch_size), alone, atol=1e-6)


# --- the graph in the cache -------------------------------------------------------------------------------


def test_the_graph_is_made_once_and_kept_without_the_weights(own_cache, exports):
    first = open_model().encode(["sofa"])
    [kept] = own_cache.iterdir()
    assert WEIGHTS_SHA256[:16] in kept.name and kept.stat().st_size < 100_000
    np.testing.assert_array_equal(open_model().encode(["sofa"]), first)
    assert len(exports) == 1


def cut(content: bytes) -> bytes:
    return content[:-100]


def one_bit(content: bytes) -> bytes:
    """A graph that ONNX Runtime takes, with one of the weights read from the wrong place."""
    last_digit = re.search(rb"offset\x12.\d*[0-7]", content).end() - 1
    return content[:last_digit] + bytes([content[last_digit] ^ 4]) + content[last_digit + 1 :]


def foreign(content: bytes) -> bytes:
    return hashlib.sha256(b"no graph").digest() + b"no graph"


@pytest.mark.parametrize("damage", [cut, one_bit, foreign, lambda content: b""])
def test_a_damaged_graph_is_made_again(own_cache, exports, damage, capfd):
    first = open_model().encode(["sofa"])
    [kept] = own_cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    np.testing.assert_array_equal(open_model().encode(["sofa"]), first)
    assert len(exports) == 2 and list(own_cache.iterdir()) == [kept] and kept.read_bytes() == whole
    assert capfd.readouterr() == ("", "")


def test_a_cache_that_cannot_be_written_is_done_without(own_cache, exports, capfd):
    own_cache.write_text("a file where the folder should be")
    assert open_model().encode(["sofa"]).shape == (1, 384)
    assert len(exports) == 1 and capfd.readouterr() == ("", "")


def test_an_interrupted_write_leaves_nothing(own_cache, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(onnx_model.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_model()
    assert list(own_cache.iterdir()) == []


# --- living with others -----------------------------------------------------------------------------------


def test_nothing_is_reported_to_anyone_and_nothing_left_at_home(tmp_path):
    code = """
import os, sys
from helpers.local_model import get_embedding_local
assert get_embedding_local("sofa").shape == (384,)
assert "onnxruntime" in sys.modules and "ORT_DISABLE_TELEMETRY" not in os.environ
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": str(home)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.rglob("*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_works_in_a_forked_process():
    # In a process of its own, because a fork of pytest would take pytest's threads and files along.
    code = """
import os, signal
from helpers.local_model import WEIGHTS_SHA256, verified_weights_folder
from helpers.onnx_model import OnnxModel
texts = [f"sofa number {i}" for i in range(100)]
model = OnnxModel(verified_weights_folder(), WEIGHTS_SHA256)
expected = model.encode(texts)
child = os.fork()
if child == 0:
    signal.alarm(60)  # threads that stayed with the parent would be waited for in vain
    raise SystemExit(0 if (abs(model.encode(texts) - expected) < 1e-6).all() else 1)
assert os.waitpid(child, 0)[1] == 0
assert (model.encode(texts) == expected).all()
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(("asked", "given"), [("3", 3), ("0", None), ("4,2", None), ("", None)])
def test_threads_are_as_many_as_asked_for(monkeypatch, asked, given):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert onnx_model._threads() == given or (given is None and 1 <= onnx_model._threads() <= os.cpu_count())


@pytest.mark.parametrize("broken", ["onnxruntime", "onnx", "tokenizers"])
def test_what_is_installed_but_broken_is_said_once_and_done_without(broken, monkeypatch, tmp_path, capfd):
    class Refusing:
        def find_spec(self, name, path=None, target=None):
            if name == broken:
                raise ImportError(f"{broken}: cannot open a shared library")

    def load():
        loads.append(1)
        return StandIn()

    class StandIn:
        def encode(self, texts, **options):
            return np.ones((len(texts), 384), dtype=np.float32)

    loads: list[int] = []
    monkeypatch.delitem(sys.modules, broken, raising=False)
    monkeypatch.setattr(onnx_model, "is_installed", lambda: True)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    model = local_model.LocalModel("x", "x", load, local_model._load_onnx)
    assert (model.encode("sofa") == 1).all() and (model.encode("couch") == 1).all()
    assert model.engine == "sentence-transformers" and len(loads) == 1
    [line] = capfd.readouterr().err.splitlines()
    assert broken in line and "pip install --upgrade onnxruntime onnx" in line


@pytest.mark.parametrize("missing", onnx_model.NEEDS)
def test_what_is_not_installed_is_done_without_in_silence(missing, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, missing, None)
    assert local_model._load_onnx() is None
    assert capfd.readouterr() == ("", "")


def test_wrong_weights_are_refused_here_too(monkeypatch):
    def refuse():
        raise ModelUnavailable("The installed weights are not the published ones.")

    monkeypatch.setattr(local_model, "verified_weights_folder", refuse)
    model = local_model.LocalModel("x", "x", refuse, local_model._load_onnx)
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="not the published"):
            model.encode("sofa")


# --- the environment --------------------------------------------------------------------------------------


def test_the_extra_leaves_torch_and_its_libraries_alone():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"]["fast"]
    assert {Requirement(item).name for item in extra} | {"tokenizers"} == set(onnx_model.NEEDS)
    seen, left = set(), list(extra)
    while left:
        item = Requirement(left.pop())
        name = canonicalize_name(item.name)
        if name in seen or (item.marker and not item.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        left += importlib.metadata.requires(name) or []
    assert {"onnx", "onnxruntime", "numpy"} <= seen
    for name in seen:
        heavy = ("torch", "nvidia", "cuda", "triton", "transformers", "tokenizers", "sentence-transformers")
        assert not name.startswith(heavy), f"the extra fast brings {name}"
