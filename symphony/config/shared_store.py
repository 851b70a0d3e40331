"""Says which shared store an environment has, and what may be done with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from symphony.model.frozen import EMPTY, FrozenMap


@dataclass(frozen=True, slots=True)
class SharedStoreSettings:
    """A store that several machines share.

    Attributes:
        url: where it lies, as fsspec reads it: ``file://``, ``s3://``, …
        options: what its file system is opened with; secrets are resolved.
        cache: ``read``, ``write``, ``readwrite`` or ``off``.
    """

    url: str
    options: FrozenMap[str, Any] = field(default=EMPTY, repr=False)
    cache: str = "readwrite"

    @property
    def name(self) -> str:
        """The URL as it may be shown: without a user and a password in it."""
        return re.sub(r"(?<=://)[^/@]*@", "", self.url)

    @property
    def read(self) -> bool:
        """Whether results are served from it."""
        return self.cache in ("read", "readwrite")

    @property
    def write(self) -> bool:
        """Whether results and keys are written to it. Without this, nothing in it is ever changed."""
        return self.cache in ("write", "readwrite")
