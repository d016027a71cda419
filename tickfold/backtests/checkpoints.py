"""The checkpoints of a folding: what is carried from one of its parts to the next, under a key for each."""

from dataclasses import dataclass
from typing import Any, TypeVar

from tickfold.engine import checkpoint
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

_State = TypeVar("_State")


@dataclass(frozen=True)
class Checkpoints:
    """Those of the run's `folding`, which is a word: a run has several if it is a sweep."""

    bucket: Bucket
    run_id: str
    folding: str

    @property
    def latest(self) -> int:
        """The part that the last checkpoint leads to; 0 if there is none."""
        prefix, part = layout.checkpoints_prefix(self.run_id, self.folding), 0
        while keys := self.bucket.page_after(prefix, self._key(part)):
            part = layout.part_of(keys[-1])
        return part

    def get(self, kind: type[_State], part: int) -> _State:
        """Return the state, of class `kind`, that is carried into `part`."""
        return checkpoint.decode(kind, self.bucket.get(self._key(part)))

    def put(self, part: int, state: Any) -> None:
        """Write the `state` that is carried into `part`. Idempotent."""
        self.bucket.put(self._key(part), checkpoint.encode(state))

    def _key(self, part: int) -> str:
        return layout.checkpoint_key(self.run_id, self.folding, part)
