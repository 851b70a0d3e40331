"""Codecs: how a value becomes bytes that come back equal, one module per kind of value."""
