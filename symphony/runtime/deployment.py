"""What a melody's registration elsewhere is made of, so that schedules and workers there can run it: plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DeployOrder:
    """A melody that is to be registered.

    Attributes:
        melody: what it is called.
        target: what is run: a file, ``file.py:name`` (absolute), or the name of a melody that ships.
        folder: the current folder of its runs: relative paths of parameters start there.
        state: the state folder of its project.
        plan_hash: of the plan that it compiles to now.
        description: what it is for.
        name: of the registration, unlike others of the same melody.
        params, texts: parameters of its runs, as values and as text; secrets only by name.
        schedule: when it runs by itself, as five fields of cron; None: only when asked to.
        work_pool: which workers run it; None: none do until one is named.
        environment: the environment of its runs.
    """

    melody: str
    target: str
    folder: str
    state: str
    plan_hash: str
    description: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    schedule: str | None = None
    work_pool: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Deployed:
    """A registration that was made.

    Attributes:
        name: under which it is found there.
        where: the address of what it was registered with.
        next: commands that do something with it, each with what it does.
    """

    name: str
    where: str
    next: tuple[tuple[str, str], ...] = ()


Deployer = Callable[[DeployOrder], Deployed]
"""Registers a melody; an entry point of the group ``symphony.deployers``. Registering a name again replaces it.

Raises:
    UsageError: the schedule or the pool is not one.
    SurroundingsError: the server does not answer.
"""
