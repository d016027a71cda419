"""What is said where a program that a test needs is not on this machine."""


class MissingToolError(Exception):
    """A tool is missing. The message says what is needed and how to give it."""
