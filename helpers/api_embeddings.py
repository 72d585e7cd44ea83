"""Embeddings from the OpenAI API, or a server that speaks like it, through litellm.

OPENAI_API_KEY holds the key; OPENAI_BASE_URL (or OPENAI_API_BASE) names another server than OpenAI's. Results
are kept in the embedding cache by (server, model, text): a second run costs nothing and needs neither key nor
network. Every failure is an EmbeddingAPIError with one sentence. The key is never part of it, nor is a user,
password or query (``?key=...``) in the server's address; these are sent, and never stored.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from .embedding_cache import EmbeddingCache, as_text, as_texts, check_batch_size, embed_through_cache
from .errors import CourseError
from .network_settings import setting_at_fault

DEFAULT_MODEL = "text-embedding-3-small"
TIMEOUT_SECONDS = 30.0  # for one request; a request that timed out is not sent again
RETRY_PAUSES = (1.0, 2.0, 4.0)  # seconds before sending again after a rate limit or a server error

_OPENAI = "https://api.openai.com/v1"
_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_RETRIED = ("rate limit", "server error")
# What servers give as `code` or `type` of an error when there is nothing left to pay with.
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "402"}
_SENTENCES = {
    "no key": "OPENAI_API_KEY is not set: set it before starting Jupyter",
    "wrong key": "{host} does not accept the key in OPENAI_API_KEY: check that it is complete, valid and "
    "allowed to use {model!r}",
    "no quota": "The account of this key has no credit left at {host}: add credit to it",
    "rate limit": "{host} still refuses more requests for now: wait a minute and run the cell again (what "
    "was embedded is kept)",
    "no network": "{host} cannot be reached: check the network connection, and OPENAI_BASE_URL or a proxy if you "
    "set one",
    "timeout": "{host} did not answer within {timeout:g} seconds: try again later",
    "server error": "{host} has a problem of its own ({detail}): try again later",
    "bad request": "{host} refused the request ({detail}): check the model name {model!r}, and that no text "
    "is empty or longer than 8,191 tokens",
    "bad answer": "{host} did not answer with one embedding per text: check that OPENAI_BASE_URL, if you set "
    "it, is the address of an embedding API and ends in /v1",
}


class EmbeddingAPIError(CourseError):
    """The embedding API gave no embeddings.

    Attributes
    ----------
    reason : one of "no key", "wrong key", "no quota", "rate limit", "no network", "timeout", "server error",
        "bad request", "bad answer".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple:
        return type(self), (self.reason, str(self))


def get_embedding_openai(text: str, model: str = DEFAULT_MODEL) -> np.ndarray:
    """Return the embedding of one text, (d,) float32, from the cache or the API.

    Raises
    ------
    EmbeddingAPIError : the API gave no embedding; its `reason` is a short fixed word.
    ValueError, TypeError : the text is missing, holds half a character (a lone surrogate), or is no string.
    """
    return batch_embed_openai([as_text(text)], model, show_progress=False)[0]


def batch_embed_openai(
    texts: Iterable[str],
    model: str = DEFAULT_MODEL,
    batch_size: int = 100,
    show_progress: bool = True,
) -> np.ndarray:
    """Return the embeddings of n texts (list, tuple, array or Series of str): (n, d) float32, in their order.

    Each distinct text that is not in the cache is sent once, `batch_size` texts to a request, and each
    request's answer is kept at once. Rate limits and server errors are tried again after RETRY_PAUSES.
    No texts give shape (0, d), with d = 0 for a model whose d is not known. Errors as for
    get_embedding_openai.
    """
    texts = as_texts(texts)
    batch_size = check_batch_size(batch_size, most=2048)
    if not texts:
        return np.zeros((0, _DIMENSIONS.get(model, 0)), dtype=np.float32)
    server = _server()
    return embed_through_cache(
        texts,
        f"api:{server.public} {model}",
        EmbeddingCache(),
        lambda: _open_encoder(model, server),
        batch_size,
        show_progress,
    )


class _Server(NamedTuple):
    """An address in parts: what may be stored and shown; what requests go to; what they carry behind the "?"."""

    public: str
    base: str
    query: dict[str, str]
    host: str


def _server() -> _Server:
    """The server that the environment names, else OpenAI's."""
    name = next((name for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE") if os.environ.get(name, "").strip()), None)
    address = os.environ[name].strip() if name else _OPENAI
    try:
        parts = urlsplit(address)
        _ = parts.port  # a ValueError if it is a word
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        parts = None
    # A "@" behind the host belongs to a password with a "/", "?" or "#" in it, which would pass for a path.
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname or "@" in "".join(parts[2:]):
        password = ", and write the special characters of a password as %2F and the like" if "@" in address else ""
        raise _error(
            "no network", f"{name} is not the address of a server, such as {_OPENAI}: correct or remove it{password}"
        )
    path = parts.path.rstrip("/")
    place = parts.netloc.rpartition("@")[2]
    return _Server(
        public=f"{parts.scheme}://{place}{path}",
        base=f"{parts.scheme}://{parts.netloc}{path}",
        query=query,
        host=parts.hostname,
    )


def _open_encoder(model: str, server: _Server) -> Callable[[list[str]], np.ndarray]:
    words = {"host": server.host, "model": model, "timeout": TIMEOUT_SECONDS}

    def failure(reason: str, detail: str = "") -> EmbeddingAPIError:
        return _error(reason, _SENTENCES[reason].format(**words, detail=detail))

    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise failure("no key")
    if not (key.isascii() and key.isprintable()):  # a key pasted with typographic quotes cannot even be sent
        raise failure("wrong key")
    try:
        litellm = _import_litellm()
        client = _client(key, server)
    except Exception as error:
        fault = setting_at_fault(("SSL_CERT_FILE",), socks_package="socksio")
        raise _error(
            "no network",
            f"No request can be sent, because {fault}: correct or remove that variable"
            if fault
            else f"No request can be prepared ({type(error).__name__}): check the variables HTTP_PROXY, HTTPS_PROXY, "
            "ALL_PROXY, NO_PROXY and SSL_CERT_FILE, and install the course again if none is set",
        ) from None

    def encode(texts: list[str]) -> np.ndarray:
        for pause in (*RETRY_PAUSES, None):
            try:
                with warnings.catch_warnings(action="ignore"):
                    response = litellm.embedding(
                        model=model,
                        input=texts,
                        custom_llm_provider="openai",
                        client=client,
                        api_key=key,
                        api_base=server.public,
                        timeout=TIMEOUT_SECONDS,
                        encoding_format="float",
                    )
            except Exception as error:
                reason, detail = _explain(error)
                if pause is None or reason not in _RETRIED:
                    # The libraries' own traceback is pages long and says no more.
                    raise failure(reason, detail) from None
                time.sleep(pause)
            else:
                vectors = _vectors(response, len(texts))
                if vectors is None:
                    raise failure("bad answer")
                return vectors
        raise AssertionError("unreachable: the last attempt returns or raises")

    return encode


def _client(key: str, server: _Server) -> Any:
    from openai import OpenAI

    class SingleAttempt(OpenAI):
        # litellm turns "no retries" into its default of two, which would also repeat what no repeat can mend.
        max_retries = property(lambda self: 0, lambda self, value: None)

    return SingleAttempt(api_key=key, base_url=server.base, default_query=server.query, timeout=TIMEOUT_SECONDS)


def _import_litellm() -> Any:
    """Import litellm without its download of a price list, its banners and its log lines."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings(action="ignore"):
        import litellm

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return litellm


def _explain(error: BaseException) -> tuple[str, str]:
    """Return (reason, detail) for what litellm raised.

    litellm reports a refused connection as an internal server error, and puts a code of its own in place of the
    server's. So openai's own error decides, which is among those that led to litellm's. Where there is none, the
    server has answered with success: with an error in it, whose number litellm gives as the status, or with
    something that litellm could not read, to which it gives the status 500.
    """
    import litellm
    import openai

    link: BaseException | None = error
    cause: BaseException | None = None
    seen: list[BaseException] = []
    while link is not None and link not in seen:
        seen.append(link)
        if isinstance(link, openai.APIError) and not isinstance(link, tuple(litellm.LITELLM_EXCEPTION_TYPES)):
            cause = link
        link = link.__cause__ or link.__context__
    if isinstance(cause, openai.APITimeoutError):
        return "timeout", ""
    if isinstance(cause, openai.APIConnectionError):
        return "no network", ""
    status, code, kind = (getattr(cause or error, field, None) for field in ("status_code", "code", "type"))
    if not _NO_CREDIT.isdisjoint(map(str, (status, code, kind))):
        return "no quota", ""
    if not isinstance(status, int) or status < 400 or (cause is None and status == 500):
        return "bad answer", ""
    detail = f"HTTP {status}"
    if status in (401, 403):
        return "wrong key", detail
    if status == 429:
        return "rate limit", detail
    return ("server error" if status >= 500 else "bad request"), detail


def _vectors(response: Any, n: int) -> np.ndarray | None:
    """The (n, d) vectors of a response, in the order of the request; None if it does not hold them."""
    try:
        data = sorted(response.data, key=lambda item: item["index"])  # servers may answer in any order
        vectors = np.array([item["embedding"] for item in data], dtype=np.float32)
        in_order = [item["index"] for item in data] == list(range(n))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return vectors if in_order and vectors.ndim == 2 and np.isfinite(vectors).all() else None


def _error(reason: str, sentence: str) -> EmbeddingAPIError:
    return EmbeddingAPIError(
        reason, f"{sentence}; or use get_embedding_local or batch_embed_local, which need no key and no network."
    )
