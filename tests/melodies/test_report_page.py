"""The melody `repo_report`: its two forms agree, and its tasks, called one after the other, give page and data."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from symphony.model.expression import Expression
from symphony.model.melody import Melody
from symphony.players.reference import shipped

MELODIES = Path(__file__).parents[2] / "melodies"
YAML = sorted(MELODIES.glob("*.yaml"))
PLAYERS = {p.name: p for p in shipped()}


def read(path: Path) -> Melody:
    return Melody.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def python_twin() -> Melody:
    spec = importlib.util.spec_from_file_location("repo_report_py", MELODIES / "repo_report_py.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    definition = module.repo_report.definition
    assert isinstance(definition, Melody)
    return definition


def value_of(given: Any, names: Mapping[str, Any]) -> Any:
    """The value of an input that is plain or a bare reference such as ``tasks.files``."""
    if isinstance(given, Expression):
        room, _, name = given.text.partition(".")
        return names[room][name] if name else names[room]
    return given


def play(melody: Melody, params: Mapping[str, Any]) -> dict[str, Any]:
    """Call the tasks in the order in which they stand, without any engine."""
    names: dict[str, Any] = {"params": params, "tasks": {}}
    for task_id, task in melody.tasks.items():
        player = PLAYERS[str(task.player)]
        rows = [{}] if task.each is None else [{"item": i} for i in value_of(task.each.over[""], names)]
        made = [player(**{k: value_of(v, names | row) for k, v in task.inputs.items()}) for row in rows]
        names["tasks"][task_id] = made[0] if task.each is None else made
    return {name: value_of(v, names) for name, v in melody.outputs.items()}


def run_git(folder: Path, *arguments: str) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "Ada" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {f"GIT_{role}_DATE": "2024-01-01T12:00:00+00:00" for role in ("AUTHOR", "COMMITTER")}
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *arguments], cwd=folder, env=clean | who | when | quiet, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "engine.py").write_text("def f(a):\n    if a:  # TODO: b\n        return 1\n")
    (folder / "<script>alert(1)<script>.md").write_text("# Odd\n")
    run_git(folder, "init", "-q", "-b", "main")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "start <script>alert(2)</script>")
    return folder


PARAMS = {"top": 20, "since": "", "limit": 20000, "title": ""}


def test_both_forms_are_the_same_melody() -> None:
    assert read(MELODIES / "repo_report.yaml") == python_twin()


def test_report_and_data_of_a_repository(repo: Path) -> None:
    made = play(read(MELODIES / "repo_report.yaml"), {"repo": repo, **PARAMS})

    data = json.loads(json.dumps(made["data"], allow_nan=False))
    assert data == made["data"]
    assert (data["totals"]["files"], data["totals"]["marks"], data["repository"]["commits"]) == (2, 1, 1)
    assert [s["path"] for s in data["hot_spots"]] == ["src/engine.py"]
    assert made["report"].startswith("<!doctype html>")
    assert "src/</i>engine.py" in made["report"]
    assert "<script>alert" not in made["report"]
    assert "http://" not in made["report"].replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_two_checkouts_give_the_same_data(repo: Path, tmp_path: Path) -> None:
    """Semantics 4: no result holds an absolute path, so that two checkouts can share results."""
    copy = tmp_path / "elsewhere" / "project"
    copy.parent.mkdir()
    run_git(tmp_path, "clone", "-q", str(repo), str(copy))
    melody = read(MELODIES / "repo_report.yaml")

    first, second = (play(melody, {"repo": folder, **PARAMS}) for folder in (repo, copy))

    assert first == second
    assert str(tmp_path) not in first["report"]


@pytest.mark.parametrize("path", YAML, ids=lambda p: p.stem)
def test_ready_made_melody_says_what_it_is(path: Path) -> None:
    melody = read(path)

    assert path.read_text().startswith("# yaml-language-server: $schema=../schemas/melody.schema.json\n")
    assert melody.name == path.stem
    assert melody.version == "1.0.0"
    assert melody.description
    assert all(p.description for p in melody.params.values())


@pytest.mark.parametrize("path", YAML, ids=lambda p: p.stem)
def test_ready_made_melody_calls_players_with_ports_they_have(path: Path) -> None:
    for task_id, task in read(path).tasks.items():
        signature = PLAYERS[str(task.player)].signature
        required = {p.name for p in signature.inputs if p.required}

        assert set(task.inputs) <= {p.name for p in signature.inputs}, task_id
        assert required <= set(task.inputs), task_id


def test_csv_profile_makes_a_page(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,age\nAda,36\nBob,\n<script>,3\n")
    params = {"file": tmp_path / "p.csv", "delimiter": "", "bins": 20, "title": "People"}

    made = play(read(MELODIES / "csv_profile.yaml"), params)

    assert [c["type"] for c in made["data"]["columns"]] == ["text", "integer"]
    assert "&lt;script&gt;" in made["report"]


def test_release_notes_group_the_commits(repo: Path) -> None:
    run_git(repo, "tag", "v1")
    for subject in ("feat(cli): add a flag", "fix: mend it", "Merge nothing"):
        run_git(repo, "commit", "-q", "--allow-empty", "-m", subject)
    melody = read(MELODIES / "release_notes.yaml")
    template = str(melody.params["template"].default)

    notes = PLAYERS["text.render"](
        template=template,
        values={
            "title": "Notes",
            "commits": PLAYERS["git.log_between"](repo),
            "changes": PLAYERS["git.group_changes"](PLAYERS["git.log_between"](repo)),
        },
    )

    lines = [line.partition(" (")[0] for line in notes.splitlines() if line]
    assert lines == [
        "# Notes",
        "## Features",
        "- **cli**: add a flag",
        "## Fixes",
        "- mend it",
        "## Other",
        "- Merge nothing",
    ]


def test_word_count_maps_and_reduces(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("words and more words")
    (tmp_path / "b.md").write_text("Words")
    melody = read(MELODIES / "word_count.yaml")
    params = {"folder": tmp_path, "pattern": "*.md", "top": 2, "least_length": 4}

    made = play(melody.model_copy(update={"outputs": {"words": melody.outputs["words"]}}), params)

    assert made["words"] == {"words": 3, "more": 1}
