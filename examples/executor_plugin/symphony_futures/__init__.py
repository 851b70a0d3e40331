"""An executor for Symphony over `concurrent.futures`."""

from symphony_futures.executor import FuturesExecutor

__all__ = ["FuturesExecutor"]
