"""What the tests of reliability share: a project, its processes, and the faults that are made on purpose."""
