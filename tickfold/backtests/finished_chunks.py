"""The chunks of a run that are finished: whose files the workers have written."""

from tickfold.storage import layout
from tickfold.storage.bucket import Bucket


class FinishedChunks:
    """The finished chunks of the run `run_id`."""

    def __init__(self, bucket: Bucket, run_id: str) -> None:
        self._bucket, self._run_id = bucket, run_id
        self._leading: dict[str, int] = {}

    def includes(self, symbol: str, number: int) -> bool:
        """Return whether chunk `number` of a symbol, and all before it, are finished."""
        while number >= (known := self._leading.get(symbol, 0)):
            found = self._leading_from(symbol, known)
            if found == known:
                return False
            self._leading[symbol] = found
        return True

    def _leading_from(self, symbol: str, first: int) -> int:
        """Return the first chunk from `first` on that has no file; a page of keys further at most."""
        prefix = layout.chunks_prefix(self._run_id, symbol)
        after = layout.chunk_key(self._run_id, symbol, first - 1) if first else prefix
        for key in self._bucket.page_after(prefix, after):
            if key != layout.chunk_key(self._run_id, symbol, first):
                break
            first += 1
        return first
