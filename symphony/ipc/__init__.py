"""Talk between processes of one machine: the form of messages, and the ways they take."""
