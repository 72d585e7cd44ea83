"""Embeddings from the OpenAI API, or a server that speaks like it, through litellm.

OPENAI_API_KEY holds the key; OPENAI_BASE_URL (or OPENAI_API_BASE) names another server than OpenAI's. Results
are kept in the embedding cache by (server, model, text): a second run costs nothing and needs neither key nor
network. Every failure is an EmbeddingAPIError with one sentence; the key is never part of it.
"""

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from .embedding_cache import EmbeddingCache, as_text, as_texts, check_batch_size, embed_through_cache
from .errors import CourseError

DEFAULT_MODEL = "text-embedding-3-small"
TIMEOUT_SECONDS = 30.0  # for one request; a request that timed out is not sent again
RETRY_PAUSES = (1.0, 2.0, 4.0)  # seconds before sending again after a rate limit or a server error

_OPENAI = "https://api.openai.com/v1"
_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
_RETRIED = ("rate limit", "server error")
_SENTENCES = {
    "no key": "OPENAI_API_KEY is not set: set it before starting Jupyter",
    "wrong key": "{host} does not accept the key in OPENAI_API_KEY: check that it is complete, valid and "
    "allowed to use {model!r}",
    "no quota": "The account of this key has no credit left at {host}: add credit to it",
    "rate limit": "{host} still refuses more requests for now: wait a minute and run the cell again (what "
    "was embedded is kept)",
    "no network": "{host} cannot be reached: check the network connection, and OPENAI_BASE_URL if you set it",
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
    ValueError, TypeError : the text is missing, or not a string.
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
    base = os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE") or _OPENAI
    base = base.strip().rstrip("/")
    return embed_through_cache(
        texts, f"api:{base} {model}", EmbeddingCache(), lambda: _open_encoder(model, base), batch_size, show_progress
    )


def _open_encoder(model: str, base: str) -> Callable[[list[str]], np.ndarray]:
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise _error("no key", model, base)
    if not (key.isascii() and key.isprintable()):  # a key pasted with typographic quotes cannot even be sent
        raise _error("wrong key", model, base)
    litellm = _import_litellm()
    from openai import OpenAI

    class SingleAttempt(OpenAI):
        # litellm turns "no retries" into its default of two, which would also repeat what no repeat can mend.
        max_retries = property(lambda self: 0, lambda self, value: None)

    client = SingleAttempt(api_key=key, base_url=base, timeout=TIMEOUT_SECONDS)

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
                        api_base=base,
                        timeout=TIMEOUT_SECONDS,
                        encoding_format="float",
                    )
            except Exception as error:
                reason, detail = _explain(error)
                if pause is None or reason not in _RETRIED:
                    # The libraries' own traceback is pages long and says no more.
                    raise _error(reason, model, base, detail) from None
                time.sleep(pause)
            else:
                return _vectors(response, len(texts), model, base)
        raise AssertionError("unreachable: the last attempt returns or raises")

    return encode


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

    litellm reports a refused connection as an internal server error, so the errors underneath decide.
    """
    import httpx
    import openai

    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(isinstance(link, (openai.APITimeoutError, httpx.TimeoutException)) for link in chain):
        return "timeout", ""
    if any(isinstance(link, httpx.TransportError) for link in chain):
        return "no network", ""
    answered = [
        link for link in chain if type(link).__module__.startswith("openai") and isinstance(link, openai.APIStatusError)
    ]
    if not answered:
        return "bad answer", ""
    status, detail = answered[0].status_code, f"HTTP {answered[0].status_code}"
    if status in (401, 403):
        return "wrong key", detail
    if status == 402 or (status == 429 and "insufficient_quota" in str(answered[0])):
        return "no quota", detail
    if status == 429:
        return "rate limit", detail
    return ("server error" if status >= 500 else "bad request"), detail


def _vectors(response: Any, n: int, model: str, base: str) -> np.ndarray:
    """The (n, d) vectors of a response, in the order of the request: servers may answer in any order."""
    try:
        data = sorted(response.data, key=lambda item: item["index"])
        vectors = np.array([item["embedding"] for item in data], dtype=np.float32)
        in_order = [item["index"] for item in data] == list(range(n))
        if in_order and vectors.ndim == 2 and np.isfinite(vectors).all():
            return vectors
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise _error("bad answer", model, base)


def _error(reason: str, model: str, base: str, detail: str = "") -> EmbeddingAPIError:
    sentence = _SENTENCES[reason].format(
        host=urlsplit(base).hostname or "The server", model=model, timeout=TIMEOUT_SECONDS, detail=detail
    )
    return EmbeddingAPIError(
        reason, f"{sentence}; or use get_embedding_local or batch_embed_local, which need no key and no network."
    )
