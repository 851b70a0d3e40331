"""Plain data comes back equal and of the same types, or is refused with its place."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid
from collections import OrderedDict, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import msgpack
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symphony.errors import CodecError
from symphony.store.codecs.plain import FastWriter, Reader, Writer

_ZONES = st.sampled_from(
    [
        None, dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=30)), dt.timezone(dt.timedelta(0), "here"),
        ZoneInfo("Europe/Berlin"),
    ]
)  # fmt: skip
_HASHABLE = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.integers(-(2**100), 2**100), st.floats(allow_nan=False), st.text(),
        st.binary(), st.dates(), st.datetimes(timezones=_ZONES), st.times(), st.timedeltas(), st.uuids(),
        st.decimals(allow_nan=False), st.complex_numbers(allow_nan=False),
    ),
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip
_VALUES = st.recursive(
    _HASHABLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_HASHABLE, inner, max_size=4), st.tuples(inner),
        st.sets(_HASHABLE, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip


class Color(enum.Enum):
    RED = "r"
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: Any = None


@dataclass(frozen=True, slots=True)
class Stats:
    lines: int
    names: tuple[str, ...] = ()


@dataclass
class Counted:
    value: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = self.value * 2


class Row(TypedDict):
    x: int


class Model(pydantic.BaseModel):
    name: str
    inner: Stats | None = None
    _hidden: int = pydantic.PrivateAttr(default=3)


class Text(str):
    __slots__ = ()


@dataclass
class Restless:
    value: int

    def __post_init__(self) -> None:
        self.extra = 1


def back(value: Any) -> Any:
    return Reader().read(Writer().write(value))


def shape(value: Any) -> Any:
    """A value with all its types, so that 1, 1.0 and True differ, and the order of dictionaries counts."""
    if isinstance(value, (list, tuple)):
        return type(value), [shape(v) for v in value]
    if isinstance(value, dict):
        return dict, [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(v)) for v in value)
    if isinstance(value, dt.datetime):
        return dt.datetime, value.isoformat(), value.fold, repr(value.tzinfo)
    return type(value), repr(value)


@given(_VALUES)
@settings(max_examples=150, deadline=None)
def test_a_value_comes_back_with_all_its_types(value: Any) -> None:
    """Semantics 38: encoding is type-exact."""
    assert shape(back(value)) == shape(value)


@given(_VALUES)
@settings(max_examples=100, deadline=None)
def test_the_fast_writer_gives_the_same_bytes_or_nothing(value: Any) -> None:
    fast = FastWriter().write(value)

    assert fast is None or fast == Writer().write(value)


def test_one_as_integer_float_and_truth_have_three_encodings() -> None:
    """Semantics 38: 1, 1.0 and True differ."""
    assert len({Writer().write(v) for v in (1, 1.0, True)}) == 3


@given(st.sets(st.one_of(st.integers(), st.text(), st.tuples(st.integers())), min_size=2, max_size=8), st.randoms())
@settings(max_examples=50, deadline=None)
def test_sets_are_sorted(values: set[Any], random: Any) -> None:
    """Semantics 38: equal sets give equal bytes, whatever the order in which they were filled."""
    shuffled = list(values)
    random.shuffle(shuffled)

    assert Writer().write(set(shuffled)) == Writer().write(values)


def test_dictionaries_keep_their_order() -> None:
    """Semantics 38: dicts keep their order."""
    assert Writer().write({"a": 1, "b": 2}) != Writer().write({"b": 2, "a": 1})
    assert list(back({"b": 2, "a": 1})) == ["b", "a"]


@pytest.mark.parametrize(
    "value",
    [
        Color.RED, Level.LOW, Word.YES, Rights.READ, Rights.READ | Rights.WRITE, Point(1, (2, [3])), Stats(3, ("a",)),
        Counted(4), Model(name="x", inner=Stats(1)), [Stats(1), {"k": Point(1)}], {Color.RED: 1}, {Stats(1)},
        2**64, -(2**63) - 1, uuid.UUID(int=5), Decimal("1.00"), Decimal("NaN").__class__("Infinity"), "\ud800", b"\xff",
    ],
    ids=repr,
)  # fmt: skip
def test_classes_and_odd_values_come_back_equal(value: Any) -> None:
    found = back(value)

    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_a_typed_dict_is_a_dict() -> None:
    row: Row = {"x": 1}

    assert back(row) == {"x": 1}


def test_not_a_number_comes_back() -> None:
    assert math.isnan(back([math.nan])[0])


def test_the_fold_of_a_repeated_hour_comes_back() -> None:
    moment = dt.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))

    assert back(moment).fold == 1
    assert back(moment).utcoffset() == moment.utcoffset()


def test_private_and_unset_fields_of_a_model_come_back() -> None:
    model = Model(name="x")
    model._hidden = 7

    found = back(model)

    assert found._hidden == 7
    assert found.model_fields_set == {"name"}


@pytest.mark.parametrize(
    ("value", "place", "word"),
    [
        ({"rows": [1, 2, 3, {"x": object()}]}, "value.rows[3].x", "builtins:object"),
        ([Text("a")], "value[0]", "plain str"),
        ({"a": OrderedDict(b=1)}, "value.a", "plain dict"),
        (defaultdict(int), "value", "plain dict"),
        ((1, bytearray(b"x")), "value[1]", "bytearray"),
        ([[memoryview(b"x")]], "value[0][0]", "memoryview"),
        ([msgpack.ExtType(5, b"x")], "value[0]", "ExtType"),
        ({"k": msgpack.Timestamp(1)}, "value.k", "Timestamp"),
        (Stats(1, (object(),)), "value.names[0]", "builtins:object"),  # type: ignore[arg-type]
        ([Restless(1)], "value[0]", "Restless.extra is no field"),
        (lambda: 1, "value", "function"),
        ({1, (2, object())}, "value (the element", "builtins:object"),
        (dt.datetime(2026, 1, 1, tzinfo=type("Odd", (dt.tzinfo,), {})()), "value", "time zone"),
    ],
    ids=lambda v: v if isinstance(v, str) else type(v).__name__,
)  # fmt: skip
def test_what_cannot_come_back_is_refused_with_its_place(value: Any, place: str, word: str) -> None:
    """Semantics 38: what cannot come back equal is an error naming the codec."""
    with pytest.raises(CodecError) as caught:
        Writer().write(value)

    assert "codec msgpack cannot keep " + place in str(caught.value)
    assert word in str(caught.value)


def test_a_class_inside_a_function_is_refused() -> None:
    @dataclass
    class Local:
        x: int

    with pytest.raises(CodecError, match="define it at the top of its module"):
        Writer().write(Local(1))


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = [1]
    loop.append({"again": loop})

    with pytest.raises(CodecError, match="contains itself"):
        Writer().write(loop)


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: (v,), lambda v: {"k": v}], ids=["list", "tuple", "dict"])
def test_deep_nesting_is_an_error_and_not_a_crash(wrap: Any) -> None:
    value: Any = 1
    for _ in range(5_000):
        value = wrap(value)

    with pytest.raises(CodecError, match="nested"):
        Writer().write(value)


def test_a_class_that_is_not_loaded_names_the_module_to_import() -> None:
    data = Writer().write(Stats(1)).replace(b"test_plain:Stats", b"test_stain:Stats")

    with pytest.raises(CodecError, match=r"import \S*test_stain and read it again"):
        Reader().read(data)


def test_classes_are_found_by_the_given_function() -> None:
    asked: list[str] = []

    def classes(name: str) -> type:
        asked.append(name)
        return Stats

    assert Reader(classes_of=classes).read(Writer().write(Stats(1))) == Stats(1)
    assert asked == [f"{__name__}:Stats"]


@pytest.mark.parametrize("cls", [Text, Exception, Model], ids=lambda c: c.__name__)
def test_only_the_kind_of_class_that_was_stored_is_built(cls: type) -> None:
    data = Writer().write(Stats(1))

    with pytest.raises(CodecError, match="stored as a dataclass and is none now"):
        Reader(classes_of=lambda _: cls).read(data)


def test_a_class_whose_fields_changed_is_refused() -> None:
    with pytest.raises(CodecError, match=r"stored with the fields value, double, and has lines, names now"):
        Reader(classes_of=lambda _: Stats).read(Writer().write(Counted(1)))


def test_reading_runs_nothing_of_a_class() -> None:
    data = Writer().write(Counted(2))
    ran: list[int] = []

    def spy(self: Any) -> None:
        ran.append(1)

    original, Counted.__post_init__ = Counted.__post_init__, spy  # type: ignore[method-assign]
    try:
        assert Reader().read(data).double == 4
    finally:
        Counted.__post_init__ = original  # type: ignore[method-assign]
    assert ran == []


def test_for_showing_instances_are_dicts() -> None:
    data = Writer().write([Stats(1, ("a",)), Color.RED, Point(1, 2), Model(name="x")])

    assert Reader(as_plain=True).read(data) == [
        {"lines": 1, "names": ("a",)}, "r", {"x": 1, "y": 2}, {"name": "x", "inner": None}
    ]  # fmt: skip


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_strange_bytes_are_refused_or_read_and_never_crash(data: bytes) -> None:
    with suppress(CodecError):
        Reader().read(data)
