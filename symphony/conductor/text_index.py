"""Finds texts that share rare words with a query: TF-IDF weights, cosine, by an inverted list."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from symphony.conductor.words import words

if TYPE_CHECKING:
    from numpy import ndarray


def terms(text: str, *, pairs: bool = True) -> list[str]:
    """The words of a text and, with `pairs`, each two that follow one another."""
    single = words(text)
    return single + [f"{a} {b}" for a, b in pairwise(single)] if pairs else single


class TextIndex:
    """Texts by the terms that stand in them. Texts can be added at any time; weights follow.

    Weights: `(1 + log count) * (1 + log((1 + texts) / (1 + texts with the term)))`, each text of length 1.
    """

    def __init__(self, texts: Iterable[Sequence[str]] = ()) -> None:
        self._counts: list[Counter[str]] = []
        self._places: dict[str, list[int]] = {}
        self._lists: dict[str, tuple[ndarray, ndarray]] | None = None
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, text: Sequence[str]) -> None:
        """Add one text, given by its terms."""
        counts = Counter(text)
        for term in counts:
            self._places.setdefault(term, []).append(len(self._counts))
        self._counts.append(counts)
        self._lists = None

    def rarity(self, term: str) -> float:
        """The factor that a rare term counts more by."""
        return 1.0 + math.log((1 + len(self._counts)) / (1 + len(self._places.get(term, ()))))

    def weights(self, text: Sequence[str]) -> dict[str, float]:
        """The weights of a text's terms; their squares add up to 1."""
        told = {term: (1 + math.log(n)) * self.rarity(term) for term, n in Counter(text).items()}
        length = math.sqrt(sum(value * value for value in told.values())) or 1.0
        return {term: value / length for term, value in told.items()}

    def likeness(self, text: Sequence[str]) -> ndarray:
        """The cosine of a text with each text of the index, in their order: an array of shape (texts,), from 0 to 1."""
        import numpy as np  # heavy: loaded by those who compose

        lists = self._inverted()
        found = np.zeros(len(self._counts))
        for term, value in self.weights(text).items():
            if term in lists:
                at, weight = lists[term]
                found[at] += value * weight
        return found

    def _inverted(self) -> dict[str, tuple[ndarray, ndarray]]:
        import numpy as np  # heavy: loaded by those who compose

        if self._lists is None:
            told: dict[str, list[float]] = {term: [] for term in self._places}
            for counts in self._counts:
                for term, value in self.weights(list(counts.elements())).items():
                    told[term].append(value)
            self._lists = {term: (np.array(self._places[term]), np.array(told[term])) for term in told}
        return self._lists
