"""The parameters of a melody that comes from GitHub Actions: inputs of a dispatch, and what only GitHub would know."""

from __future__ import annotations

from typing import Any

from symphony.define.importers.github_expressions import has_expression, path_of
from symphony.define.importers.new_names import NewNames, legal
from symphony.define.importers.report import Report
from symphony.model.expression import Expression
from symphony.model.param import Param
from symphony.model.source import Path, Span

_TYPES = {"string": "string", "boolean": "boolean", "number": "number", "choice": "string", "environment": "string"}
_EMPTY: dict[str, Any] = {"string": "", "boolean": False, "number": 0}
_KNOWN = ("description", "required", "default", "type", "options", "deprecationMessage")
_PLAIN_CONTEXTS = ("github", "vars", "inputs", "runner")
"""Contexts whose values are known before a run, so that a parameter says as much."""
CHECKOUT = "checkout"


class Parameters:
    """Collects parameters; the same expression gives the same parameter."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.params: dict[str, Param] = {}
        self._names = NewNames()

    def declare(self, inputs: Any, at: Path) -> None:
        """Make parameters of the inputs that a trigger declares."""
        if inputs is None:
            return
        if not isinstance(inputs, dict):
            self.report.warning("inputs is no map; it is left out", at)
            return
        for name, data in inputs.items():
            key = f"inputs.{name}"
            if key in self._names:
                continue
            new = self._names.of(key, name)
            if new != name:
                self.report.note(f"the input {name!r} became the parameter {new}", (*at, name), key=True)
            self.params[new] = self._declared(data or {}, (*at, name))

    def input(self, name: str) -> Expression | None:
        """The reference to a declared input; None where it is not declared."""
        key = f"inputs.{name}"
        return Expression.reference("params", self._names.of(key)) if key in self._names else None

    def kind_of(self, source: str) -> str | None:
        """``string`` or ``boolean`` for a value that is known before a run; None for any other."""
        steps = path_of(source)
        found = self.input(declared_input(steps))
        if found is not None:
            type = self.params[found.references[0].name].type
            return type if type in ("string", "boolean") else None
        return "string" if steps[:1] in (("github",), ("vars",)) and steps != ("github", "token") else None

    def value_of(self, source: str, at: Path) -> Expression:
        """The reference to a value that is known before a run."""
        return self.input(declared_input(path_of(source))) or self.required(source, at)

    def checkout(self) -> Expression:
        """The reference to the folder that stands for the checked out repository."""
        name = self._names.of("actions/checkout", CHECKOUT)
        self.params.setdefault(
            name, Param(type="path", default=".", description="The folder that jobs work on a copy of.")
        )
        return Expression.reference("params", name)

    def required(
        self, source: str, at: Path, *, span: Span | None = None, type: str = "string", wish: str = "", why: str = ""
    ) -> Expression:
        """The reference to a parameter that stands for an expression which only GitHub can evaluate.

        Args:
            source: the expression.
            at: where it stands, for the report; `span` is the exact place.
            type: the type of the parameter.
            wish: a name for it; made from the expression when empty.
            why: what the report says besides.
        """
        key = f"{type} {wish} {source}"
        new = key not in self._names
        name = self._names.of(key, wish or source)
        if new:
            shown = " ".join(source.split())
            self.params[name] = Param(type=type, required=True, description=f"Stands for GitHub's {shown}")
            message = f"{shown} became the required parameter {name}" + (f": {why}" if why else "")
            plain = source.partition(".")[0] in _PLAIN_CONTEXTS and source.replace(".", "").isidentifier()
            tell = self.report.note if plain and not why else self.report.warning
            tell(message, at, span=span)
        return Expression.reference("params", name)

    def condition(self, source: str, at: Path, why: str = "say on each run whether it holds") -> Expression:
        """The reference to a parameter that says whether a condition holds."""
        return self.required(source, at, type="boolean", wish=f"if_{legal(source)}", why=why)

    def _declared(self, data: Any, at: Path) -> Param:
        if not isinstance(data, dict):
            self.report.warning("an input is a map; it became a text without a default", at)
            return Param(required=True)
        for key in data:
            if key not in _KNOWN:
                self.report.warning(f"the key {key!r} of an input is not understood", (*at, key), key=True)
        kind = data.get("type", "string")
        if kind not in _TYPES or kind == "environment":
            self.report.warning(f"an input of type {kind!r} became a text", (*at, "type"))
        type = _TYPES.get(kind, "string") if isinstance(kind, str) else "string"
        fields: dict[str, Any] = {"type": type, "description": str(data.get("description") or "")}
        options = data.get("options")
        if isinstance(options, list) and options and not has_expression(options):
            fields["choices"] = tuple(str(option) for option in options)
        default = self._default(data, type, fields.get("choices"), at)
        return Param(**fields, required=True) if default is None else Param(**fields, default=default)

    def _default(self, data: dict[str, Any], type: str, choices: tuple[str, ...] | None, at: Path) -> Any:
        default = data.get("default")
        if default is None:
            if data.get("required") is True:
                return None
            return choices[0] if choices else _EMPTY[type]
        fits = {"boolean": isinstance(default, bool), "number": isinstance(default, (int, float))}.get(type, True)
        if type == "boolean" and default in ("true", "false"):
            return default == "true"
        if not fits or has_expression(default) or isinstance(default, (dict, list)):
            self.report.warning(f"the default is no {type}; the parameter is required", (*at, "default"))
            return None
        text = default if type != "string" else text_of(default)
        if choices and text not in choices:
            self.report.warning("the default is none of the options; the parameter is required", (*at, "default"))
            return None
        return text


def declared_input(steps: tuple[str, ...]) -> str:
    """The name of the input that a path reads, in its old form or the new one; empty where it reads none."""
    old = steps[:3] == ("github", "event", "inputs") and len(steps) == 4
    return steps[-1] if old or (steps[:1] == ("inputs",) and len(steps) == 2) else ""


def text_of(value: Any) -> str:
    """A scalar as GitHub puts it into text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
