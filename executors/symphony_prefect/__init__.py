"""Runs melodies under Prefect: a flow run for each run, a task run for each call, in Prefect's own pages and API."""

from symphony_prefect.executor import PrefectExecutor

__all__ = ["PrefectExecutor"]
