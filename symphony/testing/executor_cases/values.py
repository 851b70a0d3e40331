"""Cases of values: every port type as a parameter and between tasks, classes, several outputs, defaults, media types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID

from pydantic import BaseModel

from symphony.define.annotations import Csv, Html, Json, Markdown, Table, media
from symphony.define.player import Player, operator
from symphony.define.tracing import melody
from symphony.model.expression import Expression
from symphony.model.frozen import FrozenMap
from symphony.model.melody import Melody
from symphony.model.param import Param
from symphony.model.task import Task
from symphony.testing.executor_cases.case import Cases, Road
from symphony.testing.executor_cases.stage import Stage, must, must_equal

cases = Cases()

# parameters of each type ------------------------------------------------------------------------------------------------


@operator(version="1.0.0")
def pass_string(value: str, step: int = 0) -> str:
    """The text itself."""
    return value


@operator(version="1.0.0")
def pass_integer(value: int, step: int = 0) -> int:
    """The number itself."""
    return value


@operator(version="1.0.0")
def pass_number(value: float, step: int = 0) -> float:
    """The number itself."""
    return value


@operator(version="1.0.0")
def pass_boolean(value: bool, step: int = 0) -> bool:
    """The truth itself."""
    return value


@operator(version="1.0.0")
def pass_bytes(value: bytes, step: int = 0) -> bytes:
    """The bytes themselves."""
    return value


@operator(version="1.0.0")
def pass_json(value: Json, step: int = 0) -> Json:
    """The data itself."""
    return value


@operator(version="1.0.0")
def pass_datetime(value: datetime, step: int = 0) -> datetime:
    """The moment itself."""
    return value


@operator(version="1.0.0")
def pass_duration(value: timedelta, step: int = 0) -> timedelta:
    """The duration itself."""
    return value


@operator(version="1.0.0")
def pass_list(value: list[int], step: int = 0) -> list[int]:
    """The list itself."""
    return value


@operator(version="1.0.0")
def pass_map(value: dict[str, float], step: int = 0) -> dict[str, float]:
    """The map itself."""
    return value


@operator(version="1.0.0")
def pass_anything(value: Any, step: int = 0) -> Any:
    """The value itself."""
    return value


def through(player: Player[..., Any], type: str) -> Melody:
    """A melody that hands a parameter of a type to a player, and what comes of it to the player again."""
    first = Task.model_validate({"player": player.name, "with": {"value": Expression.reference("params", "value")}})
    again = {"value": Expression.reference("tasks", "first"), "step": 1}
    second = Task.model_validate({"player": player.name, "with": again})
    return Melody(
        melody="through", params=FrozenMap({"value": Param.model_validate({"type": type})}),
        tasks=FrozenMap({"first": first, "second": second}),
        outputs=FrozenMap({"out": Expression.reference("tasks", "second")}),
    )  # fmt: skip


_MOMENT = datetime(2024, 2, 29, 12, 30, 15, 250, tzinfo=UTC)
_GIVEN: tuple[tuple[str, Player[..., Any], str, Any], ...] = (
    ("a-string", pass_string, "string", "schön 🎼\n"),
    ("an-empty-string", pass_string, "string", ""),
    ("an-integer", pass_integer, "integer", 2**62),
    ("a-number", pass_number, "number", 1.5),
    ("an-integer-where-a-number-is-asked", pass_anything, "number", 2.0),
    ("a-boolean", pass_boolean, "boolean", False),
    ("bytes", pass_bytes, "bytes", bytes(range(256))),
    ("json", pass_json, "json", {"a": [1, 2.0, None, True], "b": {"c": "d"}}),
    ("a-datetime", pass_datetime, "datetime", _MOMENT),
    ("a-duration", pass_duration, "duration", timedelta(days=1, milliseconds=5)),
    ("a-list", pass_list, "list[integer]", [3, 1, 2]),
    ("a-map", pass_map, "map[number]", {"z": 1.0, "a": -0.5}),
)
for _name, _player, _type, _value in _GIVEN:
    cases.expect(f"a-parameter-{_name}", through(_player, _type), params={"value": _value}, outputs={"out": _value})

# values that bodies make ----------------------------------------------------------------------------------------------


class Colour(Enum):
    """Something of a few."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Point:
    """A dataclass."""

    x: int
    y: int = 0
    label: str | None = None


class Person(BaseModel):
    """A pydantic model."""

    name: str
    born: date
    friends: list[str] = []


class Span(NamedTuple):
    """A tuple with names."""

    low: int
    high: int


class Row(TypedDict):
    """A map with known keys."""

    name: str
    size: int


@operator(version="1.0.0")
def a_point() -> Point:
    """A dataclass."""
    return Point(1, 2, "here")


@operator(version="1.0.0")
def mirrored(point: Point) -> Point:
    """The point with its numbers exchanged."""
    return Point(point.y, point.x, point.label)


@operator(version="1.0.0")
def a_person() -> Person:
    """A pydantic model."""
    return Person(name="Ada", born=date(1815, 12, 10), friends=["Mary"])


@operator(version="1.0.0")
def older(person: Person) -> Person:
    """The person, born a century before."""
    return person.model_copy(update={"born": person.born.replace(year=person.born.year - 100)})


@operator(version="1.0.0")
def a_row() -> Row:
    """A map with known keys."""
    return {"name": "a", "size": 3}


@operator(version="1.0.0")
def the_size(row: Row) -> int:
    """The size in a row."""
    return row["size"]


@operator(version="1.0.0")
def a_span() -> Span:
    """A tuple with names, as one value."""
    return Span(1, 5)


@operator(version="1.0.0")
def a_set() -> set[str]:
    """A set."""
    return {"b", "a"}


@operator(version="1.0.0")
def a_tuple() -> tuple[int, str, None]:
    """A tuple of several types."""
    return (1, "one", None)


@operator(version="1.0.0")
def a_colour() -> Colour:
    """A member of an enumeration."""
    return Colour.BLUE


@operator(version="1.0.0")
def scalars() -> dict[str, Any]:
    """Values of types that JSON lacks."""
    return {"decimal": Decimal("1.10"), "uuid": UUID(int=7), "date": date(2024, 2, 29), "time": time(1, 2, 3), "bytes": b"\0",
            "inf": float("inf"), "moment": _MOMENT, "duration": timedelta(seconds=1.5)}  # fmt: skip


@operator(version="1.0.0")
def nothing_at_all() -> int | None:
    """None as a value."""
    return None


@operator(version="1.0.0")
def or_seven(n: int | None) -> int:
    """The number, or seven for none."""
    return 7 if n is None else n


@operator(version="1.0.0")
def choose(mode: Literal["fast", "slow"] = "slow", times: int = 2) -> str:
    """A text made of defaults."""
    return mode * times


@operator(version="1.0.0")
def a_page(title: str) -> Html:
    """A page."""
    return f"<h1>{title}</h1>"


@operator(version="1.0.0")
def a_note() -> Markdown:
    """A text in Markdown."""
    return "# note"


@operator(version="1.0.0")
def a_picture() -> media("image/png"):  # type: ignore[valid-type]  # an annotation that is made
    """Bytes of a known kind."""
    return b"\x89PNG"


@operator(version="1.0.0")
def some_csv() -> Csv:
    """Comma-separated values."""
    return "a,b\n1,2\n"


@operator(version="1.0.0")
def plain_size(text: str) -> int:
    """The length of any text."""
    return len(text)


@operator(version="1.0.0")
def a_table() -> Table:
    """Rows of a table."""
    return [{"name": "a", "n": 1}, {"name": "b", "n": None}]


@melody
def a_dataclass_travels() -> Any:
    point = a_point()
    return {"point": point, "mirrored": mirrored(point=point)}


@melody
def a_model_travels() -> Any:
    return older(person=a_person())


@melody
def a_typed_dict_travels() -> Any:
    row = a_row()
    return {"row": row, "size": the_size(row=row)}


@melody
def values_of_many_types() -> Any:
    return {"span": a_span(), "set": a_set(), "tuple": a_tuple(), "colour": a_colour(), "scalars": scalars()}


@melody
def none_is_a_value() -> Any:
    none = nothing_at_all()
    return {"none": none, "seven": or_seven(n=none)}


@melody
def defaults_are_taken() -> Any:
    return {"all": choose(), "one": choose(times=1), "none": choose(mode="fast", times=1)}


@melody
def media_types() -> Any:
    page = a_page(title="x")
    return {"page": page, "size": plain_size(text=page), "note": a_note(), "picture": a_picture(), "csv": some_csv(),
            "table": a_table()}  # fmt: skip


@melody
def a_field_by_expression() -> Any:
    row = a_row()
    return pass_integer(value=row["size"] + 1)


cases.expect(
    "a-dataclass-travels", a_dataclass_travels, outputs={"point": Point(1, 2, "here"), "mirrored": Point(2, 1, "here")}
)
cases.expect("a-pydantic-model-travels", a_model_travels,
             outputs={"out": Person(name="Ada", born=date(1715, 12, 10), friends=["Mary"])})  # fmt: skip
cases.expect("a-typed-dict-travels", a_typed_dict_travels, outputs={"row": {"name": "a", "size": 3}, "size": 3})
cases.expect("values-of-many-types", values_of_many_types,
             outputs={"span": Span(1, 5), "set": {"a", "b"}, "tuple": (1, "one", None), "colour": Colour.BLUE,
                      "scalars": scalars.function()})  # fmt: skip
cases.expect("none-is-a-value", none_is_a_value, outputs={"none": None, "seven": 7})
cases.expect("defaults-are-taken", defaults_are_taken, outputs={"all": "slowslow", "one": "slow", "none": "fast"})
cases.expect("media-types-fit-their-plain-types", media_types,
             outputs={"page": "<h1>x</h1>", "size": 10, "note": "# note", "picture": b"\x89PNG", "csv": "a,b\n1,2\n",
                      "table": [{"name": "a", "n": 1}, {"name": "b", "n": None}]})  # fmt: skip
cases.expect("a-field-in-an-expression", a_field_by_expression, outputs={"out": 4})

# several outputs ------------------------------------------------------------------------------------------------------


class Shares(TypedDict):
    """Outputs by name."""

    whole: int
    rest: int


@dataclass
class Words:
    """Outputs by name."""

    first: str
    others: list[str]


@operator(version="1.0.0", outputs=True)
def bounds(xs: list[int]) -> Span:
    """The least and the greatest."""
    return Span(min(xs), max(xs))


@operator(version="1.0.0", outputs=True)
def divided(n: int, by: int) -> Shares:
    """Quotient and remainder."""
    return {"whole": n // by, "rest": n % by}


@operator(version="1.0.0", outputs=True)
def words(text: str) -> Words:
    """The first word, and the others."""
    first, *others = text.split()
    return Words(first, others)


@melody
def several_outputs() -> Any:
    span = bounds(xs=[3, 1, 2])
    shares = divided(n=span.high, by=2)
    said = words(text="one two three")
    return {"low": span.low, "whole": shares.whole, "rest": shares.rest, "first": said.first, "others": said.others}  # type: ignore[attr-defined]


cases.expect("several-outputs", several_outputs,
             outputs={"low": 1, "whole": 1, "rest": 1, "first": "one", "others": ["two", "three"]})  # fmt: skip

# values that cannot be kept -------------------------------------------------------------------------------------------


class Opaque:
    """Something that no codec keeps."""

    def __init__(self, n: int) -> None:
        self.n = n


@operator(version="1.0.0")
def an_opaque() -> Any:
    """Something that no codec keeps."""
    return Opaque(5)


@operator(version="1.0.0")
def inside(value: Any) -> int:
    """What is inside it."""
    return int(value.n)


@melody
def opaque_values() -> Any:
    return inside(value=an_opaque())


cases.expect("values-that-no-codec-keeps-pass-in-memory", opaque_values, outputs={"out": 5}, needs=("shares_memory",),
             roads=(Road.MEMORY, Road.QUIET))  # fmt: skip


@cases.scenario(opaque_values)
def a_result_that_no_codec_keeps_fails_its_task(stage: Stage) -> None:
    played = stage.run(opaque_values)
    played.must_be("failed", {"an_opaque": "failed", "inside": "skipped"}, {})
    must("codec" in str(played.error_of("an_opaque")["message"]), "the error does not name the codec")
    must_equal("the output", played.result.outputs["out"], None)
