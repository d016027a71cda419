"""SQL on the embedded stack beside SQL on Trino, the engine that Athena is made of: `make athena`.

Not part of `make test`: it needs a JDK and Maven.
"""
