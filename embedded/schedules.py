"""Carries out the schedules of EventBridge Scheduler: the emulator fires them too, but at the hours of UTC.

A schedule invokes its function under its own role, so that a right which that lacks is missed here too.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import Cloud
from embedded.cron import Cron

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
MINUTE = timedelta(minutes=1)
_CREDENTIALS_SECONDS = 1_800
_STOP_SECONDS = 5


class InvocationFailedError(Exception):
    """A scheduled function failed; the message has its error."""


@dataclass(frozen=True)
class Scheduled:
    """A schedule: its times, and what it invokes."""

    name: str
    times: Cron
    function: str
    role: str
    input: str

    def event(self, scheduled: datetime) -> str:
        """Return the event for one of its times."""
        return self.input.replace(SCHEDULED_TIME, f"{scheduled:%Y-%m-%dT%H:%M:%SZ}")


class Schedules:
    """The schedules of the account."""

    def __init__(self, cloud: Cloud) -> None:
        """Read the schedules that there are."""
        self._cloud = cloud
        self._clients: dict[str, tuple[float, Any]] = {}
        scheduler = cloud.client("scheduler")
        pages = scheduler.get_paginator("list_schedules").paginate()
        names = [each["Name"] for page in pages for each in page["Schedules"]]
        self.all = [_scheduled(scheduler.get_schedule(Name=name)) for name in names]

    def due(self, minute: datetime) -> list[Scheduled]:
        """Return the schedules that are due in the minute that begins at `minute`."""
        return [each for each in self.all if each.times.is_due(minute)]

    def due_minutes(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the minutes from `start` to `end`, both included, in which any is due."""
        minutes = (start + at * MINUTE for at in range((end - start) // MINUTE + 1))
        return (minute for minute in minutes if self.due(minute))

    def fire(self, minute: datetime) -> None:
        """Invoke what is due in a minute, one after the other, and wait for it.

        Raises:
            InvocationFailedError: a function failed.
        """
        for each in self.due(minute):
            answer = self._client_of(each.role).invoke(FunctionName=each.function, Payload=each.event(minute))
            payload = answer["Payload"].read().decode()
            if "FunctionError" in answer:
                raise InvocationFailedError(f"{each.name} at {minute:%Y-%m-%d %H:%M} UTC: {_error_of(payload)}")

    def _client_of(self, role: str) -> Any:
        """Return a client of Lambda with the rights of `role`; its credentials are renewed before they expire."""
        made = self._clients.get(role)
        if made is None or time.monotonic() - made[0] > _CREDENTIALS_SECONDS:
            made = self._clients[role] = time.monotonic(), self._cloud.assume(role, "schedule").client("lambda")
        return made[1]


def _scheduled(found: Mapping[str, Any]) -> Scheduled:
    target = found["Target"]
    return Scheduled(
        name=found["Name"],
        times=Cron.parse(found["ScheduleExpression"], found["ScheduleExpressionTimezone"]),
        function=target["Arn"],
        role=target["RoleArn"],
        input=target["Input"],
    )


def _error_of(payload: str) -> str:
    """Return what a function that failed says."""
    error = json.loads(payload)
    return f"{error.get('errorType', 'error')}: {error.get('errorMessage', payload)}"


class ScheduleThread:
    """Fires the schedules of a stack every minute, in a thread of its own, for the duration of a `with` block."""

    def __init__(self, cloud: Cloud, log: Callable[[str], None]) -> None:
        """Prepare to fire; failures are told in a line of `log`, each once until another happens."""
        self._cloud = cloud
        self._log = log
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)
        self._last_failure = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        schedules = Schedules(self._cloud)
        while schedules.all:
            minute = _floor(datetime.now(UTC)) + MINUTE
            if self._stopped.wait(max((minute - datetime.now(UTC)).total_seconds(), 0)):
                return
            try:
                schedules.fire(minute)
            except (BotoCoreError, ClientError, InvocationFailedError) as error:
                self._tell(str(error))

    def _tell(self, failure: str) -> None:
        if failure != self._last_failure:
            self._log(f"a schedule failed: {failure}")
        self._last_failure = failure


def _floor(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
