from symphony.testing import FakeClock, in_turn


def test_few_lines_raise_no_alarm(run_melody):
    result = run_melody("news.yaml", {"url": "u"}, stubs={"http.get_text": "one\ntwo"})

    result.assert_states(lines="succeeded", alarm="skipped")
    assert result.outputs["lines"] == ["one", "two"]


def test_a_stub_may_be_a_function_and_knows_its_calls(run_melody):
    result = run_melody("news.yaml", {"url": "u"}, stubs={"http.get_text": lambda url: f"news of {url}"})

    calls = result.stubs["http.get_text"]
    assert len(calls) == 1
    assert calls[0].inputs["url"] == "u"
    result.assert_outputs(lines=["news of u"])


def test_a_server_that_is_away_is_asked_again_after_a_week(run_melody):
    clock = FakeClock()
    answers = in_turn(TimeoutError("away"), TimeoutError("still away"), "back")

    result = run_melody("news.yaml", stubs={"http.get_text": answers}, clock=clock)

    result.assert_succeeded()
    assert clock.monotonic() == 14 * 24 * 3600


def test_lines_are_as_they_were(run_melody, snapshot):
    result = run_melody("news.yaml", stubs={"http.get_text": "one\ntwo"})

    snapshot(result.outputs["lines"])
