"""Runs calls on a Dask cluster: a local one, one that is there already, or one of any class that starts clusters."""

from symphony_dask.executor import DaskExecutor

__all__ = ["DaskExecutor"]
