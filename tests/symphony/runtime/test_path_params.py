"""Path parameters lead to something, or the run does not begin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from symphony import ByName, each, melody, operator, run
from symphony.define.tracing import shell
from symphony.errors import ParameterError


@operator
def length(file: Path) -> int:
    return len(file.read_bytes())


@operator
def describe(value: Any) -> str:
    return str(value)


@operator(fingerprint=lambda folder: sorted(p.name for p in folder.iterdir()))
def entries(folder: Annotated[Path, ByName]) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@operator
def save(text: str, target: Path) -> None:
    target.write_text(text)


@melody
def reads(file: Path = Path("nothing_like_it.txt")):
    return length(file)


@melody
def lists(folder: Path):
    return entries(folder)


@melody
def reads_each(files: list[Path]):
    return length(each(files))


@melody
def reads_below(file: Path):
    return {"n": reads(file=file)["out"]}


@melody
def reads_perhaps(file: Path, wanted: bool = False):
    length(file).when(wanted)


@melody
def takes_anything(file: Path):
    return describe(file)


@melody
def saves(target: Path):
    save("text", target)


@melody
def makes(target: Path):
    return shell('touch "$target"', with_={"target": target})["stdout"]


@pytest.mark.parametrize(
    ("melody", "params"),
    [
        pytest.param(reads, {"file": "gone.txt"}, id="content"),
        pytest.param(lists, {"folder": "gone.txt"}, id="fingerprint"),
        pytest.param(reads_each, {"files": ["here.txt", "gone.txt"]}, id="each"),
        pytest.param(reads_below, {"file": "gone.txt"}, id="sub-melody"),
    ],
)
@pytest.mark.parametrize("record", [True, False])
def test_a_path_that_leads_nowhere_is_refused_before_the_run(
    melody: Any, params: dict[str, Any], record: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semantics 5: the message has the absolute path, from the caller's folder."""
    monkeypatch.chdir(tmp_path)
    Path("here.txt").write_text("abc")

    with pytest.raises(ParameterError) as raised:
        run(melody, params, record=record, store=tmp_path / "store")

    (param,) = params
    assert str(raised.value).startswith(
        f"the parameter {param!r}: there is nothing at {tmp_path}/gone.txt, and the task "
    )
    assert not list((tmp_path / "store").glob("*"))


def test_a_default_that_leads_nowhere_is_named_from_the_root() -> None:
    with pytest.raises(ParameterError, match=r"the parameter 'file': there is nothing at /.*/nothing_like_it\.txt"):
        run(reads, store="memory")


@pytest.mark.parametrize("melody", [takes_anything, saves, makes, reads_perhaps])
def test_a_path_need_not_lead_anywhere_where_nothing_is_read(melody: Any, tmp_path: Path) -> None:
    result = run(melody, {next(iter(melody.definition.params)): tmp_path / "new.txt"}, store="memory")

    assert result.state == "succeeded"


def test_tasks_that_are_not_selected_ask_for_nothing(tmp_path: Path) -> None:
    result = run(two, {"file": tmp_path / "gone.txt"}, store="memory", only=["named"])

    assert result.state == "succeeded"


@melody
def two(file: Path):
    length(file)
    named = describe(file)
    return named
