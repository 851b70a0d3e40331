"""Commands that read definitions: check, compile, graph, diff."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

FIRST = "greetings:first"


def test_check_of_a_sound_melody_writes_nothing(symphony: Symphony, project: Path) -> None:
    before = {p for p in project.rglob("*") if "__pycache__" not in p.parts}

    done = symphony("check", FIRST)

    assert done.code == 0
    assert done.out.startswith(f"{FIRST}: ok, 2 tasks, plan ")
    assert {p for p in project.rglob("*") if "__pycache__" not in p.parts} == before


def test_check_json_is_one_document(symphony: Symphony) -> None:
    document = symphony("check", FIRST, "--json").document()

    assert document["ok"] is True
    assert len(document["plan_hash"]) == 64
    assert document["diagnostics"] == []


def test_file_with_several_melodies_is_refused_with_all_names(symphony: Symphony) -> None:
    done = symphony("check", "greetings")

    assert (done.code, done.out) == (2, "")
    assert "several melodies: first, second" in done.err


def test_problem_is_reported_with_place_and_excerpt_and_code_2(symphony: Symphony, project: Path) -> None:
    file = project / "melodies" / "greetings.py"
    file.write_text(file.read_text().replace("greet(name)", "greet(3)", 1))

    text, document = symphony("check", FIRST), symphony("check", FIRST, "--json")

    assert (text.code, document.code) == (2, 2)
    assert "greetings.py:8:" in text.out
    assert "greet(3)" in text.out
    assert document.document()["ok"] is False
    assert document.document()["diagnostics"][0]["line"] == 8


@pytest.mark.parametrize("name", ["greetings:first", "melodies/greetings.py:first", "broken", "melodies/broken.yaml"])
def test_files_of_problems_are_named_from_the_current_folder(symphony: Symphony, project: Path, name: str) -> None:
    file = project / "melodies" / "greetings.py"
    file.write_text(file.read_text().replace("greet(name)", "greet(3)", 1))
    (project / "melodies" / "broken.yaml").write_text("melody: broken\ntasks: {a: {player: text.lowr}}\n")
    shown = "melodies/greetings.py" if "greetings" in name else "melodies/broken.yaml"

    document = symphony("check", name, "--json").document()
    sarif = symphony("check", name, "--format", "sarif").document()
    github = symphony("check", name, "--format", "github").out
    text = symphony("check", name).out

    assert {d["file"] for d in document["diagnostics"]} == {shown}
    places = [r["locations"][0]["physicalLocation"] for r in sarif["runs"][0]["results"]]
    assert {p["artifactLocation"]["uri"] for p in places} == {shown}
    assert f"file={shown},line=" in github
    assert f"{shown}:" in text
    assert str(project) not in text


def test_a_file_that_cannot_be_imported_is_named_from_the_current_folder(symphony: Symphony, project: Path) -> None:
    (project / "melodies" / "greetings.py").write_text("import nothing_like_it\n")

    done = symphony("check", "greetings", "--format", "github")

    assert done.code == 2
    assert done.out.startswith("::error file=melodies/greetings.py,line=1,")


def test_a_misspelt_player_of_the_project_is_told_the_nearest_that_is_written(
    symphony: Symphony, project: Path
) -> None:
    (project / "melodies" / "wrong.yaml").write_text("melody: wrong\ntasks: {a: {player: 'player:greet'}}\n")

    assert "did you mean 'players:greet'?" in symphony("check", "wrong").out


def test_unknown_format_names_the_nearest(symphony: Symphony) -> None:
    done = symphony("check", FIRST, "--format", "sarrif")

    assert done.code == 2
    assert "did you mean 'sarif'" in done.err


def test_compiled_plan_is_checked_against_the_melody(symphony: Symphony, project: Path) -> None:
    assert symphony("compile", FIRST, "-o", "build/plan.json").code == 0
    assert symphony("compile", FIRST, "--check", "-o", "build/plan.json").code == 0

    players = project / "players.py"
    players.write_text(players.read_text().replace("Hello", "Good day"))
    done = symphony("compile", FIRST, "--check", "-o", "build/plan.json")

    assert done.code == 3
    assert "build/plan.json is not up to date" in done.err


def test_plan_on_stdout_is_the_plan_file(symphony: Symphony, project: Path) -> None:
    symphony("compile", FIRST, "-o", "plan.json")

    assert symphony("compile", FIRST).out == (project / "plan.json").read_text()


@pytest.mark.parametrize(
    ("format", "start"), [("text", "first\n"), ("mermaid", "flowchart TB"), ("dot", "digraph"), ("svg", "<svg"), ("json", "{")]
)  # fmt: skip
def test_graph_is_drawn_in_every_format(format: str, start: str, symphony: Symphony) -> None:
    done = symphony("graph", FIRST, "--format", format)

    assert done.code == 0
    assert done.out.lstrip().startswith(start)


def test_graph_format_follows_the_name_of_the_file(symphony: Symphony, project: Path) -> None:
    done = symphony("graph", FIRST, "-o", "site/graph.svg")

    assert (done.code, done.out) == (0, "")
    assert (project / "site" / "graph.svg").read_text().startswith("<svg")


def test_diff_of_equal_melodies_is_0_and_of_others_3(symphony: Symphony) -> None:
    symphony("compile", FIRST, "-o", "plan.json")

    assert symphony("diff", "plan.json", FIRST).code == 0
    done = symphony("diff", FIRST, "greetings:second", "--json")
    assert done.code == 3
    assert done.document()["removed"] == ["letters"]


def test_diff_with_a_revision_sees_players_as_they_were(symphony: Symphony, project: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "1"]):
        subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)
    file = "melodies/greetings.py:first"
    assert symphony("diff", f"HEAD:{file}", file).code == 0

    players = project / "players.py"
    players.write_text(players.read_text().replace("-> int:", "-> float:"))
    done = symphony("diff", f"HEAD:{file}", file, "--json")

    assert done.code == 3
    assert [c["subject"] for c in json.loads(done.out)["code"]] == ["players:count"]


def test_players_are_listed_with_their_ports_and_found_by_type(symphony: Symphony) -> None:
    found = symphony("players", "--gives", "integer", "--json").document()["players"]
    one = symphony("players", "players:greet", "--json").document()

    assert "players:count" in [p["player"] for p in found]
    assert "players:greet" not in [p["player"] for p in found]
    assert one["inputs"] == [{"name": "name", "type": "string", "required": True, "doc": ""}]


def test_unknown_player_names_the_nearest(symphony: Symphony) -> None:
    done = symphony("players", "players:gret")

    assert done.code == 2
    assert "did you mean 'players:greet'" in done.err


def test_a_melody_that_is_new_at_each_tracing_is_reported(symphony: Symphony, project: Path) -> None:
    """Semantics 12: compile traces a Python melody twice and reports a difference."""
    (project / "melodies" / "drifting.py").write_text(
        "from itertools import count\n\nfrom players import greet\nfrom symphony import melody\n\nNUMBERS = count()\n\n\n"
        "@melody\ndef drifting():\n    said = greet(f'guest {next(NUMBERS)}')\n    return said\n"
    )
    found = symphony("check", "melodies/drifting.py", "--json").document()["diagnostics"]

    assert "SYM199" in [d["code"] for d in found]


def test_a_file_that_cannot_be_imported_is_a_problem_in_the_document(symphony: Symphony, project: Path) -> None:
    for text, line in (("x = 1\nimport nowhere_at_all\n", 2), ("x = = 1\n", 1), ("\nraise SystemExit(5)\n", 2)):
        (project / "melodies" / "broken.py").write_text(text)
        done = symphony("check", "melodies/broken.py", "--json")
        problem = done.document()["diagnostics"][0]

        assert done.code == 2
        assert problem["line"] == line
        assert "importing the file failed" in problem["message"]
