"""Starting processes: what a pool was made for, and the orders by which the nursery makes workers and commands."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symphony.ipc.framing import frame
from symphony.runtime.processes.channel import Channel
from symphony.runtime.processes.hands import Hand, Output, WorkerHand
from symphony.runtime.processes.link import Link
from symphony.runtime.processes.orders import ShellBody


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool was made for; see `Processes`."""

    path: Sequence[str]
    modules: Sequence[str]
    shared: Path | None
    slots: int
    grace_s: float
    environment: Mapping[str, str]
    spool: Path
    workdirs: Path
    power: bool
    fork: bool
    secrets: Sequence[str] = ("env",)

    def workdir(self, hand: Hand) -> Path:
        """The folder for the work folders of a worker's calls; it goes with the worker."""
        return self.workdirs / str(hand.id)


def start_worker(link: Link, terms: Terms, id: int) -> WorkerHand:
    """Order a worker. It says when it is ready."""
    own, other = socket.socketpair()
    out, err = os.pipe(), os.pipe()
    hand = WorkerHand(id, Channel(own), (Output(out[0], "stdout"), Output(err[0], "stderr")))
    link.say("fork", id, descriptors=(other.detach(), out[1], err[1]))
    hand.channel.send(frame(["setup", _setup(terms, hand)]))
    return hand


def _setup(terms: Terms, hand: Hand) -> dict[str, Any]:
    return {
        "modules": list(terms.modules), "shared": None if terms.shared is None else str(terms.shared),
        "spool": str(terms.spool), "workdirs": str(terms.workdir(hand)), "power": terms.power,
        "secrets": list(terms.secrets),
    }  # fmt: skip


def start_command(link: Link, id: int, body: ShellBody) -> Hand:
    """Order a shell command. It runs once the nursery says that it is born."""
    environment = {**body.environment, **link.mark}
    link.say("spawn", id, list(body.argv), str(body.cwd), environment, str(body.stdout), str(body.stderr))
    return Hand(id)
