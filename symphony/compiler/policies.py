"""Checks what a task asks for besides its work: timeouts and isolation that can be honoured."""

from __future__ import annotations

from symphony.compiler.flatten import FlatTask
from symphony.compiler.problems import Problems
from symphony.model.policy import Isolation
from symphony.model.signature import Signature


def check_policies(flat: FlatTask, signature: Signature | None, problems: Problems) -> None:
    """Report a timeout that could not stop the work, and an isolation that no executor offers yet."""
    if signature is None:
        return
    timeout = flat.task.timeout if flat.task.timeout is not None else signature.timeout_s
    isolation = flat.task.isolation or signature.isolation
    if timeout is None and (isolation is None or isolation is Isolation.THREAD):
        return
    where = {"melody": flat.melody, "task": flat.id}
    if timeout is not None and not signature.is_async:
        at = flat.at("timeout") if flat.task.timeout is not None else flat.at("player")
        if isolation is Isolation.THREAD:
            problems.add(
                "SYM192", f"the task {flat.id!r} asks for a thread and a timeout: a thread cannot be stopped",
                at=at, hint="leave the timeout out, or use an async player or a shell step, which can be stopped", **where,  # type: ignore[arg-type]
            )  # fmt: skip
        else:
            problems.add(
                "SYM190", f"the task {flat.id!r} has a timeout, but {signature.name} is a plain function: it would need "
                "a process of its own, which this version does not offer",
                at=at, hint="use an async player, a shell step, or leave the timeout out", **where,  # type: ignore[arg-type]
            )  # fmt: skip
    elif isolation in (Isolation.PROCESS, Isolation.SANDBOX):
        at = flat.at("isolation") if flat.task.isolation is not None else flat.at("player")
        problems.add(
            "SYM191", f"the task {flat.id!r} asks for a {isolation}: this version runs bodies in threads",
            at=at, hint="leave isolation out, or use a shell step, which is a process of its own", **where,  # type: ignore[arg-type]
        )  # fmt: skip
