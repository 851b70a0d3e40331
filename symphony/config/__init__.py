"""Settings, where they come from, and where a project begins."""
