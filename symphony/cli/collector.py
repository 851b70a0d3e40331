"""How often the program collects garbage: seldom while a command loads, as usual while a melody runs."""

from __future__ import annotations

import gc

_SELDOM = 200_000
_USUAL = gc.get_threshold()


def collect_seldom() -> None:
    """Collect after many more new containers than usual: loading makes very many that live on, and little garbage."""
    gc.set_threshold(_SELDOM, *_USUAL[1:])


def collect_as_usual() -> None:
    """End what `collect_seldom` began, if it did. What is loaded by now is never looked through again, at exit neither.

    Called before bodies of players run: what they make is collected as in any other program.
    """
    if gc.get_threshold()[0] == _SELDOM:
        gc.freeze()
        gc.set_threshold(*_USUAL)
