"""Identity: who a connection belongs to, and how its token is verified."""
