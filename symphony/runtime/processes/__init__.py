"""Processes that can be ended: workers and shell commands under one supervisor that outlives neither them nor the engine."""
