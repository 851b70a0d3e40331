"""Which types fit which ports."""

from __future__ import annotations

import collections.abc
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import pytest

from symphony.compiler.fit import Fit, fit
from symphony.define.annotations import Html, Media, to_port_type
from symphony.model.port_type import parse_port_type


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        ("integer", "integer", Fit.YES),
        ("integer", "number", Fit.YES),
        ("number", "integer", Fit.NO),
        ("boolean", "integer", Fit.NO),
        ("list[integer]", "list[number]", Fit.YES),
        ("list[list[integer]]", "list[list[number]]", Fit.YES),
        ("map[integer]", "map[number | null]", Fit.YES),
        ("integer | null", "number | null", Fit.YES),
        ("integer | null", "integer", Fit.NO),
        ("any", "string", Fit.AT_RUN),
        ("list[any]", "list[string]", Fit.AT_RUN),
        ("string", "any", Fit.YES),
        ("json", "string", Fit.AT_RUN),
        ("string", "json", Fit.YES),
        ("path", "json", Fit.NO),
        ("path", "string", Fit.NO),
        ("text/html", "string", Fit.YES),
        ("string", "text/html", Fit.NO),
        ("text/html", "text/*", Fit.YES),
        ("application/json", "string", Fit.YES),
        ("image/png", "bytes", Fit.YES),
        ("image/png", "string", Fit.NO),
        ("file[text/csv]", "path", Fit.YES),
        ("path", "file[text/csv]", Fit.NO),
        ('literal["a", "b"]', "string", Fit.YES),
        ('literal["a", 1]', "string", Fit.NO),
        ('literal["a"]', 'literal["a", "b"]', Fit.NO),
        ("tuple[integer, ...]", "list[integer]", Fit.YES),
        ("tuple[integer, string]", "tuple[number, string]", Fit.YES),
        ("tuple[integer]", "tuple[integer, integer]", Fit.NO),
        ("list[integer]", "set[integer]", Fit.NO),
    ],
)
def test_what_fits_what(given: str, wanted: str, expected: Fit):
    """Semantics 27 and 28: fitting is covariant, int fits float inside containers, media types fit their plain type."""
    assert fit(parse_port_type(given), parse_port_type(wanted)) is expected


class Base: ...


class Derived(Base): ...


class Row(NamedTuple):
    name: str
    size: int


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        (Derived, Base, Fit.YES),
        (Base, Derived, Fit.NO),
        (list[Derived], list[Base], Fit.YES),
        (Row, dict[str, Any], Fit.YES),
        (Row, dict[str, int], Fit.NO),
        (Html, str, Fit.YES),
        (Annotated[Path, Media("text/csv")], Path, Fit.YES),
        (Literal["a"], str, Fit.YES),
        (collections.abc.Callable[[int], str], collections.abc.Callable[..., Any], Fit.YES),
    ],
)
def test_python_annotations_fit_as_their_classes_do(given: Any, wanted: Any, expected: Fit):
    assert fit(to_port_type(given), to_port_type(wanted)) is expected


@pytest.mark.parametrize(
    "text", ["list[", "nothing", "list[a]", "tuple[integer", "literal[x]", "list[integer, string]"]
)
def test_what_is_no_type_is_refused_with_a_reason(text: str):
    with pytest.raises(ValueError, match="type"):
        parse_port_type(text)


@pytest.mark.parametrize(
    "text",
    ["list[string]", "map[integer, list[path]]", "string | null", "tuple[integer, ...]", 'literal["a", 1, true]',
     "file[text/csv]", "acme.models:Row.Inner"],
)  # fmt: skip
def test_a_type_reads_back_from_its_text(text: str):
    assert str(parse_port_type(text)) == text


class Named(TypedDict):
    """A dict that has a name."""

    name: str


class Pair(NamedTuple):
    """A tuple of two."""

    left: int
    right: int


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [(Named, Pair, Fit.NO), (Pair, Named, Fit.NO), (Named, Named, Fit.YES),
     (collections.OrderedDict, Named, Fit.AT_RUN), (Named, collections.OrderedDict, Fit.NO)],
)  # fmt: skip
def test_a_typed_dict_beside_another_class_is_judged_as_a_dict(given: Any, wanted: Any, expected: Fit) -> None:
    assert fit(to_port_type(given), to_port_type(wanted)) is expected
