"""The manifest of a run: its config and the pinned bars of each symbol, for the workers and the reducer."""

import json
from datetime import date, datetime
from functools import cached_property
from itertools import pairwise
from math import fsum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from tickfold.engine.decisions.chunk import Chunk
from tickfold.market_data.adjustment import Factors, factors_of
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.series import Series
from tickfold.protocol import Config
from tickfold.protocol.backtest_config import PriceAdjustment
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

AS_LOADED = "as_loaded"
"""What prices are adjusted for that were loaded from a file."""
FOLDS = 20
"""About how often a run is folded while its chunks are simulated. Each time costs an invocation, and repeats work."""


class PlannedSleeve(BaseModel):
    """The part of a run that trades one symbol: its share of the capital, its bars (by version), how they are cut.

    `first` is the position in the series of the run's first bar; `edges` are the chunks' bounds, counted from it.
    As they are read, prices are adjusted for `actions`, whatever becomes of the series' own, which is what `adjustment`
    says; None: they are as stored.
    """

    model_config = ConfigDict(frozen=True)

    series: Series
    share: float
    first: int
    edges: list[int]
    adjustment: PriceAdjustment | None = None
    actions: list[CorporateAction] = []

    @property
    def bars(self) -> int:
        return self.edges[-1]

    @property
    def prices(self) -> str:
        """What prices are adjusted for: `all`, `splits`, `raw`, or `as_loaded` if nobody knows."""
        return self.adjustment or self.series.adjustment or AS_LOADED

    @cached_property
    def factors(self) -> Factors:
        return factors_of(self.actions)

    @cached_property
    def chunks(self) -> list[Chunk]:
        return [Chunk(start, stop) for start, stop in pairwise(self.edges)]


class Manifest(BaseModel):
    """A planned run or sweep: its request, and a sleeve for each of its symbols."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    created_at: datetime
    execution_arn: str
    config: Config
    sleeves: list[PlannedSleeve]

    def sleeve(self, symbol: str) -> PlannedSleeve:
        """Return the sleeve of `symbol`, which must be one of the run's symbols."""
        return next(sleeve for sleeve in self.sleeves if sleeve.series.symbol == symbol)

    @property
    def symbol(self) -> str:
        """The run's symbol; several are joined by commas."""
        return ",".join(sleeve.series.symbol for sleeve in self.sleeves)

    @property
    def timeframe(self) -> str:
        return self.sleeves[0].series.timeframe

    @property
    def sessions(self) -> str:
        """The session calendar of all symbols, as text; "" if theirs differ or are not known."""
        calendars = {sleeve.series.calendar for sleeve in self.sleeves}
        return str(calendars.pop() or "") if len(calendars) == 1 else ""

    @property
    def adjustment(self) -> str:
        """What prices are adjusted for, as `PlannedSleeve.prices`; `mixed` if it is not the same of all symbols."""
        found = {sleeve.prices for sleeve in self.sleeves}
        return found.pop() if len(found) == 1 else "mixed"

    def adjusted_for(self, kind: Literal["split", "dividend"]) -> int:
        """Return how many splits, or dividends, prices are adjusted for as they are read, of all symbols."""
        return sum(action.kind == kind for sleeve in self.sleeves for action in sleeve.actions)

    @property
    def bars(self) -> int:
        return sum(sleeve.bars for sleeve in self.sleeves)

    @cached_property
    def chunks(self) -> int:
        return sum(len(sleeve.chunks) for sleeve in self.sleeves)

    @property
    def uninvested(self) -> float:
        """The part of the start capital that is no symbol's share, in dollars."""
        return self.config.start_capital * (1 - fsum(sleeve.share for sleeve in self.sleeves))

    @property
    def day(self) -> date:
        """The UTC day on which the run was started: its `day` in the table of runs."""
        return self.created_at.date()

    def put(self, bucket: Bucket) -> str:
        """Write the manifest, and the items of the Distributed Map; return the items' key."""
        bucket.put(layout.manifest_key(self.run_id), self.model_dump_json(by_alias=True).encode())
        chunks = [(sleeve.series.symbol, chunk) for sleeve in self.sleeves for chunk in range(len(sleeve.chunks))]
        items = [
            {"run_id": self.run_id, "symbol": symbol, "chunk": chunk, "fold": self._folds_after(place)}
            for place, (symbol, chunk) in enumerate(chunks)
        ]
        key = layout.items_key(self.run_id)
        bucket.put(key, json.dumps(items).encode())
        return key

    def _folds_after(self, place: int) -> bool:
        """Return whether the finished chunks are folded once the chunk at that place is.

        Not after the first, of which no curve can be seen, nor after the last, which Reduce follows at once.
        """
        every = -(-self.chunks // FOLDS)
        return place % every == every - 1 and 0 < place < self.chunks - 1

    @classmethod
    def get(cls, bucket: Bucket, run_id: str) -> Self:
        """Read the manifest of a run."""
        return cls.model_validate_json(bucket.get(layout.manifest_key(run_id)))
