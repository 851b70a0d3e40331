"""Cases of lists: each, zip, product, each over each, filters, empty lists, failed elements."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from itertools import pairwise
from typing import Any

from symphony.define.player import operator
from symphony.define.tracing import call, each, expr, index, item, melody, product
from symphony.testing.executor_cases.case import Cases
from symphony.testing.executor_cases.graphs import add, count_to, total

cases = Cases()


@operator(version="1.0.0")
def double(x: int) -> int:
    """Twice a number."""
    return 2 * x


@operator(version="1.0.0")
def no_ones(x: int) -> int:
    """The number itself; one is refused."""
    if x == 1:
        raise ValueError("no ones")
    return x


@operator(version="1.0.0")
def pairs_of(xs: list[int]) -> list[tuple[int, int]]:
    """Neighbours in a list."""
    return list(pairwise(xs))


@operator(version="1.0.0")
def first_of(pair: tuple[int, int]) -> int:
    """The first of two."""
    return pair[0]


@operator(version="1.0.0")
def as_tuple(n: int) -> tuple[int, ...]:
    """The numbers below n."""
    return tuple(range(n))


@melody
def over_a_list(n: int = 4) -> Any:
    ys = add(a=each(count_to(n=n)), b=100)
    return {"list": ys, "sum": total(xs=ys)}


@melody
def over_literals() -> Any:
    return add(a=each([5, 6, 7]), b=100)


@melody
def over_a_tuple() -> Any:
    return add(a=each(as_tuple(n=3)), b=100)


@melody
def over_tuples() -> Any:
    return first_of(pair=each(pairs_of(xs=[4, 5, 6])))


@melody
def zipped() -> Any:
    return add(a=each(count_to(n=3)), b=each([10, 20, 30]))


@melody
def unequal() -> Any:
    z = add(a=each(count_to(n=3)), b=each(as_tuple(n=2)))
    return z


@melody
def crossed() -> Any:
    return add(**product(a=count_to(n=2), b=[10, 20, 30]))


@melody
def crossed_over_each() -> Any:
    xs = add(a=each([1, 2]), b=100)
    return add(**product(a=xs, b=[10, 20]))


@melody
def each_over_each() -> Any:
    a = add(a=each(count_to(n=4)), b=100)
    b = double(each(a))
    c = add(a=each(b), b=7)
    return {"c": c, "sum": total(xs=b)}


@melody
def zipped_over_each() -> Any:
    a = add(a=each(count_to(n=3)), b=100)
    b = double(each(a))
    return add(a=each(a), b=each(b))


@melody
def with_index() -> Any:
    return call(add, with_={"a": item, "b": index * 10}, each=[5, 6, 7])


@melody
def filtered() -> Any:
    odd = call(double, with_={"x": item}, each=count_to(n=5), when=item % 2 == 1)
    return {"odd": odd, "sum": total(xs=odd)}


@melody
def filtered_by_index() -> Any:
    late = call(double, with_={"x": item}, each=[7, 8, 9], when=index > 0)
    return late


@melody
def filtered_then_each() -> Any:
    odd = call(double, with_={"x": item}, each=count_to(n=5), when=item % 2 == 1)
    return add(a=each(odd), b=100)


@melody
def all_filtered() -> Any:
    none = call(double, with_={"x": item}, each=count_to(n=3), when=item > 10)
    return {"none": none, "sum": total(xs=none)}


@melody
def each_under_a_condition(go: bool) -> Any:
    ys = call(double, with_={"x": item}, each=count_to(n=3), when=expr("params.go"))
    return {"ys": ys, "sum": total(xs=ys)}


@melody
def of_an_empty_list() -> Any:
    ys = double(each(count_to(n=0)))
    zs = add(a=each(ys))
    return {"ys": ys, "zs": zs, "sum": total(xs=zs)}


@melody
def one_bad_element() -> Any:
    a = no_ones(each(count_to(n=3)))
    b = add(a=each(a), b=100)
    c = total(xs=b)
    alone = add(a=41)
    return {"b": b, "c": c, "alone": alone}


@melody
def not_a_list(n: int = 3) -> Any:
    bad = double(each(expr("{'a': params.n}")))
    return bad


cases.expect("each-keeps-the-order", over_a_list, outputs={"list": [100, 101, 102, 103], "sum": 406},
             tasks={"ys": "succeeded", "ys[0]": "succeeded", "ys[3]": "succeeded"})  # fmt: skip
cases.expect("each-over-literals", over_literals, outputs={"out": [105, 106, 107]})
cases.expect("each-over-a-tuple", over_a_tuple, outputs={"out": [100, 101, 102]})
cases.expect("each-over-tuples", over_tuples, outputs={"out": [4, 5]})
cases.expect("zip", zipped, outputs={"out": [10, 21, 32]})
cases.expect("zip-of-unequal-lists-fails", unequal, state="failed", outputs={"out": None}, tasks={"z": "failed"})
cases.expect("product-varies-the-last-fastest", crossed, outputs={"out": [10, 20, 30, 11, 21, 31]})
cases.expect("product-over-each", crossed_over_each, outputs={"out": [111, 121, 112, 122]})
cases.expect("each-over-each", each_over_each, outputs={"c": [207, 209, 211, 213], "sum": 812})
cases.expect("zip-over-each", zipped_over_each, outputs={"out": [300, 303, 306]})
cases.expect("item-and-index", with_index, outputs={"out": [5, 16, 27]})
cases.expect("a-filter-leaves-elements-out-and-keeps-their-index", filtered, outputs={"odd": [2, 6], "sum": 8},
             tasks={"odd": "succeeded", "odd[0]": "skipped", "odd[1]": "succeeded", "odd[2]": "skipped"})  # fmt: skip
cases.expect("a-filter-by-index", filtered_by_index, outputs={"out": [16, 18]}, tasks={"late[0]": "skipped"})
cases.expect("each-over-a-filtered-list", filtered_then_each, outputs={"out": [102, 106]})
cases.expect("a-filter-that-leaves-nothing", all_filtered, outputs={"none": [], "sum": 0})
cases.expect("a-condition-without-item-is-asked-once-and-holds", each_under_a_condition, params={"go": True},
             outputs={"ys": [0, 2, 4], "sum": 6})  # fmt: skip
cases.expect("a-condition-without-item-is-asked-once-and-skips", each_under_a_condition, params={"go": False},
             outputs={"ys": None, "sum": None}, tasks={"ys": "skipped", "total": "skipped"})  # fmt: skip
cases.expect(
    "an-empty-list-succeeds", of_an_empty_list, outputs={"ys": [], "zs": [], "sum": 0}, tasks={"ys": "succeeded"}
)
cases.expect("one-failed-element-fails-its-task-and-no-sibling", one_bad_element, state="failed",
             outputs={"c": None, "alone": 42}, notes={"b[1]": "failed: a[1]"},
             tasks={"a": "failed", "a[0]": "succeeded", "a[1]": "failed", "a[2]": "succeeded",
                    "b": "skipped", "b[0]": "succeeded", "b[1]": "skipped", "b[2]": "succeeded", "c": "skipped"})  # fmt: skip
cases.expect("each-over-a-map-is-an-error", not_a_list, state="failed", tasks={"bad": "failed"})
