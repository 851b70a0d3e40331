"""Makes a result once more whose stored bytes turned out to be damaged, so that a run heals what it meets.

The call is made with the inputs that it had. The result must have the digest that it had, for what was made of it has
keys that say so; a body that gives something else is told of, and the next run starts from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from threading import Event as Flag
from typing import Any

from symphony.errors import DamagedArtifactError
from symphony.model.artifact import Artifact
from symphony.runtime.call import Prepared, Result, TaskCalls
from symphony.runtime.context import RunContext
from symphony.runtime.network import Network
from symphony.runtime.steps import Step
from symphony.runtime.values import MISSING


class Remaking:
    """Makes damaged results of one run once more, each once at a time. Thread-safe.

    Args:
        outside: makes a call whose body runs in a process of its own; gives nothing where there are none any more.
    """

    def __init__(
        self,
        net: Network,
        calls: TaskCalls,
        run: str,
        stop: Flag,
        outside: Callable[[int, Step, Prepared], Result | None],
    ) -> None:
        self._net, self._calls, self._run, self._stop, self._outside = net, calls, run, stop, outside
        self._lock = threading.RLock()  # making one result may need another that is damaged, too

    def remake(self, node: int, port: str, artifact: Artifact, error: DamagedArtifactError) -> Any:
        """Make the call of a node once more; gives the value of an output.

        Raises:
            DamagedArtifactError: it cannot be made again without harm, or gave something else than before.
        """
        step = self._net.steps[node]
        if step.is_effect or (step.player is None and step.task.run is None):
            raise error
        with self._lock:
            try:
                return self._calls.store.get(artifact, anchors=self._calls.anchors)  # another thread was faster
            except DamagedArtifactError:
                result = self._made(node, step)
        if result is None:
            raise error
        if result.artifacts[port].digest != artifact.digest:
            raise DamagedArtifactError(
                artifact.digest,
                f"{error}. {self._net.path(node)} was run again and gave another result; run the melody again",
            )
        value = result.values.get(port, MISSING)
        return value if value is not MISSING else self._calls.store.get(artifact, anchors=self._calls.anchors)

    def _made(self, node: int, step: Step) -> Result | None:
        prepared = self._calls.prepare(step, self._net.inputs(node), forced=True)
        result = self._outside(node, step, prepared) if step.outside else self._here(node, step, prepared)
        if result is None:
            return None
        self._calls.store.record((), rows=result.commit.rows, keys=result.commit.keys)
        return result

    def _here(self, node: int, step: Step, prepared: Prepared) -> Result:
        store, path = self._calls.store, self._net.path(node)
        context = RunContext(
            run_id=self._run, task_id=path, attempt=1, task=self._net.task_path(node), index=self._net.indexes[node],
            temporary=None if store.folder is None else store.folder / "tmp", stop=self._stop,
            log=lambda line: None, progress=lambda done, total: None,
        )  # fmt: skip
        try:
            returned = self._calls.invoke(step, prepared, context, self._stop)
            if step.pin is not None and step.pin.is_async:
                import asyncio  # heavy: only async players need it

                returned = asyncio.run(returned)
            return self._calls.keep(
                step, prepared, returned, context.made_workdir, run=self._run, call=path, replace=True
            )
        finally:
            context.close()
