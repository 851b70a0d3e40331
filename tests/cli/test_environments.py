"""``--env``, ``config show`` and the problems of settings, as people meet them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SETTINGS = """\
[tool.symphony]
workers = 3
[tool.symphony.environments.ci]
params = {name = "Ada"}
store_options = {secret = "hunter22", token = "secrets.TOKEN"}
executor_options = {address = "tcp://me:hunter22@host"}
[tool.symphony.environments.bad]
params = {name = 3}
"""
Symphony = Callable[..., Any]


@pytest.fixture
def settings(project: Path) -> Path:
    """The project with two environments."""
    (project / "pyproject.toml").write_text(SETTINGS)
    return project


def test_every_setting_is_shown_with_its_origin_and_without_passwords(settings: Path, symphony: Symphony) -> None:
    people = symphony("config", "show", "--origin", "--env", "ci")
    data = symphony("config", "show", "--env", "ci", "--json").document()["settings"]

    assert re.search(r"^workers +3 +pyproject.toml:2$", people.out, re.M)
    assert re.search(r"^environment +ci +--env$", people.out, re.M)
    assert data["params.name"] == {"value": "Ada", "origin": "pyproject.toml:4"}
    assert data["executor_options.address"]["value"] == "tcp://***@host"
    assert data["store_options.secret"]["value"] == "***"
    assert data["store_options.token"]["value"] == "secrets.TOKEN"
    assert data["timeout"] == {"value": None, "origin": "default"}
    assert "hunter22" not in people.out + json.dumps(data)


def test_an_environment_is_chosen_for_runs_and_its_plan_is_the_same(settings: Path, symphony: Symphony) -> None:
    plain = symphony("run", "greetings:second", "--json").document()
    under = symphony("run", "greetings:second", "--env", "ci", "--executor", "pit", "--json")
    hashes = {
        symphony("check", "greetings:second", "--json", *more).document()["plan_hash"] for more in ((), ("--env", "ci"))
    }

    assert plain["outputs"]["greeting"]["value"] == "Hello, World!"
    assert "executor 'pit' takes no option 'address'" in under.err
    assert under.code == 2
    assert hashes == {plain["plan"]}


def test_a_dry_run_goes_by_the_environment(settings: Path, symphony: Symphony) -> None:
    symphony("run", "greetings:second", "-p", "name=Ada")

    decisions = symphony("run", "greetings:second", "--dry-run", "--env", "ci", "--json").document()["tasks"]

    assert [t["decision"] for t in decisions] == ["hit"]


def test_what_an_environment_cannot_have_ends_check_and_compile_with_2(settings: Path, symphony: Symphony) -> None:
    checked = symphony("check", "greetings:second", "--env", "bad", "--json")
    compiled = symphony("compile", "greetings:second", "--env", "bad")

    assert (checked.code, compiled.code) == (2, 2)
    assert [d["code"] for d in checked.document()["diagnostics"]] == ["SYM194"]
    assert symphony("check", "greetings:second").code == 0


@pytest.mark.parametrize("words", [("run", "hello"), ("check", "hello"), ("compile", "hello"), ("config", "show")])
def test_an_unknown_environment_is_told_the_nearest(words: tuple[str, ...], settings: Path, symphony: Symphony) -> None:
    done = symphony(*words, "--env", "cii")

    assert (done.code, done.out) == (2, "")
    assert done.err == "error: there is no environment 'cii' (--env): did you mean 'ci'?\n"


def test_an_unknown_key_is_told_with_its_line(settings: Path, symphony: Symphony) -> None:
    (settings / "pyproject.toml").write_text("[tool.symphony]\n\nwrokers = 3\n")

    done = symphony("run", "hello")

    assert done.code == 2
    assert done.err == "error: pyproject.toml:3: wrokers: there is no such key: did you mean 'workers'?\n"


def test_environments_are_completed(settings: Path, symphony: Symphony) -> None:
    assert symphony("__complete", "bash", "symphony run hello --env ").out.splitlines()[1:] == ["ci", "bad"]
