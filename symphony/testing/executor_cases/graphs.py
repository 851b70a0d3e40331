"""Cases of shapes: chains, diamonds, fans, order without data, sub-melodies, expressions, priorities."""

# In a melody references stand for values, which a type checker cannot follow.
# mypy: disable-error-code="call-arg,arg-type,untyped-decorator"

from __future__ import annotations

from typing import Any

from symphony.define.player import operator
from symphony.define.tracing import call, each, expr, melody
from symphony.testing.executor_cases.case import Cases, Road
from symphony.testing.executor_cases.marks import mark
from symphony.testing.executor_cases.stage import Stage, must_equal

cases = Cases()
WIDE = 1000


@operator(version="1.0.0")
def add(a: int, b: int = 1) -> int:
    """The sum of two numbers."""
    return a + b


@operator(version="1.0.0")
def total(xs: list[int]) -> int:
    """The sum of a list."""
    return sum(xs)


@operator(version="1.0.0")
def count_to(n: int) -> list[int]:
    """The numbers below n."""
    return list(range(n))


@operator(version="1.0.0")
def joined(parts: list[str]) -> str:
    """Texts in one."""
    return "".join(parts)


@operator(version="1.0.0")
def marked(log: str, text: str) -> None:
    """Leave a mark."""
    mark(log, text)


@melody
def one_task() -> Any:
    return add(a=1)


@melody
def nothing() -> Any:
    return {}


@melody
def only_literals(n: int = 3) -> Any:
    return {"n": n, "text": "as it stands", "list": [1, n]}


@melody
def chain() -> Any:
    a = add(a=0)
    b = add(a=a)
    c = add(a=b)
    d = add(a=c)
    return add(a=d)


@melody
def diamond() -> Any:
    top = add(a=1)
    left = add(a=top, b=10)
    right = add(a=top, b=20)
    return add(a=left, b=right)


@melody
def fan() -> Any:
    xs = [add(a=i, b=100) for i in range(20)]
    return total(xs=xs)


@melody
def two_ends() -> Any:
    a = add(a=1)
    return {"left": add(a=a, b=2), "right": add(a=a, b=3), "itself": a}


@melody
def same_input_twice() -> Any:
    a = add(a=3)
    return add(a=a, b=a)


@melody
def nested_inputs() -> Any:
    a = add(a=1)
    b = add(a=2)
    return total(xs=[a, 7, b])


@melody
def layers() -> Any:
    row: list[Any] = [add(a=i, b=1000) for i in range(5)]
    for _ in range(4):
        row = [add(a=row[i], b=row[(i + 1) % 5]) for i in range(5)]
    return total(xs=row)


@melody
def ordered(log: str) -> Any:
    third: Any = call(marked, with_={"log": log, "text": "third"}, needs=("second",)).named("third")
    second: Any = call(marked, with_={"log": log, "text": "second"}, needs=("first",)).named("second")
    first: Any = call(marked, with_={"log": log, "text": "first"}).named("first")
    del third, second, first


@melody
def small(n: int, by: int = 2) -> Any:
    once = add(a=n, b=by)
    twice = add(a=once, b=by)
    return {"once": once, "twice": twice}


@melody
def outer(n: int) -> Any:
    inner = small(n=n)
    return add(a=inner.twice, b=100)


@melody
def with_a_melody() -> Any:
    start = add(a=1)
    child = small(n=start)
    return {"once": child.once, "after": add(a=child.twice)}


@melody
def two_deep() -> Any:
    return outer(n=add(a=1))


@melody
def melody_per_element() -> Any:
    child = small(n=each(count_to(n=3)), by=10)
    return {"twice": child.twice, "sum": total(xs=child.once)}


@melody
def melody_over_melody() -> Any:
    first = small(n=each(count_to(n=3)), by=10)
    second = small(n=each(first.twice), by=100)
    return second.twice


@melody
def expressions(n: int = 5, name: str = "x") -> Any:
    a = add(a=n * 2 + 1, b=expr("size(params.name)"))
    text = joined(parts=[name, expr("string(tasks.a)"), expr("params.n > 3 ? '!' : '?'")])
    return {"a": a, "text": text, "size": expr("size(tasks.text)")}


@melody
def element_of_a_list() -> Any:
    call(count_to, with_={"n": 4}).named("xs")
    return add(a=expr("tasks.xs[3]"), b=expr("tasks.xs[0]"))


@melody
def wide(n: int = WIDE) -> Any:
    ys = add(a=each(count_to(n=n)), b=1_000_000)
    return {"sum": total(xs=ys)}


@melody
def by_priority(log: str) -> Any:
    gate: Any = call(marked, with_={"log": log, "text": "gate"}).named("gate")
    for name, priority in (("low", -5), ("middle", 0), ("high", 5)):
        call(marked, with_={"log": log, "text": name}, needs=("gate",), priority=priority).named(name)
    del gate


cases.expect("one-task", one_task, outputs={"out": 2}, tasks={"add": "succeeded"})
cases.expect("a-melody-without-tasks", nothing)
cases.expect("outputs-of-literals-and-params", only_literals, outputs={"n": 3, "text": "as it stands", "list": [1, 3]})
cases.expect("a-chain", chain, outputs={"out": 5}, tasks={"a": "succeeded", "d": "succeeded", "add": "succeeded"})
cases.expect("a-diamond", diamond, outputs={"out": 34})
cases.expect("fan-out-and-fan-in", fan, outputs={"out": sum(range(100, 120))})
cases.expect("several-ends-and-a-middle-that-is-an-output", two_ends, outputs={"left": 4, "right": 5, "itself": 2})
cases.expect("one-value-at-two-ports", same_input_twice, outputs={"out": 8})
cases.expect("references-inside-a-list", nested_inputs, outputs={"out": 12})
cases.expect("layers-that-cross", layers, outputs={"out": 16 * 5010})
cases.expect("a-melody-inside-a-melody", with_a_melody, outputs={"once": 4, "after": 7},
             tasks={"child.once": "succeeded", "child.twice": "succeeded"})  # fmt: skip
cases.expect("a-melody-two-deep", two_deep, outputs={"out": 106})
cases.expect("a-melody-per-element", melody_per_element, outputs={"twice": [20, 21, 22], "sum": 33},
             tasks={"child[2].twice": "succeeded", "child[2]": "succeeded", "child": "succeeded"})  # fmt: skip
cases.expect("a-melody-per-element-of-a-melody-per-element", melody_over_melody, outputs={"out": [220, 221, 222]})
cases.expect("expressions-in-inputs-and-outputs", expressions, outputs={"a": 12, "text": "x12!", "size": 4})
cases.expect("one-element-of-a-list", element_of_a_list, outputs={"out": 3})
cases.expect("a-thousand-calls", wide, outputs={"sum": sum(range(WIDE)) + WIDE * 1_000_000},
             tasks={"ys": "succeeded", "ys[999]": "succeeded"}, roads=(Road.RECORDED, Road.QUIET))  # fmt: skip


@cases.scenario(ordered, roads=tuple(Road))
def needs_orders_without_data(stage: Stage) -> None:
    stage.run(ordered).must_be("succeeded", dict.fromkeys(("first", "second", "third"), "succeeded"), {})
    must_equal("the order of the calls", stage.marks, ["first", "second", "third"])
