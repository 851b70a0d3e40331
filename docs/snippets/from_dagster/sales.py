from symphony import melody, operator


@operator
def raw_sales() -> list[int]:
    return [3, 0, 4]


@operator
def sales(raw: list[int]) -> list[int]:
    return [amount for amount in raw if amount > 0]


@operator
def total(amounts: list[int]) -> int:
    return sum(amounts)


@melody(version="1.0.0")
def report():
    raw = raw_sales()
    clean = sales(raw=raw)
    return {"clean": clean, "total": total(amounts=clean)}
