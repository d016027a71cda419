"""The WebSocket client: starts a run and follows it to its result, over as many connections as that takes.

A run outlives its connection. After a lost one the client connects again and asks for the messages after the last
that it has, so the caller sees each message once and in order.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tickfold.errors import RunError
from tickfold.handshake import subprotocols_with
from tickfold.protocol import (
    BacktestConfig,
    Error,
    Failed,
    Message,
    Ping,
    Pong,
    Result,
    Resume,
    StartBacktest,
    StartSweep,
    Sweep,
    SweepConfig,
    WalkForward,
    dump,
    parse_message,
)

_MAX_FRAME_BYTES = 131_072
_CLOSE_SECONDS = 1.0


class UnreachableError(RunError):
    """No connection could be opened, or none could be opened again."""


class RunFailedError(RunError):
    """The run has ended without a result, or was not started. `stage` is where, None if it was refused."""

    def __init__(self, reason: str, run_id: str | None = None, stage: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.run_id = run_id
        self.stage = stage


class RunTimeoutError(RunError):
    """The client has waited long enough. The run itself goes on."""


class _LostError(Exception):
    """The connection is gone."""


@dataclass(frozen=True)
class Patience:
    """How long the client waits, in seconds, before it does something about it."""

    run: float = 3_600.0
    """For the result."""
    opening: float = 15.0
    """For a connection to open."""
    keepalive: float = 180.0
    """For a message, before it sends a ping: API Gateway closes a connection that is idle for ten minutes."""
    answer: float = 20.0
    """For the answer to a ping, before it takes the connection for lost."""
    gap: float = 3.0
    """For a message whose successors have come, before it asks for it; and again, before it does without."""
    first_retry: float = 0.5
    """Before it first connects again, at most; doubled each time."""
    longest_retry: float = 15.0
    """Between two attempts to connect again, at most."""
    reconnecting: float = 180.0
    """For a lost connection to be replaced, before it gives up."""


def run_backtest(
    url: str,
    config: BacktestConfig,
    on_message: Callable[[Message], None] = lambda _message: None,
    patience: Patience | None = None,
    token: str | None = None,
) -> Result:
    """Start a run of `config` at the WebSocket `url`, and return its result.

    `on_message` is called with each of the run's messages, once and in order, the result included.
    `token` says who asks; it is left out where the URL holds one.

    Raises:
        UnreachableError: the URL cannot be reached, or no longer.
        RunFailedError: the run was refused or has failed.
        RunTimeoutError: there is no result after `patience.run` seconds.
    """
    request = StartBacktest(type="start_backtest", config=config)
    return _Follower(url, on_message, patience or Patience(), token).run(request)


def run_sweep(
    url: str,
    config: SweepConfig,
    on_message: Callable[[Message], None] = lambda _message: None,
    patience: Patience | None = None,
    token: str | None = None,
) -> tuple[Sweep | WalkForward, Result]:
    """Start a sweep of `config` at the WebSocket `url`; return its table's head and the result that it ends with.

    `on_message` is called with each of the run's messages, once and in order, both of these included.
    `token` says who asks; it is left out where the URL holds one.

    Raises:
        UnreachableError: the URL cannot be reached, or no longer.
        RunFailedError: the sweep was refused or has failed, or has ended without telling of its table.
        RunTimeoutError: there is no result after `patience.run` seconds.
    """
    tables: list[Sweep | WalkForward] = []

    def note_table(message: Message) -> None:
        if isinstance(message, Sweep | WalkForward):
            tables.append(message)
        on_message(message)

    request = StartSweep(type="start_sweep", config=config)
    result = _Follower(url, note_table, patience or Patience(), token).run(request)
    if not tables:
        raise RunFailedError(f"the table of run {result.run_id} did not arrive; ask for it in SQL", result.run_id)
    return tables[-1], result


@dataclass
class _Sequence:
    """A run's messages, put back in order and without repetitions: they come from many workers at once."""

    delivered: int = 0
    waiting: dict[int, Message] = field(default_factory=dict)

    def add(self, message: Message) -> list[Message]:
        """Take `message`, and return those whose turn it now is."""
        if message.sequence > self.delivered:
            self.waiting[message.sequence] = message
        return self._ready()

    def skip_gap(self) -> list[Message]:
        """Do without the messages that are missing before the first that waits."""
        self.delivered = min(self.waiting) - 1
        return self._ready()

    def _ready(self) -> list[Message]:
        ready = []
        while self.delivered + 1 in self.waiting:
            self.delivered += 1
            ready.append(self.waiting.pop(self.delivered))
        return ready


class _Line:
    """An open connection, and what is awaited on it: a message, the answer to a ping, or one that fills a gap."""

    def __init__(self, connection: ClientConnection, patience: Patience) -> None:
        self._connection = connection
        self._patience = patience
        self._quiet_since = self._gap_since = time.monotonic()
        self.in_gap = self.pinged = self.asked = False

    def send(self, text: str) -> None:
        try:
            self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise _LostError(_reason(error)) from None

    def receive(self, deadline: float) -> str | bytes | None:
        """Return the next message, or None when it is time to do something instead of waiting on."""
        due = min(deadline, self._due())
        try:
            text = self._connection.recv(timeout=max(0.0, due - time.monotonic()))
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError) as error:
            raise _LostError(_reason(error)) from None
        self._quiet_since, self.pinged = time.monotonic(), False
        return text

    def _due(self) -> float:
        if self.in_gap:
            return self._gap_since + self._patience.gap
        return self._quiet_since + (self._patience.answer if self.pinged else self._patience.keepalive)

    def ping(self) -> None:
        # A message, since API Gateway does not support protocol-level pings.
        self.send(dump(Ping(type="ping")))
        self._quiet_since, self.pinged = time.monotonic(), True

    def ask(self, resume: str) -> None:
        self.send(resume)
        self._gap_since, self.asked = time.monotonic(), True

    def note_gap(self, in_gap: bool, moved: bool) -> None:
        """Note whether messages wait for earlier ones, and whether any has just been delivered."""
        if moved or not self.in_gap:
            self._gap_since, self.asked = time.monotonic(), False
        self.in_gap = in_gap


class _Follower:
    """One run, followed from its start to its end."""

    def __init__(self, url: str, on_message: Callable[[Message], None], patience: Patience, token: str | None) -> None:
        self._url = url
        self._subprotocols = [Subprotocol(name) for name in subprotocols_with(token)] if token else None
        self._on_message = on_message
        self._patience = patience
        self._sequence = _Sequence()
        self._run_id: str | None = None
        self._deadline = time.monotonic() + patience.run

    def run(self, start: StartBacktest | StartSweep) -> Result:
        request = dump(start)
        connection = self._open()
        while True:
            try:
                with connection:
                    line = _Line(connection, self._patience)
                    line.send(request)
                    return self._follow(line)
            except _LostError as lost:
                connection = self._reopen(lost)
                request = self._resume_request()

    def _resume_request(self) -> str:
        return dump(Resume(type="resume", run_id=self._run_id or "", after=self._sequence.delivered))

    # --- one connection ----------------------------------------------------------------------------------------------

    def _follow(self, line: _Line) -> Result:
        """Receive until the result, or until the line is lost."""
        while True:
            text = line.receive(self._deadline)
            ready = self._break_silence(line) if text is None else self._accept(text)
            line.note_gap(bool(self._sequence.waiting), bool(ready))
            for message in ready:
                self._on_message(message)
                if isinstance(message, Result):
                    return message
                if isinstance(message, Failed):
                    raise RunFailedError(message.reason, message.run_id, message.stage)

    def _break_silence(self, line: _Line) -> list[Message]:
        """Do what is due when nothing has come for a while; return the messages that need no longer wait."""
        if time.monotonic() >= self._deadline:
            raise self._too_late()
        if line.in_gap and line.asked:
            return self._sequence.skip_gap()
        if line.in_gap:
            line.ask(self._resume_request())
        elif line.pinged:
            raise _LostError("the server no longer answers")
        else:
            line.ping()
            if self._run_id is not None:  # the last message may be lost too, and no gap would show it
                line.send(self._resume_request())
        return []

    def _accept(self, text: str | bytes) -> list[Message]:
        """Return the messages whose turn has come with the arrival of `text`."""
        message = self._parse(text)
        if isinstance(message, Pong):
            return []
        if isinstance(message, Error):
            raise RunFailedError(message.reason, message.run_id or self._run_id)
        self._run_id = self._run_id or message.run_id
        if message.run_id != self._run_id:
            return []
        return self._sequence.add(message)

    def _parse(self, text: str | bytes) -> Message:
        try:
            return parse_message(text)
        except ValidationError:
            shown = text[:200] if isinstance(text, str) else text[:200].decode(errors="replace")
            reason = f"the server sent what is no message of this version of Tickfold: {shown}"
            raise RunFailedError(reason, self._run_id) from None

    # --- connecting --------------------------------------------------------------------------------------------------

    def _open(self) -> ClientConnection:
        """Open a connection.

        Raises:
            UnreachableError: it cannot be opened; the message says why.
        """
        place = self._url.partition("?")[0]  # what follows may hold a token
        try:
            return connect(
                self._url,
                subprotocols=self._subprotocols,
                open_timeout=self._patience.opening,
                close_timeout=_CLOSE_SECONDS,
                ping_interval=None,
                compression=None,
                max_size=_MAX_FRAME_BYTES,
                proxy=None if _is_loopback(self._url) else True,
            )
        except (InvalidURI, ValueError):
            raise UnreachableError(f"{place!r} is no WebSocket URL; expected wss://HOST/STAGE") from None
        except InvalidStatus as error:
            status = error.response.status_code
            reason = f"{place} refused the connection with HTTP status {status}"
            if status in (401, 403):
                reason += ": it expects a token of its issuer that has not expired; get a fresh one"
            raise UnreachableError(reason) from None
        except (OSError, EOFError, InvalidHandshake) as error:
            raise UnreachableError(f"cannot connect to {place}: {_reason(error)}") from None

    def _reopen(self, lost: _LostError) -> ClientConnection:
        """Open a connection in place of one that was lost, with longer and longer pauses between attempts.

        Raises:
            RunFailedError: no message of the run had come, so that there is nothing to ask for.
            UnreachableError: all attempts failed.
            RunTimeoutError: the run has taken too long.
        """
        if self._run_id is None:
            reason = f"the connection was lost before the run was accepted ({lost}); it may have started"
            raise RunFailedError(reason) from None
        since, pause = time.monotonic(), self._patience.first_retry
        while True:
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, no secret
            pause = min(2 * pause, self._patience.longest_retry)
            if time.monotonic() >= self._deadline:
                raise self._too_late()
            try:
                return self._open()
            except UnreachableError as error:
                if time.monotonic() - since > self._patience.reconnecting:
                    reason = f"the connection was lost and could not be opened again; run {self._run_id} goes on"
                    raise UnreachableError(f"{reason} ({error})") from None

    def _too_late(self) -> RunTimeoutError:
        waited = f"no result within {self._patience.run:g} s"
        goes_on = f"; run {self._run_id} goes on" if self._run_id else ""
        return RunTimeoutError(waited + goes_on)


def _reason(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
