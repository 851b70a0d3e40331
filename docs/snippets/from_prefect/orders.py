from symphony import each, melody, operator


@operator(retry=3)
def fetch(day: str) -> list[int]:
    return [len(day), 2]


@operator
def add(orders: list[list[int]]) -> int:
    return sum(sum(day) for day in orders)


@melody(version="1.0.0")
def orders(days: list[str] = ["monday", "friday"]):
    fetched = fetch(day=each(days))
    return add(orders=fetched)
