"""One WebSocket connection: opened with a token, kept alive by pings, read until it is lost."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.typing import Subprotocol

from tickfold.client.errors import UnauthorizedError, UnavailableError, UnreachableError
from tickfold.client.incoming import read
from tickfold.client.patience import Patience
from tickfold.client.token import expiry
from tickfold.identity.handshake import SUBPROTOCOL, subprotocols_with
from tickfold.identity.loopback import is_loopback
from tickfold.protocol import Message, Ping, Pong, dump

Deliver = Callable[["Connection", Message], None]

_MAX_FRAME_BYTES = 131_072
_UNAUTHORIZED = (401, 403)
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class Connection:
    """An open connection. Each message is passed to `deliver` at once, in the order of arrival."""

    lost: asyncio.Task[None]
    """Done when the connection is lost."""

    def __init__(
        self,
        socket: ClientConnection,
        ends_at: float,
        deliver: Deliver,
        patience: Patience,
        token_expires_at: float | None = None,
    ) -> None:
        """Wrap an open `socket`, which the server will close at `ends_at`, a time of the event loop."""
        self.token_expires_at = token_expires_at
        """In seconds since 1970 UTC; None if the token does not say."""
        self._socket = socket
        self._deliver = deliver
        self._patience = patience
        self._ponged = asyncio.Event()
        self.renew_at = ends_at - patience.margin
        """When to open another in its place, a time of the event loop."""

    def start(self) -> Self:
        """Read messages and send pings from now on."""
        self.lost = asyncio.create_task(self._live())
        return self

    async def send(self, request: BaseModel) -> None:
        """Send `request`. Raises nothing if the connection is lost: `lost` tells."""
        try:
            async with asyncio.timeout(self._patience.answer):
                await self._socket.send(dump(request))
        except (ConnectionClosed, OSError):
            self.abandon()

    def abandon(self) -> None:
        """Drop the connection without a closing handshake."""
        self._socket.transport.abort()

    async def close(self) -> None:
        """Close the connection, without the server's closing handshake if that does not come soon."""
        try:
            await self._socket.close()
        finally:
            self.abandon()
            self.lost.cancel()
            await asyncio.wait({self.lost})
            await self._socket.wait_closed()

    async def _live(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read())
                tasks.create_task(self._beat())
        except* (ConnectionClosed, OSError):
            pass
        finally:
            self.abandon()

    async def _read(self) -> None:
        while True:
            message = read(await self._socket.recv())
            if isinstance(message, Pong):
                self._ponged.set()
            if message is not None:
                self._deliver(self, message)

    async def _beat(self) -> None:
        # By messages, since API Gateway does not count protocol-level pings.
        while True:
            await asyncio.sleep(self._patience.heartbeat)
            self._ponged.clear()
            await self.send(Ping())
            async with asyncio.timeout(self._patience.answer):
                await self._ponged.wait()


async def open_connection(url: str, token: str | None, deliver: Deliver, patience: Patience) -> Connection:
    """Open a connection, and start reading.

    Raises:
        UnauthorizedError: the server does not accept the token.
        UnavailableError: the server cannot let anyone in now.
        UnreachableError: it cannot be opened for another reason, which the message gives.
    """
    ends_at = asyncio.get_running_loop().time() + _life(token, patience)
    socket = await _open_socket(url, token, patience)
    return Connection(socket, ends_at, deliver, patience, expiry(token)).start()


def _life(token: str | None, patience: Patience) -> float:
    """Return the lifetime in seconds of a connection that is opened now."""
    expires_at = expiry(token)
    left = patience.connection if expires_at is None else expires_at - time.time()
    # If the token expires soon, wait for the server to close: another connection with the same token would end as soon.
    return min(left, patience.connection) if left > patience.margin else patience.connection


class _Connect(connect):
    """Refuses redirects: they would send the token to another host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def _open_socket(url: str, token: str | None, patience: Patience) -> ClientConnection:
    place = url.partition("?")[0]  # a query may hold a token, which must not get into an error message
    offered = subprotocols_with(token) if token else [SUBPROTOCOL]
    try:
        return await _Connect(
            url,
            subprotocols=[Subprotocol(each) for each in offered],
            open_timeout=patience.opening,
            close_timeout=patience.closing,
            ping_interval=None,
            compression=None,
            max_size=_MAX_FRAME_BYTES,
            proxy=None if is_loopback(urlsplit(url).hostname or "") else True,
        )
    except (InvalidURI, ValueError):
        raise UnreachableError(f"{place!r} is not a WebSocket URL; expected wss://HOST/STAGE") from None
    except InvalidStatus as error:
        status = error.response.status_code
        if status in _UNAUTHORIZED:
            what = "did not accept the token" if token else "requires a token"
            local = is_loopback(urlsplit(url).hostname or "")
            raise UnauthorizedError(f"{place} {what} (HTTP status {status})", embedded=local) from None
        passing = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        kind = UnavailableError if passing else UnreachableError
        raise kind(f"{place} refused the connection with HTTP status {status}") from None
    except (OSError, EOFError, InvalidHandshake) as error:
        raise UnreachableError(f"cannot connect to {place}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)  # asyncio's own text is about system calls
    return str(error).strip() or type(error).__name__
