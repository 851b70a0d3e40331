"""Reads the signatures of a project's players from their source text, without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from symphony.define.catalog import shipped_player, shipped_players
from symphony.model import port_type as pt
from symphony.model.module_source import SourceTree
from symphony.model.port_type import PortType
from symphony.model.signature import PlayerKind, Port, Signature

_KINDS = {str(kind): kind for kind in PlayerKind}
_NAMES = {
    "str": pt.STRING, "int": pt.INTEGER, "float": pt.NUMBER, "bool": pt.BOOLEAN, "bytes": pt.BYTES, "Path": pt.PATH,
    "None": pt.NULL, "Any": pt.ANY, "object": pt.ANY, "datetime": pt.DATETIME, "timedelta": pt.DURATION,
    "Html": PortType("text/html"), "Markdown": PortType("text/markdown"), "Csv": PortType("text/csv"),
    "Svg": PortType("image/svg+xml"), "Table": pt.list_of(pt.map_of(pt.ANY)), "Json": pt.JSON,
}  # fmt: skip


class StaticCatalog:
    """The players that ship, and those whose source says ``@operator``, ``@instrument`` or ``@motif``.

    Types that the text alone does not tell are ``any``. Nothing of the project is executed.
    """

    def __init__(self, sources: SourceTree) -> None:
        self._sources = sources

    def find(self, name: str) -> Signature | None:
        """Find a player by name; returns None when the source has none."""
        module, colon, qualname = name.partition(":")
        if not colon:
            player = shipped_player(name)
            return None if player is None else player.signature
        source = self._sources.module(module)
        if source is None:
            return None
        try:
            tree = ast.parse(source.text)
        except SyntaxError:
            return None
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == qualname:
                return _signature(name, module, node)
        return None

    def names(self) -> Iterable[str]:
        """The shipped players; those of the project are found by name only."""
        return (p.name for p in shipped_players())


def _signature(name: str, module: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature | None:
    decorator = next((d for d in node.decorator_list if _called(d) in _KINDS), None)
    if decorator is None:
        return None
    options = {k.arg: k.value for k in decorator.keywords} if isinstance(decorator, ast.Call) else {}
    shared = {
        "name": name, "module": module, "qualname": node.name, "kind": _KINDS[_called(decorator)],
        "version": str(_constant(options.get("version")) or ""), "inputs": tuple(_ports(node, with_state="setup" in options)),
        "fingerprint": "fingerprint" in options, "is_async": isinstance(node, ast.AsyncFunctionDef),
    }  # fmt: skip
    if _constant(options.get("outputs")) is True:
        return Signature(**shared)  # type: ignore[arg-type]  # the names of its outputs lie in a class elsewhere
    return Signature(
        **shared,  # type: ignore[arg-type]
        outputs=(Port("out", _type(node.returns)),),
        effect=isinstance(node.returns, ast.Constant) and node.returns.value is None,
        cache=_constant(options.get("cache")) is not False,
    )


def _called(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def _ports(node: ast.FunctionDef | ast.AsyncFunctionDef, *, with_state: bool) -> Iterable[Port]:
    positional = [*node.args.posonlyargs, *node.args.args]
    without_default = len(positional) - len(node.args.defaults)
    for i, argument in enumerate(positional):
        if not _is_context(argument) and not (with_state and i == 0):
            yield Port(argument.arg, _type(argument.annotation), required=i < without_default)
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if not _is_context(argument):
            yield Port(argument.arg, _type(argument.annotation), required=default is None)


def _is_context(argument: ast.arg) -> bool:
    return isinstance(argument.annotation, ast.Name) and argument.annotation.id == "Context"


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _type(node: ast.expr | None) -> PortType:
    """The port type of an annotation's text; `any` for what only importing could tell."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _type(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return pt.ANY
    if isinstance(node, ast.Constant) and node.value is None:
        return pt.NULL
    if isinstance(node, ast.Name):
        return _NAMES.get(node.id, pt.ANY)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return pt.union_of(_type(node.left), _type(node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if node.value.id in ("list", "Sequence"):
            return pt.list_of(_type(inner[0]))
        if node.value.id in ("dict", "Mapping") and len(inner) == 2 and _type(inner[0]) == pt.STRING:
            return pt.map_of(_type(inner[1]))
    return pt.ANY
