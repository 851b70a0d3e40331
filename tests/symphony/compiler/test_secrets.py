"""A secret may only be passed whole to an input; every other use is refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from symphony.compiler.compile import Compilation, compile_melody
from symphony.define.player import operator
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.signature import FixedCatalog


class FixedIdentity:
    digest = "0" * 64
    imports: tuple[str, ...] = ()
    notes: tuple[Any, ...] = ()


@operator
def use(token: str) -> int: ...


@operator
def many(values: Any) -> int: ...


CATALOG = FixedCatalog([use.signature, many.signature])
USE, MANY = use.name, many.name
SECRETS = ["${{ secrets.T }}", "${{ params.p }}"]


def compiled(tasks: dict[str, Any], child: dict[str, Any] | None = None, **rest: Any) -> Compilation:
    params = {"p": {"type": "string", "secret": True}}
    melody = Melody.model_validate({"melody": "m", "params": params, "tasks": tasks, **rest})
    if child is not None:
        inner = Melody.model_validate({"melody": "c", "outputs": {}, **child})
        melody = melody.model_copy(update={"children": FrozenMap({"c": inner})})
    return compile_melody(melody, CATALOG, lambda _: FixedIdentity())


def codes(result: Compilation) -> list[str]:
    return [d.code for d in result.diagnostics]


@pytest.mark.parametrize("secret", SECRETS, ids=["secrets.T", "a secret parameter"])
def test_a_whole_input_may_be_a_secret(secret: str):
    assert compiled({"a": {"player": USE, "with": {"token": secret}}}).ok
    assert compiled({"a": {"run": "true", "with": {"token": secret}}}).ok


@pytest.mark.parametrize("secret", SECRETS, ids=["secrets.T", "a secret parameter"])
@pytest.mark.parametrize(
    "task",
    [
        {"player": MANY, "with": {"values": ["SECRET"]}},
        {"player": MANY, "with": {"values": {"k": "SECRET"}}},
        {"player": MANY, "with": {"values": "SECRET[0]"}},
        {"player": USE, "with": {"token": "text SECRET"}},
        {"player": MANY, "each": ["SECRET"], "with": {"values": "${{ item }}"}},
        {"player": MANY, "each": {"a": ["SECRET"], "b": [1]}, "with": {"values": "${{ item.a }}"}},
        {"player": MANY, "when": "SECRET == 'x'", "with": {"values": 1}},
        {"run": "true", "with": {"all": ["SECRET"]}},
    ],
    ids=[
        "in a list",
        "in a map",
        "taken apart",
        "in text",
        "as an element",
        "in a zip",
        "in a condition",
        "in a list for a script",
    ],
)
def test_every_other_use_is_refused(task: dict[str, Any], secret: str):
    """Semantics 50: a secret never enters a key, a result or a log."""

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: put(v) for k, v in value.items()}
        if isinstance(value, list):
            return [put(v) for v in value]
        if value == "SECRET[0]" or (isinstance(value, str) and value.startswith("SECRET ==")):
            return secret.replace(" }}", value.removeprefix("SECRET") + " }}")
        return value.replace("SECRET", secret) if isinstance(value, str) else value

    result = compiled({"a": put(task)})

    assert result.plan is None
    assert "SYM165" in codes(result)


@pytest.mark.parametrize("secret", SECRETS, ids=["secrets.T", "a secret parameter"])
def test_an_output_may_not_be_a_secret(secret: str):
    assert codes(compiled({}, outputs={"o": secret})) == ["SYM165"]
    assert codes(compiled({}, outputs={"o": [{"k": secret}]})) == ["SYM165"]


def child(*, marked: bool, token: str) -> dict[str, Any]:
    return {
        "params": {"t": {"type": "string", "secret": marked}},
        "tasks": {"u": {"player": USE, "with": {"token": token}}},
    }


def test_a_sub_melody_hands_a_secret_on_whole():
    task = {"melody": "c", "with": {"t": "${{ secrets.T }}"}}

    assert compiled({"a": task}, child(marked=True, token="${{ params.t }}")).ok
    assert "SYM165" in codes(compiled({"a": task}, child(marked=True, token="${{ params.t + 'x' }}")))
    assert "SYM165" in codes(compiled({"a": task}, child(marked=False, token="${{ params.t + 'x' }}")))


def test_a_sub_melody_under_each_takes_secrets_by_marked_parameters():
    task = {"melody": "c", "each": [1, 2], "with": {"t": "${{ secrets.T }}"}}

    assert compiled({"a": task}, child(marked=True, token="${{ params.t }}")).ok
    assert codes(compiled({"a": task}, child(marked=False, token="${{ params.t }}"))) == ["SYM165"]
    assert "SYM165" in codes(compiled({"a": task}, child(marked=True, token="${{ params.t + 'x' }}")))


def test_a_secret_parameter_of_a_sub_melody_takes_no_literal():
    """Semantics 50: a secret param takes only secrets.NAME; a literal is refused."""
    task = {"melody": "c", "with": {"t": "hunter2"}}

    assert codes(compiled({"a": task}, child(marked=True, token="${{ params.t }}"))) == ["SYM187"]
