"""The values that are handed between rooms: melodies, plans, events, artifacts. Pure: no clock, file, thread or chance."""
