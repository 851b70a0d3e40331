"""Makes what the workers of another process are told of a run, and the hand-over of its calls."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from symphony.errors import UsageError
from symphony.runtime.contract import RemoteExecutor
from symphony.runtime.remote.binding import params_of
from symphony.runtime.remote.forms import Packing
from symphony.runtime.remote.hand_over import HandOver
from symphony.runtime.remote.sheet import RunSheet
from symphony.runtime.remote.shipped_code import pack_code
from symphony.runtime.run_environment import in_force
from symphony.runtime.steps import every_step
from symphony.store.store import Store

if TYPE_CHECKING:
    from symphony.runtime.engine import Engine
    from symphony.runtime.execute import Sitting


def hand_over_for(engine: Engine, sitting: Sitting) -> HandOver:
    """The hand-over of a run to the executor of its sitting.

    Raises:
        UsageError: the workers cannot reach the store.
    """
    executor = sitting.executor
    assert isinstance(executor, RemoteExecutor)
    order, store = sitting.order, sitting.store
    if order.recorded and store.folder is None and not executor.traits.shares_memory:
        raise UsageError(
            f"the workers of the executor {executor.name!r} are other processes: they cannot reach a store in memory; "
            "use a store in a folder, or record=False"
        )
    if store.folder is None and not executor.traits.shares_memory:
        store = sitting.calls.store = _passing_store()
    folders = module_folders()
    modules = {step.pin.module for step in every_step(sitting.program) if step.pin is not None}
    ships = executor.traits.ships_code
    packing = Packing(store, sitting.anchors)
    sheet = RunSheet(
        run=sitting.run_id, plan=sitting.plan.to_text(), root=str(order.root),
        folders=tuple((name, str(folder)) for name, folder in sitting.anchors.params), modules=folders,
        code=pack_code(str(order.root), folders, modules) if ships else {},
        params=params_of(engine.net, sitting.program, packing), environment=sitting.environment(),
        started_at=engine.net.started_at, store=None if store.folder is None else store.address.to_document(),
        recorded=order.recorded, no_cache=order.no_cache, strict=order.strict, power=store.power,
        processes=max(1, executor.processes), pool_bytes=order.pool_bytes, forced=tuple(sorted(order.forced)),
        stops_on_failure=engine.settings.fail_fast,
        made_under=in_force().to_document(),
    )  # fmt: skip
    return HandOver(engine, executor, sheet, packing)


def _passing_store() -> Store:
    """A store for files that calls give each other in a run that keeps nothing; its folder goes when nobody has it any more."""
    folder = tempfile.mkdtemp(prefix="symphony-passing-")
    store = Store.open(Path(folder))
    weakref.finalize(store, shutil.rmtree, folder, ignore_errors=True)
    return store


def module_folders() -> tuple[str, ...]:
    """The folders in which this process finds modules, besides those of Python itself and of what is installed."""
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix)
    return tuple(folder for folder in sys.path if folder and Path(folder).is_dir() and not folder.startswith(own))
