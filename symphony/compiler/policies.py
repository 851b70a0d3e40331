"""Checks what a task asks for besides its work: timeouts and isolation that can be honoured."""

from __future__ import annotations

from symphony.compiler.flatten import FlatTask
from symphony.compiler.problems import Problems
from symphony.model.policy import Isolation
from symphony.model.signature import Signature


def isolation_of(flat: FlatTask, signature: Signature | None) -> Isolation:
    """Where the body of a task runs: a plain function with a timeout needs a process, which can be ended."""
    asked = flat.task.isolation or (signature.isolation if signature is not None else None)
    if asked is not None or signature is None or signature.is_async:
        return asked or Isolation.THREAD
    timeout = flat.task.timeout if flat.task.timeout is not None else signature.timeout_s
    return Isolation.THREAD if timeout is None else Isolation.PROCESS


def check_policies(flat: FlatTask, signature: Signature | None, problems: Problems) -> None:
    """Report a timeout that could not stop the work, and an isolation that is not to be had."""
    if signature is None:
        return
    timeout = flat.task.timeout if flat.task.timeout is not None else signature.timeout_s
    isolation = flat.task.isolation or signature.isolation
    if timeout is None and (isolation is None or isolation is Isolation.THREAD):
        return
    where = {"melody": flat.melody, "task": flat.id}
    if timeout is not None and not signature.is_async and isolation is Isolation.THREAD:
        problems.add(
            "SYM192", f"the task {flat.id!r} asks for a thread and a timeout: a thread cannot be stopped",
            at=flat.at("timeout") if flat.task.timeout is not None else flat.at("player"),
            hint="leave isolation out: then it runs in a process, which can be stopped; or use an async player", **where,  # type: ignore[arg-type]
        )  # fmt: skip
    elif isolation is Isolation.SANDBOX:
        problems.add(
            "SYM191", f"the task {flat.id!r} asks for a sandbox: that is for installed extensions",
            at=flat.at("isolation") if flat.task.isolation is not None else flat.at("player"),
            hint="use isolation: process, which can be ended and has its own memory", **where,  # type: ignore[arg-type]
        )  # fmt: skip
