"""Players that are set up before their calls: what they take, and what they are as plain functions."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from symphony import Context, instrument, melody, operator
from symphony.bootstrap import check
from symphony.define.source_tree import ProjectSources
from symphony.define.static_catalog import StaticCatalog
from symphony.errors import PlayerDefinitionError

HAPPENED: list[str] = []


class Model:
    """Counts letters."""

    def guess(self, text: str) -> int:
        return len(text)


def load() -> Model:
    HAPPENED.append("set up")
    return Model()


def close(model: Model) -> None:
    HAPPENED.append("torn down")


@instrument(setup=load, teardown=close, memory="2GB", version="1.0.0")
def classify(model: Model, text: str, *, factor: int = 1) -> int:
    """Guess a class."""
    HAPPENED.append("called")
    return model.guess(text) * factor


@instrument(setup=load, teardown=close)
async def classify_later(model: Model, /, ctx: Context, text: str) -> int:
    return model.guess(text)


@pytest.fixture(autouse=True)
def nothing_happened() -> None:
    HAPPENED.clear()


def test_the_state_is_no_input():
    assert [p.name for p in classify.signature.inputs] == ["text", "factor"]
    assert [p.name for p in classify_later.signature.inputs] == ["text"]
    assert classify_later.context_parameter == "ctx"


def test_a_plain_call_sets_up_and_tears_down_around_it():
    assert classify("abc", factor=2) == 6
    assert HAPPENED == ["set up", "called", "torn down"]


def test_a_plain_call_that_fails_tears_down_too():
    with pytest.raises(TypeError):
        classify(3)  # type: ignore[arg-type]
    assert HAPPENED == ["set up", "called", "torn down"]


def test_an_async_player_is_torn_down_when_its_coroutine_has_ended():
    coroutine: Any = classify_later(None, "abc")  # type: ignore[arg-type]

    assert asyncio.run(coroutine) == 3
    assert HAPPENED == ["set up", "torn down"]


def test_a_test_hands_in_a_state_of_its_own():
    class Fake(Model):
        def guess(self, text: str) -> int:
            return 7

    assert classify.with_state(Fake())("abc") == 7
    assert HAPPENED == ["called"]


def test_a_player_without_a_set_up_takes_no_state():
    @operator
    def plain(text: str) -> str:
        return text

    with pytest.raises(PlayerDefinitionError, match="is declared without setup="):
        plain.with_state(1)


def test_calls_in_a_melody_leave_the_state_out():
    @melody
    def guesses(text: str) -> int:
        return classify(text, factor=3)

    task = guesses.trace().tasks["classify"]

    assert sorted(task.inputs) == ["factor", "text"]
    assert HAPPENED == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"setup": 3}, "setup= takes a plain function, it got 3"),
        ({"setup": lambda path: path}, r"setup= takes a function without arguments; .* needs 'path'"),
        ({"teardown": close}, "teardown= is given without setup="),
        ({"shared": True}, "shared= is given without setup="),
        ({"setup": load, "shared": "yes"}, "shared= takes True or False, it got 'yes'"),
    ],
    ids=["no function", "arguments", "teardown alone", "shared alone", "shared word"],
)
def test_wrong_options_are_refused_where_the_player_is_declared(options: dict[str, Any], told: str):
    with pytest.raises(PlayerDefinitionError, match=told):
        instrument(**options)


@pytest.mark.parametrize(
    "function", [lambda: 1, lambda *, model: model, lambda **rest: rest], ids=["none", "keyword only", "rest"]
)
def test_a_set_up_needs_a_first_parameter(function: Callable[..., Any]):
    player: Any = instrument(setup=load)(function)

    with pytest.raises(PlayerDefinitionError, match="its first parameter must take what the set-up makes"):
        _ = player.signature


PLAYERS = """from symphony import instrument
def load():
    return {size}
def close(model):
    print({word!r})
@instrument(setup=load, teardown=close, shared={shared})
def classify(model: int, text: str) -> int:
    return model + len(text)
"""


@pytest.fixture
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | None]:
    """Gives the identity of the player in a project whose players have the given text."""

    def identity(size: int = 1, word: str = "closed", shared: bool = False) -> str | None:
        folder = tmp_path / f"{size}{word}{shared}"
        folder.mkdir()
        (folder / "symphony.config.toml").write_text("")
        (folder / "life_players.py").write_text(PLAYERS.format(size=size, word=word, shared=shared))
        (folder / "m.yaml").write_text("melody: m\ntasks: {a: {player: 'life_players:classify', with: {text: x}}}\n")
        monkeypatch.delitem(sys.modules, "life_players", raising=False)
        checked = check(folder / "m.yaml")
        assert checked.plan is not None, checked.diagnostics
        return next(iter(checked.plan.players.values())).identity

    return identity


def test_what_the_set_up_makes_belongs_to_the_identity_and_the_rest_does_not(identity: Callable[..., str | None]):
    before = identity()

    assert before is not None
    assert identity(size=2) != before
    assert identity(word="gone", shared=True) == before


def test_the_source_text_alone_tells_the_same_inputs(tmp_path: Path):
    (tmp_path / "players.py").write_text(PLAYERS.format(size=1, word="closed", shared=False))

    signature = StaticCatalog(ProjectSources(tmp_path)).find("players:classify")

    assert signature is not None
    assert [p.name for p in signature.inputs] == ["text"]
