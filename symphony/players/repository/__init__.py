"""Reading a git repository through the git program: commands, their output, and what follows from a history."""
