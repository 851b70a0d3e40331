"""How a run and its calls are called on the scheduler."""

from __future__ import annotations

from symphony.runtime.remote.remote_call import RemoteCall


def topic_of(run: str) -> str:
    """Under which name the news of a run pass the scheduler, and its plugin stands there."""
    return f"symphony-{run}"


def mark_of(run: str) -> str:
    """What the keys of a run's calls have in them, and no other's."""
    return f"-{run}-"


def key_of(call: RemoteCall, turn: int) -> str:
    """The key of a call's Dask task.

    It begins with the player: Dask groups tasks by what stands there, learns how long they take, and counts the states of
    each group at every step, so that there should not be as many groups as tasks.
    """
    group = call.tags[0].replace("-", "_") if call.tags else "call"
    return f"{group}{mark_of(call.run)}{call.id}" + (f"-{turn}" if turn else "")
