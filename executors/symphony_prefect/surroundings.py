"""What Prefect must find in the environment before it is imported: a folder of ours, no telemetry, a quiet log."""

from __future__ import annotations

import os
from pathlib import Path

from symphony.errors import MissingExtraError

UNTRACKED = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
"""No telemetry, where nothing else was chosen. Prefect looks at these also later, so they stay."""
_AT_IMPORT = {"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false", "PREFECT_LOGGING_LEVEL": "CRITICAL"}
_SERVER = {
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",  # takes seconds, and runs use none
}


def import_prefect(home: Path) -> None:
    """Import Prefect with an environment that suits it; what is set already stands.

    Args:
        home: its `PREFECT_HOME` where none is set, so that no profile of the user is read or written.
    """
    for name, value in UNTRACKED.items():
        os.environ.setdefault(name, value)
    added = {n: v for n, v in {**_AT_IMPORT, "PREFECT_HOME": str(home)}.items() if n not in os.environ}
    os.environ.update(added)
    try:
        import prefect.client.orchestration  # heavy, and what it reads of the environment it reads now
        import prefect.settings  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("the executor 'prefect'", "prefect") from error
    finally:
        for name in added:
            os.environ.pop(name, None)


def server_environment(home: Path) -> dict[str, str]:
    """The environment of a server of our own: everything it keeps lies in this folder."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PREFECT_API_URL", "PREFECT_API_DATABASE_CONNECTION_URL")}
    return {**UNTRACKED, **kept, **_SERVER, "PREFECT_HOME": str(home)}
