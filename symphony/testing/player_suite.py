"""Tests that every player should pass, to inherit."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar
from unittest import SkipTest

from symphony.define.player import Player
from symphony.store.anchors import Anchors
from symphony.testing.running import call_in_folder
from symphony.testing.storing import open_store


class PlayerSuite:
    """What a player promises, as tests. Inherit under a name that begins with ``Test``, and say what to call.

    Attributes:
        player: the player under test.
        inputs: what it is called with; override `make_inputs` where inputs are files.

    Example:
        ```python
        class TestCountWords(PlayerSuite):
            player = count_words
            inputs = {"line": "to be or not to be"}
        ```
    """

    player: ClassVar[Player[..., Any]]
    inputs: ClassVar[Mapping[str, Any]] = {}

    def make_inputs(self, folder: Path) -> dict[str, Any]:
        """The inputs of one test; files may be written into the folder, which is empty."""
        return deepcopy(dict(self.inputs))

    def test_signature_resolves(self) -> None:
        """Every annotation is found, and the function can be a player."""
        assert self.player.signature.qualname

    def test_docstring_has_a_summary(self) -> None:
        """The catalog shows the docstring's first line."""
        assert self.player.signature.summary, f"{self.player.name} has no docstring: say in one line what it does"

    def test_annotations_are_given(self) -> None:
        """A melody can be checked only where types are known."""
        missing = [n for n in (*self.player.parameters, "return") if n not in self.player.hints]

        assert missing == [], f"{self.player.name} lacks annotations: {', '.join(missing)}"

    def test_same_inputs_give_equal_results(self, tmp_path: Path) -> None:
        """A result that may be served must not depend on anything but the inputs."""
        signature = self.player.signature
        if signature.effect or not signature.cache:
            raise SkipTest(f"{signature.name} is never served from the store")
        inputs = self.make_inputs(tmp_path)

        first, second = (self._digest_of_result(inputs) for _ in range(2))

        assert first == second, f"{signature.name} gave two results for the same inputs: state cache=False, or seed it"

    def test_inputs_stay_unchanged(self, tmp_path: Path) -> None:
        """Inputs are shared between players, so they are read only."""
        inputs = self.make_inputs(tmp_path)
        before = {name: _digest_of(value, tmp_path) for name, value in inputs.items()}

        call_in_folder(self.player, inputs)

        changed = [name for name, value in inputs.items() if _digest_of(value, tmp_path) != before[name]]
        assert changed == [], f"{self.player.name} changed its inputs {', '.join(changed)}: copy them first"

    def _digest_of_result(self, inputs: Mapping[str, Any]) -> str:
        result, folder = call_in_folder(self.player, inputs)
        return _digest_of(result, folder, codec=self.player.signature.codec)


def _digest_of(value: Any, folder: Path, codec: str | None = None) -> str:
    """The digest of the form in which a store keeps a value; a new store each time, which remembers no file."""
    with open_store() as store:
        return store.put(value, codec=codec, anchors=Anchors(folder, workdir=folder)).digest
