"""A module that starts a thread when it is imported: a process that has imported it must not be forked."""

from __future__ import annotations

import threading

from symphony import operator

_asked = threading.Event()
_given = threading.Event()


def _serve() -> None:
    while True:
        _asked.wait()
        _asked.clear()
        _given.set()


threading.Thread(target=_serve, daemon=True).start()


@operator
def ask_the_thread() -> bool:
    _asked.set()
    return _given.wait(5)
