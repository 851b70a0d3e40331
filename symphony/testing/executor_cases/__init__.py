"""The cases of the executor suite: small melodies with their players, and what must come of them."""
