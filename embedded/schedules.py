"""Carries out the schedules of EventBridge Scheduler: the emulator fires them too, but at the hours of UTC.

What a schedule's role may not do is refused here too: the emulator looks at no role of a schedule.
"""

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud import Cloud
from embedded.cron import Cron

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
MINUTE = timedelta(minutes=1)
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

    @property
    def market(self) -> str | None:
        """The market in its event, if any."""
        market: str | None = json.loads(self.input).get("market")
        return market

    def event(self, scheduled: datetime) -> str:
        """Return the event for one of its times."""
        return self.input.replace(SCHEDULED_TIME, f"{scheduled:%Y-%m-%dT%H:%M:%SZ}")


class Schedules:
    """The schedules of the account."""

    def __init__(self, cloud: Cloud, markets: Collection[str] | None = None) -> None:
        """Read the schedules that there are, or those of some markets only.

        Raises:
            InvocationFailedError: the role of one lacks a right.
        """
        self._cloud = cloud
        scheduler = cloud.client("scheduler")
        pages = scheduler.get_paginator("list_schedules").paginate()
        names = [each["Name"] for page in pages for each in page["Schedules"]]
        found = [_scheduled(scheduler.get_schedule(Name=name)) for name in names]
        self.all = [each for each in found if markets is None or each.market in markets]
        for each in self.all:
            self._check_role(each)

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
            answer = self._cloud.client("lambda").invoke(FunctionName=each.function, Payload=each.event(minute))
            payload = answer["Payload"].read().decode()
            if "FunctionError" in answer:
                raise InvocationFailedError(f"{each.name} at {minute:%Y-%m-%d %H:%M} UTC: {_error_of(payload)}")

    def run(self, stopped: threading.Event) -> None:
        """Fire what is due every minute, until `stopped`; no failure keeps the next minute's from it."""
        while self.all:
            minute = _floor(datetime.now(UTC)) + MINUTE
            if stopped.wait(max((minute - datetime.now(UTC)).total_seconds(), 0)):
                return
            with suppress(BotoCoreError, ClientError, InvocationFailedError):  # in the function's log
                self.fire(minute)

    def _check_role(self, each: Scheduled) -> None:
        """Check that Scheduler could invoke the function, which the emulator lets pass.

        Raises:
            InvocationFailedError: the role may not, or is not Scheduler's to assume.
        """
        iam, role = self._cloud.client("iam"), each.role
        trust = json.dumps(iam.get_role(RoleName=role.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"])
        simulated = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["lambda:InvokeFunction"], ResourceArns=[each.function]
        )
        (result,) = simulated["EvaluationResults"]
        if "scheduler.amazonaws.com" not in trust or result["EvalDecision"] != "allowed":
            raise InvocationFailedError(f"{each.name}: the role {role} may not invoke {each.function} for Scheduler")


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
    """Does `work`, which fires schedules until the event that it gets is set, in a thread, during a `with` block."""

    def __init__(self, work: Callable[[threading.Event], None], log: Callable[[str], None]) -> None:
        """Prepare the thread; if the work fails, a line of `log` says why."""
        self._work = work
        self._log = log
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        try:
            self._work(self._stopped)
        except Exception as error:  # the stack goes on without its schedules
            if not self._stopped.is_set():
                self._log(f"no schedule is carried out any more: {type(error).__name__}: {error}")


def _floor(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)
