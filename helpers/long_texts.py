"""Texts of which a model reads only the beginning: found when they are embedded, remembered, and said in one line."""

import sys
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from .embedding_cache import EmbeddingCache

_ALWAYS_READ = 126  # tokens; models for search read 128 or more, two of which are not the text's


class LongTexts:
    """For one call: which of its texts are longer than what the model `identity` reads.

    To count the tokens of a long text takes as long as to read a hundred vectors. So it is done once, when the text
    is embedded, and the cache keeps the result beside the vectors, as one of one number: how many tokens were read.
    """

    def __init__(self, identity: str, cache: EmbeddingCache) -> None:
        self._model = f"{identity} reads"
        self._cache = cache
        self._read: dict[str, int] = {}

    def note(self, texts: Iterable[str], most: int, is_longer: Callable[[str], bool]) -> None:
        """Remember which of the texts have more tokens than the `most` that are read, as `is_longer` tells."""
        long = [text for text in _candidates(texts) if is_longer(text)]
        self._read.update(dict.fromkeys(long, most))
        self._cache.put(self._model, long, np.full((len(long), 1), most))

    def tell(self, texts: Sequence[str]) -> bool:
        """Say in one line on stderr how many of the texts are too long -> whether any is."""
        kept = self._cache.get(self._model, _candidates(texts))
        read = {text: int(vector[0]) for text, vector in kept.items()} | self._read
        long = [text for text in texts if text in read]
        if long:
            subject = f"{len(long):,} of {len(texts):,} texts are" if len(texts) > 1 else "A text is"
            print(
                f"{subject} longer than {read[long[0]]} tokens: the rest of such a text is left out of its embedding.",
                file=sys.stderr,
            )
        return bool(long)


def _candidates(texts: Iterable[str]) -> list[str]:
    """The distinct texts that may be too long: a token stands for at least one byte."""
    return [text for text in dict.fromkeys(texts) if len(text.encode()) > _ALWAYS_READ]
