"""Whether and when a failed call is tried again. Pure: chance and time come in."""

from __future__ import annotations

from symphony.model.policy import PROGRAMMING_ERRORS, Backoff, Retry


def delay_s(retry: Retry, attempt: int, error_types: tuple[str, ...], spent_s: float, chance: float) -> float | None:
    """The wait before the next attempt in seconds, or None when there is none.

    Args:
        attempt: the attempt that failed, from 1.
        error_types: names of the error's class and its bases.
        spent_s: seconds since the first attempt started.
        chance: a number in [0, 1) for the jitter.
    """
    if attempt >= retry.attempts or not _is_retried(retry, error_types):
        return None
    wait = retry.delay if retry.backoff is Backoff.FIXED else retry.delay * 2 ** (attempt - 1)
    wait = min(wait, retry.max_delay)
    if retry.jitter:
        wait *= chance
    if retry.max_time is not None and spent_s + wait > retry.max_time:
        return None
    return wait


def _is_retried(retry: Retry, error_types: tuple[str, ...]) -> bool:
    if retry.on:
        return any(name in retry.on for name in error_types)
    return not any(name in PROGRAMMING_ERRORS for name in error_types[:1])
