"""``symphony players``: what melodies can call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symphony.cli.call_options import Json, StateDir, project_here
from symphony.cli.terminal import say, write, write_document, write_table
from symphony.errors import UsageError
from symphony.model.names import did_you_mean

if TYPE_CHECKING:
    from symphony.compiler.identity import Identity
    from symphony.config.project import Project
    from symphony.model.port_type import PortType
    from symphony.model.signature import Port, Signature


def players(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One player, with its ports.")] = None,
    gives: Annotated[
        str | None, typer.Option("--gives", metavar="TYPE", help="Only those whose result fits this type.")
    ] = None,
    takes: Annotated[
        str | None, typer.Option("--takes", metavar="TYPE", help="Only those that take such a value.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="instrument|operator|motif", help="Only players of this kind.")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="NAME", help="Print a player's code identity and what it includes."),
    ] = None,
    states: Annotated[
        str | None,
        typer.Option("--states", metavar="RUN", help="How a run kept players warm: states, causes, hit rate."),
    ] = None,
    json: Json = False,
    state_dir: StateDir = None,
) -> None:
    """List players, or show one."""
    if states is not None:
        from symphony.cli.player_states import write_states  # needs the store; --help does not

        write_states(states, state_dir, json=json)
        return
    from symphony.cli.own_stdout import own_stdout
    from symphony.cli.player_list import all_players  # imports every player; --help needs none

    project = project_here()
    if identity:
        _write_identity(identity, project, json=json)
        return
    with own_stdout():
        found = all_players(project.root)
    if name is not None:
        _write_one(_one(name, found), json=json)
        return
    chosen = _chosen(found, gives, takes, kind)
    if json:
        write_document({"players": [document_of(s) for s in chosen]})
    elif chosen:
        write_table(("player", "kind", "takes", "gives", "what it does"), [_row(s) for s in chosen])
    else:
        say("no player is like that")


def document_of(signature: Signature) -> dict[str, Any]:
    """A player as plain data."""
    return {
        "player": signature.name,
        "kind": str(signature.kind),
        "version": signature.version,
        "summary": signature.summary,
        "doc": signature.doc,
        "module": signature.module,
        "in_project": signature.in_project,
        "cache": signature.cache and not signature.effect,
        "tags": list(signature.tags),
        "inputs": [_port(p) for p in signature.inputs],
        "outputs": [_port(p) for p in signature.outputs],
    }


def _port(port: Port) -> dict[str, Any]:
    document: dict[str, Any] = {"name": port.name, "type": str(port.type), "required": port.required, "doc": port.doc}
    return document if port.required else {**document, "default": port.default}


def _one(name: str, found: Sequence[Signature]) -> Signature:
    by_name = {s.name: s for s in found}
    if name not in by_name:
        raise UsageError(f"there is no player {name!r}: {did_you_mean(name, by_name, what='players')}")
    return by_name[name]


def _chosen(found: Sequence[Signature], gives: str | None, takes: str | None, kind: str | None) -> list[Signature]:
    from symphony.compiler.fit import Fit, fit  # only to choose
    from symphony.model.signature import PlayerKind

    if kind is not None and kind not in set(PlayerKind):
        raise UsageError(f"--kind {kind!r}: {did_you_mean(kind, [str(k) for k in PlayerKind], what='kinds')}")
    given, taken = _type("--gives", gives), _type("--takes", takes)
    return [
        s
        for s in found
        if (kind is None or s.kind == kind)
        and (given is None or any(fit(p.type, given) is Fit.YES for p in s.outputs))
        and (taken is None or any(fit(taken, p.type) is Fit.YES for p in s.inputs))
    ]


def _type(option: str, text: str | None) -> PortType | None:
    if text is None:
        return None
    from symphony.model.port_type import parse_port_type  # only to choose

    try:
        return parse_port_type(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}") from error


def _row(signature: Signature) -> tuple[str, ...]:
    takes = ", ".join(p.name if p.required else f"{p.name}?" for p in signature.inputs)
    gives = ", ".join(str(p.type) if p.name == "out" else p.name for p in signature.outputs)
    return (
        signature.name,
        str(signature.kind),
        takes[:40],
        "nothing" if signature.effect else gives[:32],
        signature.summary,
    )


def _write_one(signature: Signature, *, json: bool) -> None:
    if json:
        write_document(document_of(signature))
        return
    write(f"{signature.name} {signature.version}".rstrip() + f" ({signature.kind})\n{signature.summary}\n")
    inputs = [(p.name, str(p.type), "required" if p.required else repr(p.default), p.doc) for p in signature.inputs]
    write_table(("input", "type", "default", ""), inputs)
    write("\n")
    outputs = [(p.name, "nothing" if signature.effect else str(p.type), p.doc) for p in signature.outputs]
    write_table(("output", "type", ""), outputs)


def _write_identity(name: str, project: Project, *, json: bool) -> None:
    from symphony.cli.player_list import all_players, code_identity  # imports every player; --help needs none

    signature = _one(name, all_players(project.root))
    identity = code_identity(signature, project.root)
    if json:
        write_document(_identity_document(signature.name, identity))
        return
    write(identity.digest or "none: results are not kept")
    for reached in identity.reached:
        write(f"  {reached.digest[:12]}  {reached.label()}  {reached.file}:{reached.line}-{reached.end_line}")
    for text in [identity.reason, *(f"{n.module}:{n.line}: {n.message}" for n in identity.notes)]:
        if text:
            say(text)


def _identity_document(name: str, identity: Identity) -> dict[str, Any]:
    reached = [
        {"name": r.label(), "file": r.file, "line": r.line, "end_line": r.end_line, "digest": r.digest}
        for r in identity.reached
    ]
    notes = [{"module": n.module, "line": n.line, "kind": str(n.kind), "message": n.message} for n in identity.notes]
    return {"player": name, "identity": identity.digest, "reason": identity.reason, "reached": reached, "notes": notes}
