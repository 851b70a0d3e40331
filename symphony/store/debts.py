"""Debts: what is recorded here and could not be put on the shared side yet. Paid by whoever opens the folder next."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from symphony.errors import CodecError
from symphony.model.artifact import Artifact
from symphony.store.faults import file_fault
from symphony.store.slices import pack_data, unpack_data, unpack_reference

PackedKeys = Mapping[str, tuple[bytes, bool, str]]
"""By key: the packed entry, whether it replaces an older one, and the run that computed it."""


class Debts:
    """The debts of one folder, a file for each failure; in memory where there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder / "unshared" if folder is not None else None
        self._held: dict[str, bytes] = {}
        self.any = self._folder is not None and self._folder.is_dir() and bool(os.listdir(self._folder))

    def note(self, artifacts: Sequence[Artifact], keys: PackedKeys) -> None:
        """Write down what was not put.

        Raises:
            StoreError: the folder cannot be written.
        """
        references = [[a.digest, a.codec, a.type, a.size_bytes, dict(a.meta) if a.meta else None] for a in artifacts]
        data = pack_data([references, [[key, *packed] for key, packed in keys.items()]])
        name = uuid.uuid4().hex
        if self._folder is None:
            self._held[name] = data
        else:
            self._write(self._folder / name, data)
        self.any = True

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
            os.replace(temporary, path)
        except OSError as error:
            raise file_fault(path, error, needed_bytes=len(data)) from error

    def each(self) -> Iterator[tuple[str, list[Artifact], dict[str, tuple[bytes, bool, str]]]]:
        """Every debt: its name, artifacts and keys. One that cannot be read is dropped: it costs a computation, no more."""
        for name, data in self._read():
            try:
                references, keys = unpack_data(data)
                yield name, [unpack_reference(r) for r in references], {k: (e, bool(r), run) for k, e, r, run in keys}
            except (CodecError, ValueError, TypeError):
                self.paid(name)
        self.any = any(True for _ in self._read())

    def _read(self) -> Iterator[tuple[str, Any]]:
        if self._folder is None:
            yield from list(self._held.items())
            return
        for path in sorted(self._folder.glob("[0-9a-f]*")):
            try:
                yield path.name, path.read_bytes()
            except FileNotFoundError:
                continue  # another process has paid it

    def paid(self, name: str) -> None:
        """Cross a debt off."""
        self._held.pop(name, None)
        if self._folder is not None:
            (self._folder / name).unlink(missing_ok=True)
