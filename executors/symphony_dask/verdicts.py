"""What is told of calls that Dask cannot bring to an end."""

from __future__ import annotations

from collections.abc import Mapping

from symphony.runtime.remote.remote_call import FAILED, LOST, News, RemoteCall, ended
from symphony_dask.losses import DEATHS_AT_MOST

NEVER_AFTER_S = 8.0
"""For how long a call may find no worker that could make it: a worker may be about to come back."""


def died(call: str, worker: str) -> News:
    """A call has cost too many workers."""
    last = f", the last one {worker}" if worker else ""
    message = (
        f"the Dask worker died {DEATHS_AT_MOST} times while it made this call{last}: it may run out of memory, or end its process; "
        "with isolation: process only the call's own process dies, and its last words are kept"
    )
    return ended(call, LOST, error={"type": "WorkerDiedError", "message": message, "traceback": ""})


def given_up(call: RemoteCall, text: str) -> str:
    """Why no call can be made on the workers, as Dask tells it."""
    return (
        f"the Dask workers cannot make {call.path}: {text or 'Dask found no worker in time'}; they need the same versions "
        "of Symphony and of what the players import"
    )


def never_possible(call: RemoteCall, workers: Mapping[str, Mapping[str, float]]) -> News:
    """No worker has what a call asks for."""
    wanted = ", ".join(f"{name}={amount:g}" for name, amount in call.resources.items()) or "a worker"
    offers = "; ".join(
        f"{n}: {', '.join(f'{k}={v:g}' for k, v in r.items()) or 'none'}" for n, r in sorted(workers.items())
    )
    message = (
        f"no Dask worker can make this call: it asks for {wanted}; the workers declare {offers or 'nothing: there is none'}. "
        "Start workers with --resources, or ask for less"
    )
    error = {"type": "NeverPossibleError", "message": message, "traceback": ""}
    return ended(call.id, FAILED, error=error, error_types=["NeverPossibleError", "WorkerDiedError"])
