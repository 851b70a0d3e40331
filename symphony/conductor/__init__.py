"""From prompts to melodies: a policy composes, people decide, and what they decide teaches it."""
