"""Players that load the weights of a model from a file, and a melody of fifty calls of them, one after the other."""

from __future__ import annotations

import random
from pathlib import Path

import numpy

MODELS, ROOM, CALLS, SIDE = 6, 3, 50, 1_024
SIZE_BYTES = 8 * SIDE * SIDE
_HEAD = '''
from pathlib import Path

import numpy

from symphony import instrument, melody


class Model:
    def __init__(self, number: int) -> None:
        self.weights = numpy.load(Path(__file__).parent / f"weights-{number}.npy")

    def close(self) -> None:
        del self.weights

    def answer(self, x: float) -> float:
        vector = numpy.full(len(self.weights), x)
        for _ in range(40):
            vector = self.weights @ vector
        return float(vector.mean())
'''
_PLAYER = '''

def load_{n}() -> Model:
    return Model({n})


@instrument(version="1.0.0", setup=load_{n}, warmup=lambda model: model.answer(1.0), teardown=Model.close, memory={size})
def model_{n}(model: Model, x: float, step: int) -> float:
    return model.answer(x)
'''
_MELODY = '''

@melody(version="1.0.0")
def ensemble(x: float = 1.0):
    for step, model in enumerate(({order})):
        x = model(x=x, step=step)
    return x
'''


def text(seed: int = 5) -> str:
    """The module: its melody calls the models in an order of chance."""
    chance = random.Random(seed)
    order = ", ".join(f"model_{chance.randrange(MODELS)}" for _ in range(CALLS))
    return _HEAD + "".join(_PLAYER.format(n=n, size=SIZE_BYTES) for n in range(MODELS)) + _MELODY.format(order=order)


def write_weights(folder: Path) -> None:
    """Write the weights of every model: each row sums to one, so that answers stay what they are."""
    for n in range(MODELS):
        weights = numpy.random.default_rng(n).random((SIDE, SIDE))
        numpy.save(folder / f"weights-{n}.npy", weights / weights.sum(axis=1, keepdims=True))
