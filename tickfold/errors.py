"""The one exception whose text may be shown to whoever asked for a run."""


class RunError(Exception):
    """A run cannot go on, for a reason that its owner can understand and act on.

    The message says what was wrong, what was expected, and where possible what to do. Handlers pass it to the client
    word for word, so it never holds a stack trace, a credential or another user's data.
    """
