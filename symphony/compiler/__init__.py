"""Melody to Plan, or to diagnostics. Pure: everything comes in as values."""
