"""The function behind the HTTP API: one file an area of it."""
