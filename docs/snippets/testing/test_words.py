from words import count_words, words

from symphony import run


def test_words_are_counted():
    assert count_words("to be or") == 3


def test_the_melody_adds_up():
    result = run(words, params={"lines": ["to be", "or"]}, store="memory")

    assert result.outputs["out"] == 3


def test_the_second_run_is_served(tmp_path):
    run(words, store=tmp_path)

    result = run(words, store=tmp_path)

    assert result.counts["cached"] == 2
