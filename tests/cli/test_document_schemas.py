"""What commands print with ``--json`` is what the shipped schemas say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from symphony.cli import document_schemas
from symphony.cli.completing import read_table
from symphony.cli.document_schemas import DOCUMENTS

if TYPE_CHECKING:
    from tests.cli.conftest import Symphony

SHIPPED = Path(__file__).parents[2] / "schemas" / "documents"
MIXED = """
melody: mixed
params: {name: {type: string, default: nobody}}
tasks:
  bad: {player: "players:greet", with: {name: "${{ params.name }}"}}
  after: {player: "players:count", with: {text: "${{ tasks.bad }}"}}
  left: {player: "players:count", with: {text: x}, when: "${{ 1 > 2 }}"}
  each: {player: "players:count", each: [a, bb], with: {text: "${{ item }}"}}
  script: {run: "echo hi; echo more > out.txt", outputs: {file: out.txt}}
outputs:
  lengths: ${{ tasks.each }}
  left: ${{ tasks.left }}
  said: ${{ tasks.script.stdout }}
  file: ${{ tasks.script.file }}
"""
CALLS = {
    "run greetings:first": "run",
    "run mixed": "run",
    "resume last": "run",
    "run greetings:first --dry-run": "decisions",
    "run mixed --dry-run": "decisions",
    "why last each": "decisions",
    "why last after": "decisions",
    "show last": "show",
    "profile last": "profile",
    "runs": "runs",
    "logs last": "logs",
    "import foreign.yml": "import",
    "import broken.yaml": "import",
    "check greetings:first": "diagnostics",
    "check greetings:first broken.yaml": "diagnostics",
    "compile greetings:first -o plan.json": "diagnostics",
    "players": "players",
    "players players:greet": "player",
    "players --identity players:greet": "identity",
    "players --states last": "player-states",
    "artifacts": "artifacts",
    "executors": "executors",
    "doctor": "doctor",
    "config show": "config",
    "store du": "store-du",
    "store gc --dry-run --keep-runs 1": "store-gc",
    "store verify": "store-verify",
    "graph mixed --run last": "graph",
    "diff mixed greetings:first": "diff",
    "run greetings:second --matrix rows.csv": "matrix",
}


def validated(document: Any, name: str) -> None:
    schema = json.loads((SHIPPED / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


@pytest.fixture
def lived_in(project: Path, symphony: Symphony) -> Path:
    """A project in which a run has failed."""
    (project / "melodies" / "mixed.yaml").write_text(MIXED)
    (project / "rows.csv").write_text("name\nAda\n")
    (project / "foreign.yml").write_text("on: push\njobs:\n  a:\n    steps: [{uses: x/y@v1}, {run: ls}]\n")
    (project / "broken.yaml").write_text("melody: broken\ntasks:\n  a: {player: 'players:gret'}\n")
    assert symphony("run", "mixed").code == 1
    return project


def test_documents_of_commands_are_what_the_schemas_say(lived_in: Path, symphony: Symphony) -> None:
    for words, name in CALLS.items():
        done = symphony(*words.split(), "--json")

        assert done.out, f"{words}: {done.err}"
        validated(done.document(), name)


def test_every_command_with_json_has_a_schema() -> None:
    def with_json(node: dict[str, Any], path: str) -> list[str]:
        inner = [p for name, c in node.get("commands", {}).items() for p in with_json(c, f"{path} {name}".strip())]
        return [*([path] if any("--json" in o["names"] for o in node["options"]) else []), *inner]

    told = " and ".join(commands for commands, _ in DOCUMENTS.values()).split(" and ")

    assert [p for p in with_json(dict(read_table()), "") if f"symphony {p}" not in told] == []


def test_every_schema_is_tried() -> None:
    """That of `cancel` where runs are cancelled, that of `store push` where a store is shared, `test` by its own."""
    assert {*CALLS.values(), "cancel", "store-push", "test"} == set(DOCUMENTS)


def test_what_is_pushed_to_a_shared_store_is_told_as_its_schema_says(
    lived_in: Path, symphony: Symphony, tmp_path: Path
) -> None:
    settings = lived_in / "pyproject.toml"
    settings.write_text(f'[tool.symphony]\nstore = "file://{tmp_path}/shared"\n')

    pushed = symphony("store", "push", "--json").document()

    validated(pushed, "store-push")
    assert pushed["keys"] > 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_one_and_refuses_what_is_empty(name: str) -> None:
    schema = document_schemas.schema_of(name)
    jsonschema.Draft202012Validator.check_schema(schema)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({})


def test_the_files_are_fresh() -> None:
    assert document_schemas.main(["--check"]) == 0
