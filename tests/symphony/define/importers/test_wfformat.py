"""WfFormat instances become melodies with the same tasks, the same order and the same files."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony import compile
from symphony.define.importers.front_door import import_text
from symphony.define.importers.report import Imported
from symphony.define.yaml_reader import read_yaml
from symphony.define.yaml_writer import to_yaml
from symphony.model.diagnostic import Severity
from symphony.model.melody import Melody
from symphony.model.template import expressions_in


def instance(*steps: dict[str, Any], calls: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A WfFormat document of steps; each may leave out what is empty."""
    full = [{"name": s["id"], "parents": [], "children": [], **s} for s in steps]
    execution = {} if calls is None else {"execution": {"makespanInSeconds": 9, "tasks": calls}}
    return {"name": "x", "schemaVersion": "1.5", "workflow": {"specification": {"tasks": full}, **execution}, **more}


def call(id: str, program: str = "true", *arguments: str, **more: Any) -> dict[str, Any]:
    """What is recorded of the execution of a step."""
    return {"id": id, "runtimeInSeconds": 1.5, "command": {"program": program, "arguments": [*arguments]}, **more}


def imported(document: dict[str, Any], *, indent: int | None = 1) -> Imported:
    return import_text(json.dumps(document, indent=indent), "wf.json")


def melody_of(document: dict[str, Any]) -> Melody:
    found = imported(document)
    assert found.melody is not None, [note.one_line() for note in found.notes]
    return found.melody


def edges_of(melody: Melody) -> set[tuple[str, str]]:
    """The edges of the graph of tasks, by needs and by references."""
    by_data = {
        (reference.name, name)
        for name, task in melody.tasks.items()
        for _, expression in expressions_in(task.inputs)
        for reference in expression.references
        if reference.root == "tasks"
    }
    return by_data | {(need, name) for name, task in melody.tasks.items() for need in task.needs}


def messages(found: Imported, severity: Severity) -> list[str]:
    return [note.message for note in found.notes if note.severity is severity]


def montage(images: int) -> dict[str, Any]:
    """An instance of the shape of Montage: project images, compare neighbours, fit, correct, add."""
    raw, projected = [f"raw-{i}.fits" for i in range(images)], [f"p-{i}.fits" for i in range(images)]
    pairs = [(i, i + 1) for i in range(images - 1)]
    steps: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []

    def add(id: str, parents: list[str], reads: list[str], writes: list[str], script: str) -> None:
        steps.append({"id": id, "name": id.split("_")[0], "parents": parents, "children": [],
                      "inputFiles": reads, "outputFiles": writes})  # fmt: skip
        calls.append(call(id, "sh", "-c", script, coreCount=2, memoryInBytes=2**20, avgCPU=97.5))

    for i in range(images):
        add(f"mProject_{i}", [], [raw[i]], [projected[i]], f"cat {raw[i]} > {projected[i]}")
    for a, b in pairs:
        both = [projected[a], projected[b]]
        add(
            f"mDiffFit_{a}",
            [f"mProject_{a}", f"mProject_{b}"],
            both,
            [f"fit-{a}.txt"],
            f"cat {' '.join(both)} > fit-{a}.txt",
        )
    fits = [f"fit-{a}.txt" for a, _ in pairs]
    add("mConcatFit", [f"mDiffFit_{a}" for a, _ in pairs], fits, ["fits.tbl"], f"cat {' '.join(fits)} > fits.tbl")
    for i in range(images):
        out = f"c/{i}.fits"
        add(f"mBackground_{i}", ["mConcatFit", f"mProject_{i}"], ["fits.tbl", projected[i]], [out],
            f"cat {projected[i]} > {out}")  # fmt: skip
    corrected = [f"c/{i}.fits" for i in range(images)]
    add(
        "mAdd",
        [f"mBackground_{i}" for i in range(images)],
        corrected,
        ["mosaic.fits"],
        f"cat {' '.join(corrected)} > mosaic.fits",
    )
    for step in steps:
        step["children"] = [other["id"] for other in steps if step["id"] in other["parents"]]
    return instance(*steps, calls=calls)


def test_a_montage_keeps_tasks_edges_resources_and_files() -> None:
    document = montage(6)

    melody = melody_of(document)

    steps = document["workflow"]["specification"]["tasks"]
    assert list(melody.tasks) == [s["id"] for s in steps]
    assert edges_of(melody) == {(p, s["id"]) for s in steps for p in s["parents"]}
    assert [p.default for p in melody.params.values()] == [f"raw-{i}.fits" for i in range(6)]
    assert list(melody.outputs) == ["mosaic_fits"]
    task = melody.tasks["mDiffFit_0"]
    assert (task.needs, task.resources.cpus, task.resources.memory) == ((), 2, 2**20)  # type: ignore[union-attr]
    assert task.description == "mDiffFit, recorded 1.5 s"
    assert compile(melody).tasks
    assert read_yaml(to_yaml(melody), "x.yaml").melody == melody


def test_what_has_no_place_in_a_melody_is_told_once_with_its_place() -> None:
    found = imported(montage(2))

    facts = [n for n in found.notes if n.message.startswith("recorded facts")]
    assert [n.message for n in facts] == [
        "recorded facts that a melody has no place for: workflow.execution.makespanInSeconds, workflow.execution.tasks.avgCPU"
    ]
    assert facts[0].key_path == "workflow.execution.makespanInSeconds"
    assert facts[0].span is not None
    assert facts[0].span.line > 1
    assert found.understood


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[int, int]]:
    size = draw(st.integers(1, 8))
    possible = [(a, b) for b in range(size) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    return [(size - 1, size - 1), *chosen]


@given(graphs(), st.sampled_from(["parents", "children", "both"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_acyclic_graph_keeps_its_edges(graph: list[tuple[int, int]], told: str, with_files: bool) -> None:
    (last, _), *edges = graph
    ids = [f"t-{i}" for i in range(last + 1)]
    steps = [
        {
            "id": id_,
            "parents": [ids[a] for a, b in edges if b == i and told != "children"],
            "children": [ids[b] for a, b in edges if a == i and told != "parents"],
            "inputFiles": [f"{a}.txt" for a, b in edges if b == i and with_files and a % 2],
            "outputFiles": [f"{i}.txt"],
        }
        for i, id_ in enumerate(ids)
    ]

    melody = melody_of(instance(*steps, calls=[call(id_) for id_ in ids]))

    assert edges_of(melody) == {(f"t_{a}", f"t_{b}") for a, b in edges}
    assert len(compile(melody).tasks) == len(ids)
    assert read_yaml(to_yaml(melody), "x.yaml").melody == melody


WORDS = ["", "plain", "it's", '"', "$HOME", "`id`", "a b", "*", "\\", "${{ tasks.x }}", "#", "ü\n", "-n"]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs", "Cc"])))))
@settings(max_examples=30, deadline=None)
def test_arguments_reach_the_program_as_they_are(arguments: list[str]) -> None:
    melody = melody_of(instance({"id": "a"}, calls=[call("a", "printf", r"%s\0", "", *arguments)]))

    again = read_yaml(to_yaml(melody), "x.yaml")
    script = again.melody.tasks["a"].run if again.melody else ""

    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script or ""], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[1:-1] == arguments


def test_a_cycle_is_an_error_with_its_members() -> None:
    steps = [{"id": "a", "parents": ["c"]}, {"id": "b", "parents": ["a"]}, {"id": "c", "parents": ["b"]}]

    found = imported(instance(*steps))

    assert found.melody is None
    (error,) = [n for n in found.notes if n.severity is Severity.ERROR]
    assert error.message.startswith("the tasks form a cycle: ")
    assert {"a", "b", "c"} <= set(error.message.replace(",", " ").split())
    assert error.key_path == "workflow.specification.tasks[0].parents"


def test_a_step_without_a_command_fails_and_is_told() -> None:
    found = imported(instance({"id": "a"}))

    assert found.melody is not None
    assert not found.understood
    assert messages(found, Severity.WARNING) == [
        "tasks without a recorded command; their steps fail until a command is written: a"
    ]
    assert str(found.melody.tasks["a"].run).endswith("exit 1\n")


def test_ids_become_legal_names_and_the_old_ones_are_told() -> None:
    found = imported(instance({"id": "a#1"}, {"id": "a-1", "parents": ["a#1"]}, calls=[call("a#1"), call("a-1")]))

    assert found.melody is not None
    assert list(found.melody.tasks) == ["a_1", "a_1_2"]
    assert messages(found, Severity.NOTE)[0] == "tasks that got a legal name: a#1 -> a_1, a-1 -> a_1_2"


def test_a_file_outside_of_the_work_folder_is_no_output() -> None:
    steps = [{"id": "a", "outputFiles": ["/data/x", "../y"]}, {"id": "b", "parents": ["a"], "inputFiles": ["/data/x"]}]

    found = imported(instance(*steps, calls=[call("a"), call("b")]))

    assert found.melody is not None
    assert not found.melody.tasks["a"].outputs
    assert found.melody.tasks["b"].needs == ("a",)
    assert [m.partition(":")[2] for m in messages(found, Severity.WARNING)] == [
        " /data/x of a, ../y of a, /data/x of b"
    ]


def test_a_file_of_a_task_that_does_not_come_before_becomes_a_parameter() -> None:
    steps = [{"id": "a", "inputFiles": ["x"]}, {"id": "b", "parents": ["a"], "outputFiles": ["x"]}]

    found = imported(instance(*steps, calls=[call("a"), call("b")]))

    assert found.melody is not None
    assert list(found.melody.params) == ["x"]
    assert any(
        m.startswith("files that are made by a task which does not come before")
        for m in messages(found, Severity.WARNING)
    )


def test_a_file_that_a_task_changes_is_a_copy() -> None:
    steps = [
        {"id": "a", "outputFiles": ["x"]},
        {"id": "b", "parents": ["a"], "inputFiles": ["x"], "outputFiles": ["x"]},
    ]

    melody = melody_of(instance(*steps, calls=[call("a"), call("b")]))

    assert 'cp -R -- "$x" x && chmod -R u+w -- x' in str(melody.tasks["b"].run)


def test_names_that_mean_something_to_a_shell_are_not_used() -> None:
    files = ["PATH", "IFS", "PYTHONx", "BASH_y"]

    melody = melody_of(instance({"id": "a", "inputFiles": files}, calls=[call("a")]))

    assert list(melody.tasks["a"].inputs) == ["file_PATH", "file_IFS", "file_PYTHONx", "file_BASH_y"]
    assert compile(melody)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the file is no YAML here"),
        ("[]", "the format is none of those known"),
        ("", "the file is empty"),
        ('{"schemaVersion": "1.3", "workflow": {"tasks": []}}', "migrate the file first"),
        ('{"schemaVersion": "1.5", "workflow": 3}', "no list with tasks"),
        ('{"schemaVersion": "1.5", "workflow": {"specification": {"tasks": [{"id": 1}]}}}', "a map with an id"),
        ('{"a": 1, "a": 2}', "stands twice"),
    ],
)
def test_what_is_no_instance_is_an_error(text: str, message: str) -> None:
    found = import_text(text, "wf.json")

    assert found.melody is None
    assert any(message in m for m in messages(found, Severity.ERROR)), found.notes


def test_json_escapes_of_two_units_are_read() -> None:
    text = json.dumps(instance({"id": "a"}, calls=[call("a", "echo", "\U0001f600")]), ensure_ascii=True)

    found = import_text(text, "wf.json")

    assert found.melody is not None
    assert found.melody.tasks["a"].run == "echo '\U0001f600'"


def test_odd_parts_are_told_and_the_rest_is_kept() -> None:
    steps: list[dict[str, Any]] = [
        {"id": "a", "children": ["ghost"], "inputFiles": 3},
        {"id": "b", "parents": ["nobody", "a"]},
    ]
    calls = [call("a", coreCount=-1), call("b"), call("b"), call("stranger"), {"id": 4}]

    found = imported(instance(*steps, calls=calls))

    assert found.melody is not None
    assert edges_of(found.melody) == {("a", "b")}
    told = " | ".join(messages(found, Severity.WARNING))
    for part in ("'ghost'", "inputFiles", "'nobody'", "coreCount", "recorded twice", "'stranger'", "a map with an id"):
        assert part in told


def test_positions_are_those_of_the_file() -> None:
    text = '{\n "schemaVersion": "9",\n "workflow": {"specification": {"tasks": [{"id": "a", "colour": 1}]}}\n}'

    places = [(n.span.line, n.span.column) for n in import_text(text, "wf.json").notes if n.span]

    assert places == [(2, 19), (3, 43), (3, 65)]
