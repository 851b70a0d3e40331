"""Words of requests and of tools, and the numbers that stand for them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

LONGEST = 400
"""Words of a request beyond these are not read: time per request is bounded."""
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Vowel signs of Hebrew, Arabic, Indic and Thai words are no letters by Unicode, but stand within words.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e\u200d"
_TOKEN = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}])*|\d+|[.,;:?!。，；：？！、]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Scripts that put no space between words; each sign is a word of its own."""


def words(text: str) -> list[str]:
    """The words of a text, in order.

    Lower-cased; `camelCase` and `snake_case` are split; a number becomes `#` signs that tell its length, at most four;
    marks that end a clause are words; scripts without spaces give single signs.
    """
    told = _CAMEL.sub(" ", unicodedata.normalize("NFKC", text))
    found: list[str] = []
    for token in _TOKEN.findall(told.lower()):
        if token[0].isdigit():
            found.append("#" * min(len(token), 4))
        elif _UNSPACED.search(token):
            found.extend(token)
        else:
            found.append(token)
        if len(found) >= LONGEST:
            return found[:LONGEST]
    return found


def is_word(token: str) -> bool:
    """Whether a token is more than a mark or a number."""
    return token[0].isalpha()


@lru_cache(maxsize=65_536)
def piece_ids(word: str, buckets: int) -> tuple[int, ...]:
    """Numbers below `buckets` for the runs of three and four signs of a word: misspelt words share most of them."""
    whole = f"<{word}>"
    runs = [whole[at : at + size] for size in (3, 4) for at in range(len(whole) - size + 1)]
    return tuple(hashed(run) % buckets for run in runs or [whole])


def hashed(text: str) -> int:
    """A number for a text, the same in every process."""
    return crc32(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Vocabulary:
    """Numbers for words: 0 for none, then the known words, then buckets that the others share.

    Attributes:
        known: words that have a number of their own, sorted.
        buckets: how many numbers the others share.
        pieces: how many numbers the runs of signs share.
    """

    known: tuple[str, ...]
    buckets: int = 200
    pieces: int = 2048

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {word: at for at, word in enumerate(self.known, 1)})

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return 1 + len(self.known) + self.buckets

    def id_of(self, word: str) -> int:
        """The number of a word; never 0."""
        ids: dict[str, int] = self._ids  # type: ignore[attr-defined]
        return ids.get(word) or 1 + len(self.known) + hashed(word) % self.buckets

    def ids(self, text_words: Sequence[str]) -> list[int]:
        """The number of each word."""
        return [self.id_of(word) for word in text_words]


def vocabulary_of(texts: Iterable[Sequence[str]], *, least: int = 2, most: int = 20_000) -> Vocabulary:
    """The vocabulary of words that stand in at least so many texts; of too many, the most frequent."""
    counts = Counter(word for text in texts for word in set(text))
    often = sorted((word for word, n in counts.items() if n >= least), key=lambda word: (-counts[word], word))
    return Vocabulary(tuple(sorted(often[:most])))
