"""The announcement of bars: an event that says of which symbols bars were stored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tickfold.errors import TickfoldError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

BARS_STORED: Final = "Bars stored"
"""The `detail-type` of the event. Its `detail` has `symbols`."""


@dataclass(frozen=True)
class BarsAnnouncement:
    """Announces on the default bus, as `source`, which is the stack's own."""

    events: "EventBridgeClient"
    source: str

    def announce(self, symbols: Sequence[str]) -> None:
        """Announce that bars of `symbols` were stored, if there are any.

        Raises:
            TickfoldError: EventBridge did not take the event.
        """
        if not symbols:
            return
        detail = json.dumps({"symbols": list(symbols)})
        answer = self.events.put_events(Entries=[{"Source": self.source, "DetailType": BARS_STORED, "Detail": detail}])
        if answer["FailedEntryCount"]:
            raise TickfoldError(f"EventBridge did not take the event: {answer['Entries'][0].get('ErrorCode')}")
