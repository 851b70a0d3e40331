from symphony import instrument


class Model:
    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def label(self, text: str) -> str:
        return next((label for word, label in self.words.items() if word in text), "other")


def load_model() -> Model:
    return Model({"invoice": "money", "meeting": "calendar"})      # in earnest: minutes and gigabytes


def close_model(model: Model) -> None:
    model.words.clear()


@instrument(version="1.0.0", setup=load_model, teardown=close_model, memory="2GB")
def label(model: Model, text: str) -> str:
    """Say what a text is about."""
    return model.label(text)
