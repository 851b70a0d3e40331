"""Runs plans: decides what happens next, makes task calls, records what happened."""
