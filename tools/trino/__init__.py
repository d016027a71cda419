"""The real Trino, Athena's engine, in a child process over the embedded stack: what SQL and tables are held to."""
