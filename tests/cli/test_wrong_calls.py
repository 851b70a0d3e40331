"""Wrong calls: one line that says what is wrong and what would be right, nothing on stdout, exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Symphony

CALLS = {
    "run": "MELODY is missing. See: symphony run --help",
    "run greetings:first --workers x": "--workers takes a whole number. See: symphony run --help",
    "run greetings:first --workers 0": "--workers must be at least 1. See: symphony run --help",
    "run greetings:first --dry-rum": "unknown option '--dry-rum': did you mean '--dry-run'? See: symphony run --help",
    "run greetings:first --executor": "--executor takes a value, and none is given. See: symphony run --help",
    "run greetings:first --executor dsk": "there is no executor 'dsk': did you mean 'dask'?",
    "run greetings:first --params .": "--params .: this is a folder; name a JSON or YAML file",
    "run greetings:first --only leters": "there is no task 'leters': did you mean 'letters'?",
    "cancel last --wait x": "--wait takes a number. See: symphony cancel --help",
    "store verfy": "unknown command 'symphony store verfy': did you mean 'verify'?",
    "artifacts gte": "unknown command 'symphony artifacts gte': did you mean 'get'?",
    "shwo": "unknown command 'shwo': did you mean 'show'?",
    "runs --state faild": "--state 'faild': did you mean 'failed'?",
    "graph greetings:first --format pn": "unknown format 'pn': valid formats: text, mermaid, dot, svg, json",
}
LOOKING = (
    "runs", "show", "logs", "why last x", "artifacts", "open", "replay last x", "resume", "cancel last", "players --states last",
    "store du", "store gc", "store verify", "config show", "executors", "runs --json",
)  # fmt: skip


@pytest.mark.parametrize("words", CALLS)
def test_a_wrong_call_is_told_in_one_line(words: str, symphony: Symphony) -> None:
    done = symphony(*words.split())

    assert (done.code, done.out, done.err) == (2, "", f"error: {CALLS[words]}\n")


@pytest.mark.parametrize("words", LOOKING)
def test_who_only_looks_makes_no_folder(words: str, symphony: Symphony, project: Path) -> None:
    done = symphony(*words.split())

    assert done.code in (0, 2)
    assert "there is no run yet; start one with: symphony run MELODY" in done.err or done.code == 0
    assert not (project / ".symphony").exists()


def test_a_call_that_is_not_there_names_the_tasks(symphony: Symphony) -> None:
    symphony("run", "greetings:first")

    assert "has no call 'leters': did you mean 'letters'?" in symphony("replay", "last", "leters").err


def test_runs_of_another_state_folder_are_listed(symphony: Symphony) -> None:
    symphony("run", "greetings:first", "--state-dir", "elsewhere")

    assert symphony("runs", "--json").document() == {"runs": []}
    assert len(symphony("runs", "--json", "--state-dir", "elsewhere").document()["runs"]) == 1
    assert symphony("show", "--state", "elsewhere").code == 0


def test_a_state_folder_that_cannot_be_made_fails_the_run_and_the_examination(symphony: Symphony) -> None:
    run, doctor = (
        symphony("run", "greetings:first", "--state", "/dev/null/x"),
        symphony("doctor", "--state", "/dev/null/x"),
    )

    assert (run.code, doctor.code) == (4, 4)
    assert "/dev/null/x" in run.err
    assert "cannot be written" in doctor.out


def test_no_line_of_the_list_of_commands_is_cut_off(symphony: Symphony) -> None:
    assert "..." not in symphony("--help").out.replace("[ARGS]...", "")


def test_a_group_without_a_command_shows_its_help(symphony: Symphony) -> None:
    done = symphony("store")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: symphony store ")
