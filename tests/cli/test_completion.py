"""Completion in the shells: the scripts, and what they are answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from symphony.cli import completion_export
from symphony.cli.completion_reply import split_line
from symphony.cli.completion_scripts import SCRIPTS

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

ASK = """
source <(symphony completion bash)
COMP_LINE=$1 COMP_POINT=${#1}
_symphony_completion symphony "${COMP_LINE##* }" ""
for word in "${COMPREPLY[@]}"; do echo "$word"; done
"""
YAML = """
melody: plain
tasks:
  # a remark
  words: {player: text.split, with: {text: a b}}
  joined:
    player: text.join
    with:
      parts: ${{ tasks.words }}
outputs:
  text: ${{ tasks.joined }}
"""


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the program on PATH."""
    (project / "bin").mkdir()
    program = project / "bin" / "symphony"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m symphony "$@"\n')
    program.chmod(0o755)
    (project / "melodies" / "plain.yaml").write_text(YAML)
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(project)
    return project


def in_bash(line: str) -> list[str]:
    """What bash offers at the end of a line."""
    done = subprocess.run(["bash", "--norc", "-c", ASK, "bash", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("symphony re", ["resume", "replay"]),
        ("symphony store ", ["du", "gc", "push", "verify"]),
        ("symphony run --dur", ["--durability"]),
        ("symphony run --durability ", ["process", "power"]),
        ("symphony run --durability=po", ["power"]),
        ("symphony run --fail-fast --fail", []),
        ("symphony run --executor d", ["dask"]),
        ("symphony run plai", ["plain"]),
        ("symphony run hel", ["hello"]),
        ("symphony run greetings:f", ["first"]),
        ("symphony check plain wor", ["word_count"]),
        ("symphony run plain --only ", ["words", "joined"]),
        ("symphony run --only words plain --until j", ["joined"]),
        ("symphony players text.sp", ["text.split"]),
        ("symphony players players:g", ["greet"]),
        ("symphony run --params pyp", ["pyproject.toml"]),
        ("symphony show --state mel", ["melodies"]),
        ("symphony runs --state f", ["failed"]),
        ("symphony completion z", ["zsh"]),
        ("symphony nothing ", []),
        ("symphony why nowhere ", []),
    ],
)
def test_bash_offers_what_fits(line: str, offered: list[str], here: Path) -> None:
    assert in_bash(line) == offered


def test_runs_and_their_tasks_are_offered(here: Path, symphony: Symphony) -> None:
    first = symphony("run", "greetings:first", "--json").document()["run"]
    second = symphony("run", "plain", "--json").document()["run"]

    assert in_bash("symphony show ") == ["last", second, first]
    assert in_bash(f"symphony show {first}") == [first]
    assert in_bash(f"symphony why {first} ") == ["greeting", "letters"]
    assert in_bash("symphony logs last jo") == ["joined"]
    assert in_bash("symphony artifacts cat ") == ["words", "joined"]
    assert in_bash(f"symphony artifacts cat --run {first} l") == ["letters"]


def test_runs_of_the_state_folder_given_are_offered(here: Path, symphony: Symphony) -> None:
    run = symphony("run", "plain", "--state", "elsewhere", "--json").document()["run"]

    assert in_bash("symphony show 2") == []
    assert in_bash("symphony show --state elsewhere 2") == [run]


def test_only_the_last_twenty_runs_are_offered(here: Path, symphony: Symphony) -> None:
    code = "import symphony; [symphony.run('melodies/plain.yaml') for _ in range(22)]"
    subprocess.run([sys.executable, "-c", code], check=True)

    assert len(in_bash("symphony show ")) == 21  # with 'last'


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(shell: str, here: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([program, "-n"], input=SCRIPTS[shell], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_fish_offers_what_fits(here: Path) -> None:
    program = shutil.which("fish")
    if program is None:
        pytest.skip("fish is not installed")
    ask = "symphony completion fish | source; complete -C 'symphony run --durability p'"
    done = subprocess.run([program, "--no-config", "-c", ask], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["process", "power"]


def test_zsh_and_fish_are_told_what_each_word_means(here: Path, symphony: Symphony) -> None:
    assert symphony("__complete", "zsh", "run", "greetings:f").out == "files\ngreetings\\:first:of this project\n"
    assert symphony("__complete", "fish", "run", "hel").out == "files\nhello\tready-made\n"
    assert symphony("__complete", "fish", "sto").out == "none\nstore\tSee, clean and verify what is kept\n"


def test_a_script_says_where_to_put_it(symphony: Symphony) -> None:
    for shell in SCRIPTS:
        done = symphony("completion", shell)

        assert (done.code, done.err) == (0, "")
        assert "# For every shell:" in done.out


def test_an_unknown_shell_is_told_which_there_are(symphony: Symphony) -> None:
    done = symphony("completion", "fsh")

    assert done.code == 2
    assert "no completion for 'fsh': did you mean 'fish'?" in done.err


def test_the_table_is_fresh() -> None:
    assert completion_export.main(["--check"]) == 0


def test_every_kind_of_the_table_is_known() -> None:
    def kinds(node: dict[str, object]) -> set[str]:
        own = {o["value"] for o in node["options"]} | set(node["arguments"])  # type: ignore[attr-defined,call-overload]
        return own.union(*(kinds(c) for c in node.get("commands", {}).values()))  # type: ignore[attr-defined]

    named = {kind for kind in kinds(completion_export.table()) if kind and "|" not in kind}

    assert named == {"melody", "run", "task", "executor", "environment", "player", "file", "folder"}


def test_players_are_offered_by_their_names(here: Path, symphony: Symphony) -> None:
    listed = {p["player"] for p in symphony("players", "--json").document()["players"]}

    assert set(symphony("__complete", "bash", "symphony players ").out.split()[1:]) == listed


@pytest.mark.parametrize(
    "line", ["symphony ", "symphony run ", "symphony show ", "symphony players ", "symphony why last "]
)
def test_an_answer_loads_nothing_heavy(line: str, here: Path) -> None:
    """Answers come at every press of a key: 80 ms in all, of which Python's own start is most."""
    code = (
        "import sys; from symphony.cli.entry import main; code = main(['__complete', 'bash', sys.argv[1]]);"
        "heavy = {'typer', 'click', 'pydantic', 'rich', 'yaml', 'asyncio', 'symphony.bootstrap', 'symphony.store.store'};"
        "sys.exit(code or ','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, line], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_damaged_store_offers_nothing_and_stays_as_it_is(here: Path, symphony: Symphony) -> None:
    (here / ".symphony").mkdir()
    (here / ".symphony" / "symphony.db").write_bytes(b"no database")

    assert in_bash("symphony show ") == []
    assert [f.name for f in (here / ".symphony").iterdir()] == ["symphony.db"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("symphony run ", ["run", ""]),
        ("symphony run a", ["run", "a"]),
        ("symphony run 'a b", ["run", "a b"]),
        ('symphony run "a b" ', ["run", "a b", ""]),
        ("symphony run a\\ ", ["run", "a "]),
        ("symphony run a\\", ["run", "a"]),
        ("symphony", []),
    ],
)
def test_a_line_is_read_as_far_as_it_is_written(line: str, words: list[str]) -> None:
    assert split_line(line) == words
