from symphony import each, melody, operator


@operator
def count_words(line: str) -> int:
    return len(line.split())


@operator
def total(counts: list[int]) -> int:
    return sum(counts)


@melody(version="1.0.0")
def words(lines: list[str] = ["to be or", "not to be"]):
    counts = count_words(line=each(lines))
    return total(counts=counts)
