"""A run's record: who started it, what was requested, and how far it is."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tickfold.protocol import Stage, Status
from tickfold.realtime import topics

_LONGEST_ID = 80


def new_run_id(symbols: Sequence[str], strategy: str, now: datetime, suffix: str) -> str:
    """Return a readable id that is a valid name of an execution: ASCII letters, digits, `-` and `_`, at most 80.

    What is too long is cut off the names; the time and the random `suffix`, which tell runs apart, are whole.
    """
    plain = unicodedata.normalize("NFKD", symbols[0].lower())  # ä is an a and two dots
    first = re.sub("[^a-z0-9]+", "-", re.sub("[\u0300-\u036f]", "", plain)).strip("-") or "symbol"
    name = first if len(symbols) == 1 else f"{first}-and-{len(symbols) - 1}-more"
    telling = f"-{now:%Y%m%dT%H%M%S}-{suffix}"
    return f"{name}-{strategy}"[: _LONGEST_ID - len(telling)].rstrip("-_") + telling


@dataclass(frozen=True)
class Failure:
    """Why a step has failed."""

    stage: Stage
    reason: str


@dataclass(frozen=True)
class Run:
    """The record. `request` is the run's config as JSON, `ended_with` its final message as JSON.

    `sequence` is that of its last message; `chunks_done` and `progress_at` are the chunks of its last progress message,
    and the time of that message in seconds since 1970 UTC; `published` are the names of messages that must not be
    repeated; `failure` is what a failing step has recorded; `code` is the version of the strategy's code.
    """

    run_id: str
    user_id: str
    portfolio: str | None
    status: Status
    created_at: datetime
    execution_arn: str
    request: str
    sequence: int
    chunks: int = 0
    chunks_done: int = 0
    progress_at: float = 0.0
    published: frozenset[str] = frozenset()
    failure: Failure | None = None
    ended_with: str | None = None
    code: str | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """Return the record that DynamoDB holds as `item`."""
        return cls(
            run_id=item["run_id"],
            user_id=item["user_id"],
            portfolio=item.get("portfolio"),
            status=item["status"],
            created_at=datetime.fromisoformat(item["created_at"]),
            execution_arn=item["execution_arn"],
            request=item["request"],
            sequence=int(item["sequence"]),
            chunks=int(item.get("chunks", 0)),
            chunks_done=int(item.get("chunks_done", 0)),
            progress_at=float(item.get("progress_at", 0)),
            published=frozenset(item.get("published", ())),
            failure=Failure(**json.loads(item["failure"])) if "failure" in item else None,
            ended_with=item.get("ended_with"),
            code=item.get("code"),
        )

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""
        return self.status == "running"

    @property
    def result(self) -> str | None:
        """The Result as JSON, or None."""
        return self.ended_with if self.status == "succeeded" else None

    @property
    def topics(self) -> list[str]:
        """The topics of its messages."""
        of_portfolio = [topics.of_portfolio(self.portfolio)] if self.portfolio else []
        return [topics.of_run(self.run_id), topics.of_user(self.user_id), *of_portfolio]
