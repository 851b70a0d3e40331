"""Writes the JSON Schemas of the documents that commands print with ``--json``.

A schema says what a document holds at least: documents may carry more keys than are named.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from symphony.define.generated_files import write_or_check
from symphony.model.diagnostic import Severity
from symphony.model.signature import PlayerKind
from symphony.model.states import COUNTED, RunState, TaskState

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
SECONDS: Schema = {"type": "number", "minimum": 0}
ANYTHING: Schema = {}
DIGEST: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
AT: Schema = {"type": "number", "description": "Seconds since the epoch."}


def _record(description: str = "", optional: dict[str, Schema] | None = None, /, **required: Schema) -> Schema:
    about = {"description": description} if description else {}
    keys = {name.rstrip("_"): schema for name, schema in required.items()}
    return {**about, "type": "object", "properties": {**keys, **(optional or {})}, "required": list(keys)}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _map(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(words: Any) -> Schema:
    return {"enum": [str(word) for word in words]}


# parts of several documents ------------------------------------------------------------------------------------------

_COUNTS = {
    **_record("How many tasks of the melody ended how; an each task counts once.",
              **dict.fromkeys(COUNTED, COUNT)),
    "additionalProperties": COUNT,
}  # fmt: skip
_ERROR = _record("What went wrong.", {"traceback": TEXT}, type=TEXT, message=TEXT)
_KEPT = _record("What was kept: its SHA-256, its type and its size.", artifact=DIGEST, type=TEXT, bytes=COUNT)
_OUTPUT = {
    **_record("An output: its value where it is small plain data, else the path of its bytes.",
              {"value": ANYTHING, "path": TEXT}, artifact=_or_null(DIGEST), type=TEXT, bytes=_or_null(COUNT)),
    "oneOf": [{"required": ["value"]}, {"required": ["path"]}],
}  # fmt: skip
_TASK = _record(
    "A task, an element of an each task as stats[3], or a task of a sub-melody as child.x.",
    {"outputs": _map(_KEPT), "note": TEXT},
    task=TEXT, state=_one_of(TaskState), attempts=COUNT, started_at=_or_null(AT), ended_at=_or_null(AT),
    duration_s=_or_null(SECONDS), waited_s=_or_null(SECONDS), worker=_or_null(TEXT), key=_or_null(TEXT),
    output=_or_null(_KEPT), error=_or_null(_ERROR),
)  # fmt: skip
_REASON = _record("What differs.", {"detail": TEXT}, field=TEXT, before=ANYTHING, after=ANYTHING)
_DECISIONS = _record(
    tasks=_list(
        _record("What becomes of a task, and why.", task=TEXT, decision=_one_of(("hit", "run", "unknown", "skip")),
                reasons=_list(_REASON))
    )
)  # fmt: skip
_PLACE = _or_null({"type": "integer", "minimum": 1})
_PORT = _record("", {"default": ANYTHING}, name=TEXT, type=TEXT, required=FLAG, doc=TEXT)
_PLAYER = _record(
    player=TEXT, kind=_one_of(PlayerKind), version=TEXT, summary=TEXT, doc=TEXT, module=TEXT, in_project=FLAG, cache=FLAG,
    tags=_list(TEXT), inputs=_list(_PORT), outputs=_list(_PORT),
)  # fmt: skip
_TRAITS = _record(
    "What it can do.", in_process=FLAG, remote=FLAG, shares_memory=FLAG, can_kill=FLAG, ships_code=FLAG,
    accepts_pending=FLAG, follows=FLAG, resources=_list(TEXT),
)  # fmt: skip
_SIDE = _record("One of the two plans.", melody=TEXT, version=TEXT, plan=DIGEST)
_CHANGE = _record(
    "A value that differs; a side on which there is nothing is left out.", {"before": ANYTHING, "after": ANYTHING},
    what=TEXT, subject=TEXT, path=TEXT,
)  # fmt: skip

DOCUMENTS: dict[str, tuple[str, Schema]] = {
    "run": ("symphony run and symphony resume", _record(
        run=TEXT, melody=TEXT, plan=DIGEST, executor=TEXT, state=_one_of(RunState), seconds=SECONDS, counts=_COUNTS,
        outputs=_map(_or_null(_OUTPUT)), failures=_list(_record(task=TEXT, error=_ERROR)))),
    "matrix": ("symphony run --matrix", _record(
        runs=_list(_record("As `symphony run` prints it.", run=TEXT, state=_one_of(RunState))))),
    "decisions": ("symphony run --dry-run and symphony why", _DECISIONS),
    "show": ("symphony show", _record(
        run=TEXT, melody=TEXT, state=_one_of(RunState), executor=TEXT, started_at=AT, ended_at=_or_null(AT),
        tasks=_list(_TASK))),
    "runs": ("symphony runs", _record(
        runs=_list(_record(run=TEXT, melody=TEXT, state=_one_of(RunState), started_at=AT, ended_at=_or_null(AT),
                           counts=_COUNTS)))),
    "logs": ("symphony logs", _record(
        logs=_list(_record(at=_or_null(AT), task=TEXT, level=TEXT, message=TEXT)))),
    "profile": ("symphony profile", _record(
        run=TEXT, melody=TEXT, state=_one_of(RunState), seconds=SECONDS, busy_s=SECONDS, parallelism=_or_null(NUMBER),
        critical_path_s=SECONDS, critical_path=_list(_record(task=TEXT, seconds=SECONDS)),
        tasks=_list(_record(task=TEXT, seconds=SECONDS)), what_if=_list(_record(name=TEXT, seconds=SECONDS, change=NUMBER)))),
    "test": ("symphony test", _record(
        ok=FLAG, seconds=SECONDS, counts=_map(COUNT),
        tests=_list(_record(
            "A test; the line counts from 1.", file=TEXT, line=_PLACE, name=TEXT,
            state=_one_of(("passed", "failed", "skipped")), seconds=SECONDS, message=TEXT)))),
    "cancel": ("symphony cancel", _record(run=TEXT, melody=TEXT, state=TEXT)),
    "diagnostics": ("symphony check and symphony compile", _record(
        ok=FLAG, plan_hash=_or_null(DIGEST),
        diagnostics=_list(_record(
            "A problem; lines and columns count from 1, in characters.",
            code={"type": "string", "pattern": "^SYM[0-9]{3}$"}, severity=_one_of(Severity), message=TEXT, hint=TEXT,
            file=_or_null(TEXT), line=_PLACE, column=_PLACE, end_line=_PLACE, end_column=_PLACE, task=_or_null(TEXT))))),
    "players": ("symphony players", _record(players=_list(_PLAYER))),
    "player": ("symphony players NAME", _PLAYER),
    "identity": ("symphony players --identity NAME", _record(
        player=TEXT, identity=_or_null(TEXT), reason=TEXT,
        reached=_list(_record(name=TEXT, file=TEXT, line=COUNT, end_line=COUNT, digest=TEXT)),
        notes=_list(_record(module=TEXT, line=COUNT, kind=TEXT, message=TEXT)))),
    "player-states": ("symphony players --states RUN", _record(
        run=TEXT, hit_rate=_or_null({"type": "number", "minimum": 0, "maximum": 1}),
        players=_list(_record(player=TEXT, bytes=COUNT, uses=COUNT, hits=COUNT, misses=COUNT)),
        transitions=_list(_record(at=AT, player=TEXT, copy=COUNT, before=TEXT, after=TEXT, cause=TEXT)),
        problems=_list(TEXT))),
    "artifacts": ("symphony artifacts", _record(
        run=TEXT, artifacts=_list(_record(name=TEXT, artifact=DIGEST, codec=TEXT, type=TEXT, bytes=COUNT)))),
    "executors": ("symphony executors", _record(
        executors=_list(_record(executor=TEXT, state=_one_of(("installed", "not installed", "broken")), from_=TEXT,
                                install=_or_null(TEXT), traits=_or_null(_TRAITS))))),
    "doctor": ("symphony doctor", _record(
        ok=FLAG, findings=_list(_record(name=TEXT, state=_one_of(("ok", "warning", "missing", "failed")), detail=TEXT)))),
    "config": ("symphony config show", _record(settings=_map(_record(value=ANYTHING, origin=TEXT)))),
    "store-du": ("symphony store du", _record(folder=TEXT, kinds=_map(_record(count=COUNT, bytes=COUNT)))),
    "store-gc": ("symphony store gc", _record(
        dry_run=FLAG, bytes=COUNT, runs=_list(TEXT), keys=COUNT, artifacts=COUNT, objects=COUNT)),
    "store-push": ("symphony store push", _record(store=TEXT, keys=COUNT)),
    "store-verify": ("symphony store verify", _record(
        ok=FLAG, damaged=_list(_record(digest=TEXT, where=TEXT, why=TEXT)))),
    "import": ("symphony import", _record(
        melody=_or_null(TEXT),
        notes=_list(_record(
            "What was not understood (warning), meant the same in another form (note), or stops the import (error).",
            severity=_one_of(Severity), message=TEXT, file=TEXT, line=_PLACE, column=_PLACE, path=TEXT)))),
    "graph": ("symphony graph", _record(
        melody=TEXT, nodes=_list(_record(id=TEXT, label=TEXT, kind=TEXT)),
        edges=_list(_record(source=TEXT, target=TEXT, kind=TEXT)), groups=_list(_record(id=TEXT)))),
    "diff": ("symphony diff", _record(
        equal=FLAG, reordered=FLAG, before=_SIDE, after=_SIDE, renamed=_list(_record(before=TEXT, after=TEXT)),
        **dict.fromkeys(("added", "removed", "downstream", "affected_outputs"), _list(TEXT)),
        forecast=_or_null(_record(
            "What a next run is likely to make, to be served, and to take.", made=_list(TEXT), served=_list(TEXT),
            made_s=_or_null(SECONDS), before_s=_or_null(SECONDS), after_s=_or_null(SECONDS), unknown=_list(TEXT))),
        **dict.fromkeys(("rewired", "inputs", "policies", "retyped", "code", "parameters", "outputs", "labels"),
                        _list(_CHANGE)))),
}  # fmt: skip
"""By name: the commands that print it, and its schema."""


def schema_of(name: str) -> Schema:
    """The schema of a document."""
    commands, schema = DOCUMENTS[name]
    return {"$schema": DIALECT, "title": f"What {commands} print with --json", **schema}


def texts() -> dict[str, str]:
    """The text of each schema file, by its name."""
    return {f"{name}.schema.json": json.dumps(schema_of(name), indent=2) + "\n" for name in DOCUMENTS}


def main(arguments: list[str]) -> int:
    """``python -m symphony.cli.document_schemas [--check]``: write the schemas, or say whether they are fresh."""
    folder = Path(__file__).resolve().parents[2] / "schemas" / "documents"
    files = {folder / name: text for name, text in texts().items()}
    return write_or_check(files, arguments, command="symphony.cli.document_schemas")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
