"""How a value is told to a worker: as itself where it is small, by its reference in the store, or by the call that gives it.

A form is a tuple of plain data:

    ("value", parcel)               a value, packed
    ("kept", artifact, parcel)      a value of the store, with its bytes where they are small
    ("call", id, port)              an output of a call that was handed over
    ("list", forms, artifact)       a list of such; with its reference in the store, where that is known
    ("secret", name)                resolved by the worker
    ("absent",)                     an output of a task that was left out
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symphony.model.artifact import Artifact
from symphony.model.port_type import ANY, PortType
from symphony.runtime.processes.parcel import Parcel, ParcelStore
from symphony.runtime.remote.sheet import Form
from symphony.runtime.values import Held
from symphony.store.anchors import Anchors
from symphony.store.encoded import SMALL_BYTES
from symphony.store.store import Store

if TYPE_CHECKING:
    from symphony.runtime.remote.done import Done


class Packing:
    """Makes forms of values, for workers that see the folder of the store. Thread-safe.

    Args:
        store: where large values lie, or are laid.
        anchors: what names of paths are relative to.
    """

    def __init__(self, store: Store, anchors: Anchors) -> None:
        self._store, self._anchors = store, anchors
        self._spool = Path(tempfile.mkdtemp(prefix="symphony-spool-"))
        self._parcels = ParcelStore(self._spool)

    def close(self) -> None:
        """Remove what was put down on the way."""
        shutil.rmtree(self._spool, ignore_errors=True)

    def form_of(self, held: Held, wanted: PortType = ANY) -> Form:
        """The form of a value that the engine holds.

        Raises:
            CodecError: the value could not come back equal.
        """
        if held.secret:
            return ("secret", held.secret)
        if held.artifact is not None:
            return self.kept(held.artifact)
        parcel = self._parcels.pack(held.value, type=wanted)
        if parcel.at:
            self._parcels.release(parcel)
            artifact = self._store.put(held.value, type=wanted, anchors=self._anchors)
            self._store.flush()
            return self.kept(artifact)
        return ("value", parcel.to_wire())

    def kept(self, artifact: Artifact) -> Form:
        """The form of a value of the store; one that was not written yet travels along."""
        if artifact.codec == "list":
            elements = [self.kept(element) for element in self._store.elements(artifact)]
            return ("list", elements, artifact.to_document())
        if artifact.codec in ("file", "folder", "source", "pickle") or artifact.size_bytes > SMALL_BYTES:
            return ("kept", artifact.to_document(), None)
        parcel = self._parcels.pack_artifact(self._store, artifact, anchors=self._anchors)
        return ("kept", artifact.to_document(), None if parcel.at else parcel.to_wire())


class Unpacking:
    """Reads forms on a worker. Thread-safe.

    Args:
        store: the worker's.
        parcels: unpacks small values.
        anchors: what names of paths are relative to.
        secret_of: resolves secrets.
        recorded: whether a list that calls gave gets a reference, so that it can enter keys.
    """

    def __init__(
        self, store: Store, parcels: ParcelStore, anchors: Anchors, secret_of: Callable[[str], str], *, recorded: bool
    ) -> None:  # fmt: skip
        self._store, self._parcels, self._anchors, self._secret_of = store, parcels, anchors, secret_of
        self._recorded = recorded

    def held(self, form: Form, given: Mapping[str, Done]) -> Held:
        """The value behind a form.

        Args:
            given: the calls before, by id.

        Raises:
            KeyError: the task was left out.
        """
        kind = form[0]
        if kind == "value":
            parcel = Parcel.from_wire(form[1])
            return Held(load=lambda: self._parcels.unpack(parcel, anchors=self._anchors))
        if kind == "kept":
            return self._kept(Artifact.from_document(form[1]), form[2])
        if kind == "call":
            return given[form[1]].held(form[2])
        if kind == "secret":
            name = form[1]
            return Held(load=lambda: self._secret_of(name), secret=name)
        if kind == "list":
            return self._list([self.held(f, given) for f in form[1]], form[2])
        raise KeyError("the task has no result")

    def _kept(self, artifact: Artifact, wire: Any) -> Held:
        if wire is None:
            return Held(artifact=artifact, load=lambda: self.load(artifact))
        parcel = Parcel.from_wire(wire)
        return Held(artifact=artifact, load=lambda: self._parcels.unpack(parcel, anchors=self._anchors))

    def load(self, artifact: Artifact) -> Any:
        """A value of the store.

        Raises:
            DamagedArtifactError: it is not there, or not what it was.
        """
        return self._store.get(artifact, anchors=self._anchors)

    def _list(self, parts: list[Held], document: Any) -> Held:
        artifact = Artifact.from_document(document) if document is not None else None
        references = [part.artifact for part in parts if part.artifact is not None]
        if artifact is None and self._recorded and len(references) == len(parts):
            artifact = self._store.put_list(references)
        return Held(artifact=artifact, load=lambda: [part.value for part in parts])
