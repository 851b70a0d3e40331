"""Checks and evaluates expressions with the CEL library.

References are replaced by variables whose names tell their types, so that one CEL environment serves a whole melody,
and places in the library's messages are mapped back to what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from symphony.compiler.fit import text_media
from symphony.errors import ExpressionError
from symphony.model import port_type as pt
from symphony.model.expression import (
    Call,
    Expression,
    Literal,
    Name,
    Node,
    Reference,
    Select,
    as_reference,
    rewrite,
    to_text_with_origins,
)
from symphony.model.names import nearest
from symphony.model.port_type import PortType

STATE_FUNCTIONS = frozenset({"failed", "succeeded"})
FUNCTIONS = frozenset(
    [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "string",
        "int",
        "uint",
        "double",
        "bool",
        "bytes",
        "type",
        "dyn",
        "duration",
        "timestamp",
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
        "json",
        "failed",
        "succeeded",
        "always",
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
        "charAt",
        "indexOf",
        "lastIndexOf",
        "lowerAscii",
        "upperAscii",
        "replace",
        "split",
        "join",
        "substring",
        "trim",
        "format",
        "reverse",
        "quote",
        "or",
        "orValue",
        "hasValue",
        "value",
        "optMap",
        "optFlatMap",
    ]
)
_MESSAGE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?:\n \||\s*\[[A-Z_]+\]|$)", re.S)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An expression ready for the library.

    Attributes:
        text: with variables in place of references.
        variables: the reference behind each variable.
        absent_ok: variables of optional references: maps that are empty when the task is absent.
        states: variables that stand for ``failed(tasks.x)`` and ``succeeded(tasks.x)``: (function, task).
        origins: where each piece of the text came from.
    """

    text: str
    variables: dict[str, Reference]
    absent_ok: frozenset[str]
    states: dict[str, tuple[str, str]]
    origins: list[tuple[int, tuple[int, int]]]


def prepare(expression: Expression, type_name: Callable[[Reference], str]) -> Prepared:
    """Replace the references of an expression by variables named ``<type name>_<n>``."""
    variables: dict[str, Reference] = {}
    states: dict[str, tuple[str, str]] = {}
    optional: set[str] = set()
    counts: dict[str, int] = {}
    seen: dict[tuple[str, bool], str] = {}

    def variable(reference: Reference) -> str:
        marked = (reference.text, reference.optional)
        if marked not in seen:
            prefix = ("o" if reference.optional else "v") + type_name(reference)
            counts[prefix] = counts.get(prefix, -1) + 1
            seen[marked] = f"{prefix}_{counts[prefix]}"
            variables[seen[marked]] = reference
        return seen[marked]

    def change(node: Node) -> Node | None:
        if isinstance(node, Call) and node.target is None:
            if node.function in STATE_FUNCTIONS and len(node.args) == 1:
                task = as_reference(node.args[0])
                if task is not None and task.root == "tasks":
                    name = f"s_{len(states)}"
                    states[name] = (node.function, task.name)
                    return Name(name, node.at)
            if node.function == "always" and not node.args:
                return Literal(True, node.at)
            if node.function == "has" and len(node.args) == 1 and isinstance(node.args[0], Select):
                tested = node.args[0]
                return replace(node, args=(replace(tested, operand=rewrite(tested.operand, change)),))
        reference = as_reference(node)
        if reference is None:
            return None
        name = variable(reference)
        if reference.optional:
            optional.add(name)
            return Select(Name(name, node.at), "v", True, node.at)
        return Name(name, node.at)

    tree = rewrite(expression.node, change)
    text, origins = to_text_with_origins(tree)
    return Prepared(text, variables, frozenset(optional), states, origins)


# types ---------------------------------------------------------------------------------------------------------------

_SCALARS = {
    "string": "STRING", "integer": "INT", "number": "DOUBLE", "boolean": "BOOL", "bytes": "BYTES", "null": "NULL",
    "datetime": "TIMESTAMP", "duration": "DURATION", "path": "STRING",
}  # fmt: skip
_BACK = {
    "STRING": pt.STRING, "INT": pt.INTEGER, "UINT": pt.INTEGER, "DOUBLE": pt.NUMBER, "BOOL": pt.BOOLEAN,
    "BYTES": pt.BYTES, "NULL": pt.NULL, "TIMESTAMP": pt.DATETIME, "DURATION": pt.DURATION, "DYN": pt.ANY,
}  # fmt: skip


def cel_type_name(t: PortType) -> str:
    """Name the CEL type of a port type; ``DYN`` where CEL cannot be told more."""
    if t.name in _SCALARS:
        return _SCALARS[t.name]
    if t.is_media:
        return "STRING" if text_media(t) else "BYTES"
    if t.name == "file":
        return "STRING"
    if t.name == "list" or (t.name == "tuple" and t.args[-1:] == (...,)):
        return f"LIST<{cel_type_name(t.inner())}>"
    if t.name == "map" and len(t.args) == 1:
        return f"MAP<STRING, {cel_type_name(t.value_type)}>"
    if t.name == "literal" and len({type(a) for a in t.args}) == 1:
        return {str: "STRING", int: "INT", bool: "BOOL"}.get(type(t.args[0]), "DYN")
    if t.fields is not None:
        return "MAP<STRING, DYN>"
    return "DYN"


def port_type_of(cel_type: str) -> PortType:
    """The port type of a CEL type's name."""
    text = cel_type.strip()
    if text.startswith("LIST<"):
        return pt.list_of(port_type_of(text[5:-1]))
    if text.startswith("MAP<STRING,"):
        return pt.map_of(port_type_of(text[11:-1]))
    return _BACK.get(text.partition("<")[0], pt.ANY)


def _cel_type(name: str) -> Any:
    if name.startswith("LIST<"):
        return cel.Type.List(_cel_type(name[5:-1]))
    if name.startswith("MAP<STRING, "):
        return cel.Type.Map(cel.Type.STRING, _cel_type(name[12:-1]))
    return getattr(cel.Type, name)


def mangle(type_name: str) -> str:
    """A type's name as part of a variable's name."""
    return type_name.replace("MAP<STRING, ", "m").replace("LIST<", "l").replace(">", "")


def unmangle(variable: str) -> str:
    """The type's name that `prepare` put into a variable's name."""
    text = variable[1 : variable.rindex("_")]
    return _unmangled(text)


def _unmangled(text: str) -> str:
    if text.startswith("l"):
        return f"LIST<{_unmangled(text[1:])}>"
    if text.startswith("m"):
        return f"MAP<STRING, {_unmangled(text[1:])}>"
    return text


def _read_json(text: str) -> Any:
    return json.loads(text)


# environments ---------------------------------------------------------------------------------------------------------


def environment(type_names: Iterable[str], most: int) -> Any:
    """Build the CEL environment that declares `most` variables of each type, plain and optional."""
    declared: dict[str, Any] = {f"s_{i}": cel.Type.BOOL for i in range(most)}
    for name in type_names:
        for i in range(most):
            declared[f"v{mangle(name)}_{i}"] = _cel_type(name)
            declared[f"o{mangle(name)}_{i}"] = cel.Type.Map(cel.Type.STRING, _cel_type(name))
    read = cel.FunctionDecl(
        "json", [cel.Overload("json_string", return_type=cel.Type.DYN, parameters=[cel.Type.STRING], impl=_read_json)]
    )
    return cel.NewEnv(
        variables=declared, extensions=[ext_optional.ExtOptional(), ext_strings.ExtStrings()], functions=[read]
    )


def compile_cel(env: Any, prepared: Prepared) -> Any:
    """Compile and type-check.

    Raises:
        ExpressionError: with the place in the text as it was written.
    """
    try:
        return env.compile(prepared.text)
    except RuntimeError as error:
        raise _explained(str(error), prepared) from None


def _explained(message: str, prepared: Prepared) -> ExpressionError:
    match = _MESSAGE.search(message)
    if "recursion limit" in message:
        return ExpressionError("an expression nests at most 30 levels deep")
    if match is None:
        return ExpressionError(message.partition(" [")[0], code="SYM144")
    start, end = _origin(prepared, int(match[2]) - 1)
    sentence = match[3].strip()
    undeclared = re.match(r"undeclared reference to '([^']+)'", sentence)
    if undeclared:
        name = undeclared[1]
        meant = nearest(name, FUNCTIONS)
        hint = f"did you mean {meant!r}?" if meant else "functions are those of CEL, strings, optionals, and json()"
        return ExpressionError(
            f"there is no function {name!r}", offset=start, length=end - start, code="SYM143", hint=hint
        )
    if sentence.startswith("invalid int literal"):
        return ExpressionError(
            "integers in expressions have 64 bits", offset=start, length=end - start, code="SYM141",
            hint="compute with it in a player",
        )  # fmt: skip
    overload = re.match(r"found no matching overload for '([^']+)' applied to '(.*)'", sentence, re.S)
    if overload:
        sentence, hint = _no_overload(overload[1], overload[2])
        return ExpressionError(sentence, offset=start, length=end - start, code="SYM144", hint=hint)
    return ExpressionError(sentence, offset=start, length=end - start, code="SYM144")


def _origin(prepared: Prepared, column: int) -> tuple[int, int]:
    best = (0, 1)
    for offset, origin in prepared.origins:
        if offset > column:
            break
        if origin[1] > origin[0]:
            best = origin
    return best


def _no_overload(function: str, types: str) -> tuple[str, str]:
    shown = re.sub(r"\b(int|double|bool|dyn)\b", lambda m: {"int": "integer", "double": "number", "bool": "boolean",
                                                            "dyn": "any"}[m[1]], types)  # fmt: skip
    operator = function.strip("_").replace("@in", "in").replace("_?_:_", "? :")
    inner = [t.strip() for t in shown.strip("()").split(",")]
    if function == "_?_:_":
        return f"the two cases of ? : have different types: {', '.join(inner[1:])}", "make both the same type"
    hint = ""
    if "integer" in inner and "number" in inner:
        hint = "write double(x) or int(x): integers and numbers do not mix by themselves"
    elif "string" in inner and len(inner) == 2:
        hint = "write string(x) to join it with text"
    if function.startswith(("_", "@")):
        return f"{operator!r} does not work on {' and '.join(inner)}", hint
    return f"{function}() does not take {shown}", hint


# evaluating -----------------------------------------------------------------------------------------------------------


class Evaluator:
    """Evaluates the expressions of one plan. Compiled forms are remembered by text and scope."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], tuple[Any, Prepared, dict[str, PortType]]] = {}

    def evaluate(
        self,
        expression: Expression,
        *,
        type_of: Callable[[Reference], PortType],
        value_of: Callable[[Reference], Any],
        state_of: Callable[[str, str], bool],
        scope: str = "",
    ) -> Any:
        """Evaluate an expression.

        Args:
            type_of: the port type behind a reference.
            value_of: the value behind a reference; raises KeyError for an absent task.
            state_of: answers ``failed`` and ``succeeded`` for a task.
            scope: whatever else the types depend on, such as the task whose `item` is meant.

        Raises:
            ExpressionError: the library could not evaluate it; says why.
        """
        program, prepared, types = self._program(expression, type_of, scope)
        data: dict[str, Any] = {name: state_of(*state) for name, state in prepared.states.items()}
        for name, reference in prepared.variables.items():
            if name in prepared.absent_ok:
                data[name] = _maybe(reference, types[name], value_of)
            else:
                data[name] = to_cel(value_of(reference), types[name], reference.text)
        result = program.eval(data=data)
        if result.type() == cel.Type.ERROR:
            raise ExpressionError(f"{expression}: {_plain_error(str(result.plain_value()))}")
        return from_cel(result.plain_value())

    def _program(
        self, expression: Expression, type_of: Callable[[Reference], PortType], scope: str
    ) -> tuple[Any, Prepared, dict[str, PortType]]:
        known = self._compiled.get((expression.text, scope))
        if known is None:
            prepared = prepare(expression, lambda r: mangle(cel_type_name(type_of(r))))
            types = {name: type_of(r) for name, r in prepared.variables.items()}
            names = tuple(sorted({cel_type_name(t) for t in types.values()}))
            env = shared_environment(names, len(types) + len(prepared.states))
            known = (compile_cel(env, prepared), prepared, types)
            self._compiled[expression.text, scope] = known
        return known


def _maybe(reference: Reference, t: PortType, value_of: Callable[[Reference], Any]) -> dict[str, Any]:
    try:
        return {"v": to_cel(value_of(reference), t, reference.text)}
    except KeyError:
        return {}


@lru_cache(maxsize=256)
def shared_environment(type_names: tuple[str, ...], most: int) -> Any:
    """The environment for these types, built once."""
    return environment(type_names, most)


def _plain_error(text: str) -> str:
    return re.sub(r"^[A-Z_]+: ", "", text)


def to_cel(value: Any, t: PortType, where: str) -> Any:
    """Turn a Python value into what CEL takes: structured values become maps, tuples lists, paths text.

    Raises:
        ExpressionError: an integer beyond 64 bits, or a value that may only be passed whole.
    """
    if value is None or isinstance(value, (str, bytes, bool)):
        return value if type(value) in (str, bytes, bool, type(None)) else _bare(value)
    if isinstance(value, int):
        if t.name == "number":
            return float(value)
        if not -(2**63) <= value < 2**63:
            raise ExpressionError(f"{where} is {value}: integers in expressions have 64 bits", code="SYM141")
        return int(value)
    if isinstance(value, float):
        return value
    if hasattr(value, "__fspath__"):  # a path, without importing its class into a pure module
        return str(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return _structured(value, t, where)


def _bare(value: Any) -> Any:
    return str(value) if isinstance(value, str) else bytes(value)


def _structured(value: Any, t: PortType, where: str) -> Any:
    fields = t.fields or {}
    if isinstance(value, Mapping):
        inner = t.value_type if t.name == "map" else pt.ANY
        return {str(k): to_cel(v, fields.get(k, inner), f"{where}.{k}") for k, v in value.items()}
    if hasattr(value, "_fields"):
        return {k: to_cel(getattr(value, k), fields.get(k, pt.ANY), f"{where}.{k}") for k in value._fields}
    if isinstance(value, (list, tuple)):
        inner = t.inner() if t.name in ("list", "tuple") else pt.ANY
        return [to_cel(v, inner, f"{where}[{i}]") for i, v in enumerate(value)]
    names = getattr(type(value), "__dataclass_fields__", None) or getattr(type(value), "model_fields", None)
    if names is not None:
        return {k: to_cel(getattr(value, k), fields.get(k, pt.ANY), f"{where}.{k}") for k in names}
    if hasattr(value, "total_seconds"):
        return value
    if hasattr(value, "value") and hasattr(type(value), "__members__"):
        return to_cel(value.value, pt.ANY, where)
    raise ExpressionError(
        f"{where} is of type {type(value).__qualname__}: it may only be passed whole, not used inside an expression"
    )


def from_cel(value: Any) -> Any:
    """Turn a CEL result into plain Python."""
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return [from_cel(v) for v in value]
    if isinstance(value, dict):
        return {from_cel(k): from_cel(v) for k, v in value.items()}
    return value
