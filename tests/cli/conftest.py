"""A small project, and the program started inside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

PLAYERS = '''
from symphony import operator


@operator
def greet(name: str) -> str:
    """Greet someone."""
    if name == "nobody":
        raise ValueError("nobody is there")
    return f"Hello, {name}!"


@operator
def count(text: str) -> int:
    """Count the characters of a text."""
    return len(text)
'''
MELODIES = """
from players import count, greet
from symphony import melody


@melody
def first(name: str = "World"):
    greeting = greet(name)
    letters = count(greeting)
    return {"greeting": greeting, "letters": letters}


@melody
def second(name: str = "World"):
    greeting = greet(name)
    return {"greeting": greeting}
"""


@dataclass(frozen=True)
class Done:
    """What a command left: its code and its two streams."""

    code: int
    out: str
    err: str

    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Symphony: TypeAlias = Callable[..., Done]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two melodies in one file and two players."""
    (tmp_path / "melodies").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.symphony]\n")
    (tmp_path / "players.py").write_text(PLAYERS)
    (tmp_path / "melodies" / "greetings.py").write_text(MELODIES)
    return tmp_path


@pytest.fixture
def symphony(project: Path) -> Symphony:
    """Run the program in the project; every call is a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SYMPHONY_")}

    def call(*words: str) -> Done:
        command = [sys.executable, "-m", "symphony", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project, env=environment)
        return Done(done.returncode, done.stdout, done.stderr)

    return call
