"""How large the tests are: a sample by default, all of it with ``SYMPHONY_LONG=1`` (``.ci/run --long``)."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("SYMPHONY_LONG"))


def sampled(sample: int, full: int) -> int:
    """The size for this session."""
    return full if LONG else sample
