"""Announcements: events that say of what there is something new. Each is a hint: whoever it wakes looks for itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tickfold.errors import TickfoldError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True)
class Kind:
    """What is announced: the `detail-type` of the event, and what its `detail` calls the names in it."""

    detail_type: str
    names: str


BARS_STORED: Final = Kind("Bars stored", "symbols")
JOURNALS_APPENDED: Final = Kind("Journals appended", "portfolios")


@dataclass(frozen=True)
class Announcement:
    """Announces on the default bus, as `source`, which is the stack's own."""

    events: "EventBridgeClient"
    source: str

    def announce(self, kind: Kind, names: Sequence[str]) -> None:
        """Announce that there is something new of `names`, if there are any.

        Raises:
            TickfoldError: EventBridge did not take the event.
        """
        if not names:
            return
        detail = json.dumps({kind.names: list(names)})
        answer = self.events.put_events(
            Entries=[{"Source": self.source, "DetailType": kind.detail_type, "Detail": detail}]
        )
        if answer["FailedEntryCount"]:
            raise TickfoldError(f"EventBridge did not take the event: {answer['Entries'][0].get('ErrorCode')}")
