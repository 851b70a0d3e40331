"""The flow that a worker of Prefect runs for a deployment: one run of a melody, shown as this flow run."""

from __future__ import annotations

import os
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

import symphony


@flow(name="symphony", retries=0, persist_result=False, validate_parameters=False)
def run_melody(
    melody: str,
    folder: str,
    params: dict[str, Any] | None = None,
    texts: dict[str, str] | None = None,
    env: str | None = None,
) -> State[Any]:
    """Run a melody.

    Args:
        melody: a file, ``file.py:name``, or the name of a melody that ships.
        folder: the current folder: relative paths start there.
        params, texts: its parameters, as values and as text.
        env: the environment of the run, which names its executor; None: the executor is Prefect's.
    """
    os.chdir(folder)
    where: dict[str, Any] = {"executor": "prefect"} if env is None else {"env": env}
    result = symphony.run(melody, params or {}, raw_params=texts or {}, **where)
    message = f"run {result.run} {result.state}"
    if result.state == "succeeded":
        return Completed(message=message)
    if result.state == "cancelled":
        return Cancelled(message=message)
    tasks = ", ".join(dict.fromkeys(str(failure["task"]) for failure in result.failures))
    return Failed(message=f"{message}: {tasks}")
