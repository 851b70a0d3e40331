"""The matrix of a job as lists of `each`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from symphony.define.importers.github_expressions import has_expression
from symphony.define.importers.github_params import Parameters
from symphony.define.importers.new_names import NewNames
from symphony.define.importers.report import Report
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap, freeze
from symphony.model.source import Path
from symphony.model.task import Each

_LISTS = ("include", "exclude")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Matrix:
    """What becomes of a matrix.

    Attributes:
        each: the calls; None where there is no matrix.
        names: what each name of the matrix is called in `item`; None where any name may be there.
    """

    each: Each | None = None
    names: Mapping[str, str] | None = FrozenMap()

    def item(self, steps: tuple[str, ...]) -> Expression | None:
        """The reference for ``matrix.STEPS``; None where the matrix has no such name."""
        if self.each is None or not steps:
            return None
        if self.names is not None and steps[0] not in self.names:
            return None
        first = steps[0] if self.names is None else self.names[steps[0]]
        return Expression.reference("item", "", (first, *steps[1:]))


def matrix_of(data: Any, job: str, at: Path, params: Parameters, report: Report) -> Matrix:
    """Read a matrix; what GitHub works out while it runs becomes a required parameter, a list."""
    if isinstance(data, str) and has_expression(data):
        return Matrix(_single(_given(data, job, at, params)), None)
    lists = {k: v for k, v in data.items() if k not in _LISTS} if isinstance(data, dict) else {}
    if not isinstance(data, dict) or not all(isinstance(v, (list, str)) for v in lists.values()):
        report.warning("a matrix is a map of lists; it is left out, the job runs once", at)
        return Matrix()
    if any(key in data for key in _LISTS):
        if has_expression(data) or not all(_rows_are_maps(data.get(key, [])) for key in _LISTS):
            return Matrix(_single(_given("strategy.matrix", job, at, params)), None)
        return _expanded(rows(lists, data.get("include", []), data.get("exclude", [])), at, report)
    if not lists or any(v == [] for v in lists.values()):
        report.warning("the matrix is empty; it is left out, the job runs once", at)
        return Matrix()
    names = NewNames(("product",))
    over = {names.of(k): _list(v, f"{job}_{k}", (*at, k), params) for k, v in lists.items()}
    return Matrix(Each(over=FrozenMap(over), product=len(over) > 1), {k: names.of(k) for k in lists})


def rows(lists: Mapping[str, list[Any]], include: list[Row], exclude: list[Row]) -> list[Row]:
    """The combinations of a matrix as GitHub makes them.

    What `exclude` matches is left out. A row of `include` is added to every combination that it contradicts in no value
    of the lists themselves; one that fits nowhere is a combination of its own.
    """
    crossed = [dict(zip(lists, values, strict=True)) for values in product(*lists.values())] if lists else []
    kept = [row for row in crossed if not any(_matches(row, out) for out in exclude)]
    own = [dict(row) for row in kept]
    added: list[Row] = []
    for more in include:
        fits = [i for i, row in enumerate(own) if all(row[k] == v for k, v in more.items() if k in row)]
        for i in fits:
            kept[i].update(more)
        if not fits:
            added.append(dict(more))
    return [*kept, *added]


def _matches(row: Row, out: Row) -> bool:
    return all(key in row and row[key] == value for key, value in out.items())


def _expanded(found: list[Row], at: Path, report: Report) -> Matrix:
    if not found:
        report.warning("the matrix is empty; it is left out, the job runs once", at)
        return Matrix()
    keys = list(dict.fromkeys(key for row in found for key in row))
    report.note(f"include and exclude are worked out: {len(found)} combinations", at)
    full = tuple(freeze({key: row.get(key, "") for key in keys}) for row in found)
    return Matrix(_single(full), {key: key for key in keys})


def _rows_are_maps(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(row, dict) for row in data)


def _list(data: Any, name: str, at: Path, params: Parameters) -> Any:
    return _given(str(data), name, at, params) if has_expression(data) or isinstance(data, str) else freeze(data)


def _given(source: str, name: str, at: Path, params: Parameters) -> Expression:
    inner = source.strip().removeprefix("${{").removesuffix("}}").strip()
    return params.required(inner, at, type="list[json]", wish=f"matrix_{name}", why="a list, given as JSON")


def _single(data: Any) -> Each:
    return Each(over=FrozenMap({"": data}))
