"""Importing the project's modules once, ahead of the forks that share them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from importlib import import_module

from symphony.runtime.processes import tree


def import_quietly(modules: Iterable[str]) -> None:
    """Import modules as far as that works: whoever needs one that fails will import it again and say so."""
    for name in modules:
        try:
            import_module(name)
        except BaseException:  # noqa: BLE001  project code may raise anything, SystemExit included
            continue


def may_fork() -> bool:
    """Whether a fork of this process is sound: no thread but this one is alive, or all others end before a fork.

    Libraries that know of forks (OpenBLAS below numpy is one) end their threads before each fork. One fork tells.
    """
    if tree.thread_count() == 1:
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of exactly what is found out here
        child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return tree.thread_count() == 1
