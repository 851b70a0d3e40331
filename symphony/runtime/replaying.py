"""Makes one call of an earlier run again, in this process, with its recorded inputs: for debugging."""

from __future__ import annotations

import asyncio
import pdb as debugger
import re
import sys
from pathlib import Path
from threading import Event as Flag
from typing import Any

from symphony.errors import PlayerError, SymphonyError, UsageError
from symphony.model.names import did_you_mean
from symphony.model.plan import Plan
from symphony.runtime.arguments import bind_params
from symphony.runtime.call import TaskCalls
from symphony.runtime.context import RunContext
from symphony.runtime.engine import Engine, Settings
from symphony.runtime.error_document import error_document
from symphony.runtime.secrets import Secrets
from symphony.runtime.steps import build_program
from symphony.store.anchors import Anchors
from symphony.store.records import RunRecord
from symphony.store.store import Store


def replay_call(store: Store, run: RunRecord, path: str, root: Path, *, pdb: bool = False) -> Any:
    """Run the body of one call once more; nothing is recorded.

    Raises:
        UsageError: the run has no such call, or its inputs were never there.
        PlayerError: the body failed; the message holds its traceback.
    """
    plan = Plan.from_text(run.plan_text, file=f"the plan of run {run.id}")
    secrets = Secrets()
    params = bind_params(plan, run.params, {}, root=root, here=root, secret_of=secrets.get)
    folders = tuple((n, h.value) for n, h in params.items() if not h.secret and isinstance(h.value, Path))
    calls = TaskCalls(store, recorded=True, anchors=Anchors(root, folders))
    known = {(c.task, c.index): c for c in store.calls(run.id) if c.outputs is not None}
    wanted = _call_of(path)
    known.pop(wanted, None)
    engine = Engine(
        build_program(plan), params, calls, Settings(run.id, probe=True), recorded=known, secret_of=secrets.get
    )
    engine.begin()
    engine.work(0)
    net = engine.net
    node = next((n for n in range(len(net.steps)) if (net.task_path(n), net.indexes[n]) == wanted), None)
    if node is None or (net.steps[node].task.each is not None and net.indexes[node] < 0):
        raise UsageError(f"the run {run.id} has no call {path!r}: {_calls_like(path, plan)}")
    try:
        prepared = calls.prepare(net.steps[node], net.inputs(node), forced=True)
    except KeyError as error:
        raise UsageError(f"the inputs of {path!r} are not there: {error}") from error
    context = RunContext(
        run_id=run.id, task_id=path, attempt=1, task=wanted[0], index=wanted[1], temporary=None, stop=Flag(),
        log=print_line, progress=lambda done, total: None,
    )  # fmt: skip
    step = net.steps[node]
    try:
        returned = calls.invoke(step, prepared, context, Flag())
        return asyncio.run(returned) if step.pin is not None and step.pin.is_async else returned
    except SymphonyError:
        raise
    except Exception as error:
        if pdb:
            debugger.post_mortem(error.__traceback__)
        raise PlayerError(secrets.redact(f"{path} failed:\n{error_document(error)['traceback']}".rstrip())) from error
    finally:
        context.close()
        engine.close()


def _calls_like(path: str, plan: Plan) -> str:
    task = plan.by_id.get(path)
    if task is not None and task.each is not None:
        return f"it has an own call for each element, like {path}[0]"
    return did_you_mean(path, plan.by_id, what="tasks")


def _call_of(path: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.*)\[(\d+)\]", path)
    return (match[1], int(match[2])) if match else (path, -1)


def print_line(line: dict[str, Any]) -> None:
    """Show a log line of a replayed body on standard error."""
    sys.stderr.write(f"{line['level']}: {line['message']}\n")
