"""The chunks of a run that are finished: whose files the workers have written."""

from tickfold.storage import layout
from tickfold.storage.bucket import Bucket


class FinishedChunks:
    """The finished chunks of a symbol of the run `run_id`."""

    def __init__(self, bucket: Bucket, run_id: str, symbol: str) -> None:
        self._bucket, self._run_id, self._symbol = bucket, run_id, symbol
        self._leading = 0

    def includes(self, number: int) -> bool:
        """Return whether chunk `number`, and all before it, are finished."""
        while number >= self._leading:
            known, self._leading = self._leading, self._leading_from(self._leading)
            if self._leading == known:
                return False
        return True

    def _leading_from(self, first: int) -> int:
        """Return the first chunk from `first` on that has no file; a page of keys further at most."""
        prefix = layout.chunks_prefix(self._run_id, self._symbol)
        after = layout.chunk_key(self._run_id, self._symbol, first - 1) if first else prefix
        for key in self._bucket.page_after(prefix, after):
            if key != layout.chunk_key(self._run_id, self._symbol, first):
                break
            first += 1
        return first
