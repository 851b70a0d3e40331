"""A melody becomes a plan, or a list of what is wrong with it. Pure: everything comes in as values."""
