"""Identity: the user that a connection belongs to, and the verification of its token."""
