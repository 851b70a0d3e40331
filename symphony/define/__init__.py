"""The ways in: Python decorators and tracing, YAML with places, and the ways back out. Every way gives a Melody."""
