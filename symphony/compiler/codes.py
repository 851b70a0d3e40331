"""The codes of problems that compiling finds. Codes below 140 belong to reading YAML."""

from __future__ import annotations

TITLES: dict[str, str] = {
    "SYM140": "the expression does not parse",
    "SYM141": "the integer has more than 64 bits",
    "SYM142": "the name means nothing in an expression",
    "SYM143": "there is no such function",
    "SYM144": "the types inside the expression do not fit",
    "SYM145": "the condition is not true or false",
    "SYM146": "the value may only be passed whole",
    "SYM150": "there is no such player",
    "SYM151": "the player cannot be used",
    "SYM152": "the player has no such input",
    "SYM153": "an input is missing",
    "SYM154": "the link's output does not fit the input",
    "SYM155": "the value does not fit the input",
    "SYM156": "the value cannot be handed to a shell step",
    "SYM157": "a shell step's output has a type that a file cannot have",
    "SYM160": "there is no such task",
    "SYM161": "there is no such parameter",
    "SYM162": "there is no such output or field",
    "SYM163": "the environment variable is not listed",
    "SYM164": "item and index exist only under each",
    "SYM165": "a secret may only be passed whole to an input",
    "SYM166": "the task has several outputs",
    "SYM168": "run has no such field",
    "SYM170": "tasks wait for each other in a circle",
    "SYM171": "needs names no task",
    "SYM172": "the melody uses itself",
    "SYM173": "the sub-melody is not to be had",
    "SYM174": "the sub-melody has no such parameter",
    "SYM175": "the sub-melody misses a parameter",
    "SYM176": "the sub-melody's on_failure does not count",
    "SYM180": "each runs over something that is no list",
    "SYM181": "the zipped lists have different lengths",
    "SYM185": "the default does not fit the parameter",
    "SYM186": "the parameter contradicts itself",
    "SYM187": "a secret parameter takes only secrets.NAME",
    "SYM191": "the isolation is not to be had here",
    "SYM192": "a thread cannot be stopped by a timeout",
    "SYM195": "the type is known only when the task runs",
    "SYM196": "the task can never be served from the store",
    "SYM197": "the player's code reads something that changes",
    "SYM198": "a path by name needs a fingerprint",
    "SYM199": "the melody is not the same each time it is traced",
}

ENVIRONMENT_TITLES: dict[str, str] = {
    "SYM193": "the task asks for more than there is",
}
"""Problems of a plan in an environment; the same plan may have none in another."""
