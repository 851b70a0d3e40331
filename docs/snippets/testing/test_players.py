from words import count_words

from symphony.testing import PlayerSuite, run_player


class TestCountWords(PlayerSuite):
    player = count_words
    inputs = {"line": "to be or not to be"}


def test_words_of_a_line():
    assert run_player(count_words, line="to be") == 2
