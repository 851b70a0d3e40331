from symphony import operator
from symphony.testing import PlayerSuite, run_player


@operator
def longest(line: str) -> str:
    """Find the longest word of a line."""
    return max(line.split(), key=len)


class TestLongest(PlayerSuite):
    player = longest
    inputs = {"line": "to be or perhaps not"}


def test_longest_word():
    assert run_player(longest, line="to perhaps") == "perhaps"
