"""Cases of secrets: whole to a port, and nowhere else; and of environment variables that a melody lists."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from symphony.define.context import Context
from symphony.define.player import operator
from symphony.define.tracing import env, melody, param, secret, shell
from symphony.testing.executor_cases.case import Cases, Road
from symphony.testing.executor_cases.stage import Played, Stage, must, must_equal

cases = Cases()
_NAME = "SYMPHONY_SUITE_CANARY"
CANARY = "canary-Q7x2-never-to-be-found"
"""The secret. It is written in two pieces nowhere, so that any trace of it is found."""
_DIGEST = hashlib.sha256(CANARY.encode()).hexdigest()


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def secrets() -> Any:
    """Set the secret for a while."""
    return variables(SYMPHONY_SECRET_SUITE_CANARY=CANARY)


@operator(version="1.0.0")
def digest_of(token: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(token.encode()).hexdigest()


@operator(version="1.0.0", isolation="process")
def digest_in_a_process(token: str) -> str:
    """The digest of a text."""
    return hashlib.sha256(token.encode()).hexdigest()


@operator(version="1.0.0")
def tells_it(token: str, ctx: Context) -> str:
    """Say a text in every way."""
    ctx.log.warning("logged %s", token)
    print(f"printed {token}")  # noqa: T201  what is printed is what the case is about
    return f"returned {token}"


@operator(version="1.0.0")
def fails_with_it(token: str) -> str:
    """Fail, and say the text."""
    raise ValueError(f"refused: {token}")


@operator(version="1.0.0")
def same_text(text: str) -> str:
    """The text itself."""
    return text


@melody
def secret_by_name() -> Any:
    return digest_of(token=secret("SUITE_CANARY"))


@melody
def secret_in_a_process() -> Any:
    return digest_in_a_process(token=secret("SUITE_CANARY"))


@melody
def secret_parameter(token: str = param(secret=True)) -> Any:
    return digest_of(token=token)


@melody
def secret_told() -> Any:
    told = tells_it(token=secret("SUITE_CANARY"))
    failed = fails_with_it(token=secret("SUITE_CANARY"))
    script = shell("echo said $token", with_={"token": secret("SUITE_CANARY")})
    return {"told": told, "failed": failed, "script": script.stdout}


@melody(env=(_NAME,))
def variable_of_the_environment() -> Any:
    return same_text(text=env(_NAME))


def _must_not_be_found(stage: Stage, played: Played) -> None:
    """The secret is in nothing that was told, given or written."""
    result = played.result
    told = [repr(event) for event in played.events]
    given = [
        repr(dict(result.outputs)),
        repr(result.failures),
        repr([dict(t.error or {}) for t in result.tasks.values()]),
    ]
    must(not any(CANARY in text for text in (*told, *given, played.plan.to_text())), "the secret was told")
    for folder, _, names in os.walk(stage.folder):
        for name in names:
            file = Path(folder) / name
            must(not file.is_file() or CANARY.encode() not in file.read_bytes(), f"the secret is in {name}")


@cases.scenario(secret_by_name, roads=tuple(Road))
def a_secret_reaches_a_port_whole(stage: Stage) -> None:
    with secrets():
        played = stage.run(secret_by_name)
    must_equal("its digest", played.result.outputs["out"], _DIGEST)
    _must_not_be_found(stage, played)


@cases.scenario(secret_in_a_process)
def a_secret_reaches_a_process_whole(stage: Stage) -> None:
    with secrets():
        played = stage.run(secret_in_a_process)
    must_equal("its digest", played.result.outputs["out"], _DIGEST)
    _must_not_be_found(stage, played)


@cases.scenario(secret_parameter, roads=tuple(Road))
def a_secret_parameter_takes_the_name_of_a_secret(stage: Stage) -> None:
    with secrets():
        played = stage.run(secret_parameter, {"token": "secrets.SUITE_CANARY"})
    must_equal("its digest", played.result.outputs["out"], _DIGEST)
    _must_not_be_found(stage, played)


@cases.scenario(secret_told, roads=tuple(Road))
def a_secret_that_bodies_tell_is_taken_out(stage: Stage) -> None:
    with secrets():
        played = stage.run(secret_told)
        outputs = dict(played.result.outputs)
    must_equal("a result", outputs["told"], "returned ***")
    must_equal("what a script said", outputs["script"], "said ***\n")
    must_equal("an error", played.error_of("failed")["message"], "refused: ***")
    if played.events:
        lines = {str((e.data or {}).get("message")) for e in played.told("log", "told")}
        must({"logged ***", "printed ***"} <= lines, f"the lines that were logged are {sorted(lines)}")
    _must_not_be_found(stage, played)


@cases.scenario(variable_of_the_environment, roads=tuple(Road))
def a_variable_that_the_melody_lists_is_an_input(stage: Stage) -> None:
    with variables(**{_NAME: "one"}):
        must_equal("its value", stage.run(variable_of_the_environment).result.outputs["out"], "one")
    with variables(**{_NAME: "two"}):
        must_equal("its value now", stage.run(variable_of_the_environment).result.outputs["out"], "two")
