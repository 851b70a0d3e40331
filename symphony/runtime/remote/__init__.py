"""Calls that another process makes: how they are told to it, how it makes them, and how its news come back."""
