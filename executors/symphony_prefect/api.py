"""What is asked of a Prefect server: flows, flow runs, their states, events, log lines. Plain data goes out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from symphony.errors import SurroundingsError, UsageError

State = Mapping[str, Any]
"""A state as Prefect's API takes it: `type`, `name`, `message`."""


class PrefectApi:
    """A connection to one server, used by one thread at a time.

    Args:
        url: of its API; None: as the environment and the profile of Prefect say.

    Raises:
        SurroundingsError: nobody answers there.
    """

    def __init__(self, url: str | None) -> None:
        from prefect import settings  # heavy, and the environment must be settled before
        from prefect.client.orchestration import SyncPrefectClient

        key, auth = settings.PREFECT_API_KEY.value(), settings.PREFECT_API_AUTH_STRING.value()
        self.url = url or str(settings.PREFECT_API_URL.value())
        try:
            # one of our own: within a flow, Prefect would hand out the one that the flow still needs
            self._client = SyncPrefectClient(self.url, api_key=key, auth_string=_revealed(auth))
            with self.without_retries():
                self._asked("GET", "/health", None)
        except Exception as error:
            raise SurroundingsError(
                f"the Prefect server at {self.url} does not answer ({type(error).__name__}: {error}); start it with "
                "'prefect server start', or unset PREFECT_API_URL for a server of the run's own"
            ) from error

    @contextlib.contextmanager
    def without_retries(self) -> Iterator[None]:
        """On the thread that enters it, what fails fails at once: the caller tries again as it likes."""
        from prefect import settings  # heavy, and the environment must be settled before

        with settings.temporary_settings({settings.PREFECT_CLIENT_MAX_RETRIES: 0}):
            yield

    def close(self) -> None:
        """Let go of the connection."""
        self._client._client.close()

    def _asked(self, method: str, path: str, body: Any) -> Any:
        answer = self._client.request(method, path, json=body)  # type: ignore[arg-type]
        return answer.json() if answer.content else None

    # flow runs ---------------------------------------------------------------------------------------------------

    def flow(self, name: str) -> UUID:
        """The flow of a name, made if need be."""
        return UUID(self._asked("POST", "/flows/", {"name": name, "tags": ["symphony"]})["id"])

    def flow_run(self, flow: UUID, name: str, tags: Sequence[str]) -> UUID:
        """The flow run of a run of ours; the same one when the run is taken up again."""
        body = {"flow_id": str(flow), "name": name, "tags": list(tags), "idempotency_key": name,
                "state": {"type": "PENDING", "name": "Pending"}}  # fmt: skip
        return UUID(self._asked("POST", "/flow_runs/", body)["id"])

    def name_flow_run(self, flow_run: UUID, name: str, tags: Sequence[str]) -> None:
        """Name a flow run that is there already after a run of ours."""
        had = self._asked("GET", f"/flow_runs/{flow_run}", None)["tags"]
        self._asked("PATCH", f"/flow_runs/{flow_run}", {"name": name, "tags": sorted({*had, *tags})})

    def set_state(self, flow_run: UUID, state: State) -> None:
        """Propose a state of a flow run; it is taken whatever the state before."""
        self._asked("POST", f"/flow_runs/{flow_run}/set_state", {"state": dict(state), "force": True})

    def state_of(self, flow_run: UUID) -> str:
        """The type of the state of a flow run, such as ``RUNNING``."""
        return str(self._asked("GET", f"/flow_runs/{flow_run}", None)["state_type"])

    def note(self, flow_run: UUID, key: str, text: str) -> None:
        """Put a text in Markdown beside a flow run."""
        body = {"type": "markdown", "key": key, "data": text, "flow_run_id": str(flow_run)}
        self._asked("POST", "/artifacts/", body)

    # deployments -------------------------------------------------------------------------------------------------

    def work_pools(self) -> list[str]:
        """The names of the work pools."""
        return sorted(pool["name"] for pool in self._asked("POST", "/work_pools/filter", {}))

    def deployment(self, document: Mapping[str, Any]) -> UUID:
        """Make a deployment, or replace the one of this name.

        Raises:
            UsageError: the server does not take it, such as for its schedule.
        """
        from prefect.exceptions import PrefectHTTPStatusError  # heavy, like all of Prefect

        try:
            return UUID(self._asked("POST", "/deployments/", document)["id"])
        except PrefectHTTPStatusError as error:
            raise UsageError(f"the Prefect server does not take the deployment: {_said(error.response)}") from error

    # task runs ---------------------------------------------------------------------------------------------------

    def send_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Tell of events; the server records task runs by them, a little later."""
        self._asked("POST", "/events", list(events))

    def send_logs(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Tell of log lines."""
        self._asked("POST", "/logs/", list(lines))

    def ended_task_runs(self, flow_run: UUID) -> int:
        """How many task runs of a flow run are recorded as ended."""
        over = {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"]}}}
        body = {"flow_runs": {"id": {"any_": [str(flow_run)]}}, "task_runs": over}
        return int(self._asked("POST", "/task_runs/count", body))


def url_of_profile() -> str | None:
    """The URL of the API that the profile of Prefect names, which must be imported."""
    from prefect.settings import PREFECT_API_URL  # heavy, and the environment must be settled before

    return PREFECT_API_URL.value() or None


def _said(response: Any) -> str:
    """What a server had to say against a request, without the request."""
    try:
        found = response.json()
        details = found.get("exception_detail") or found.get("detail")
        if not isinstance(details, list):
            return str(details)
        said = [str(d["msg"]) for d in details]
        chosen = [text.removeprefix("Value error, ") for text in said if text.startswith("Value error, ")]
        return "; ".join(
            chosen or said
        )  # of the forms that a value may have, the others only say that it is not theirs
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"status {response.status_code}"


def _revealed(secret: Any) -> str | None:
    """A setting that Prefect keeps from being printed."""
    return None if secret is None else str(getattr(secret, "get_secret_value", lambda: secret)())
