"""The way from the client to the state: what is there at the beginning, then each message as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from tickfold.cli.top.state import BotStatus, TopState
from tickfold.client import BarStream, Client, JournalStream, RefusedError
from tickfold.errors import RunError
from tickfold.protocol.portfolios import Portfolio

TOLD: Final = 20
"""Alerts, and fills of a portfolio, of the time before that are read."""
ROSTER_SECONDS: Final = 30.0
"""Between two looks at which symbols and portfolios there are: no topic tells of new ones."""
_STEPS = 200
"""Entries of the journal, an hour or more, from which the last fills of bots are taken."""
_AT_ONCE = 8
"""Symbols and portfolios that are read at the same time."""


class Source:
    """Reads and follows everything that is shown of one user."""

    def __init__(
        self,
        client: Client,
        state: TopState,
        changed: Callable[[], None] = lambda: None,
        roster_seconds: float = ROSTER_SECONDS,
    ) -> None:
        """Fold what `client` receives into `state`; `changed` is called after each change."""
        self._roster_seconds = roster_seconds
        self._client = client
        self._state = state
        self._changed = changed
        self._bars: dict[str, BarStream] = {}
        self._journals: dict[str, JournalStream] = {}
        self._skipped: dict[str, int] = {}
        """Entries that were left out before the portfolio was last read."""
        self._room = asyncio.Semaphore(_AT_ONCE)

    @property
    def behind(self) -> int:
        """How many bars and entries had been missed when the last lost connection was back."""
        return sum(each.behind for each in self._bars.values()) + sum(each.behind for each in self._journals.values())

    async def begin(self) -> None:
        """Read all that there is, so that the state is complete.

        Raises:
            RunError: the stack refuses to tell, or cannot be reached.
        """
        await _together([self._read_alerts(), self._open_portfolios(), self._open_symbols()])
        self._state.is_complete = True
        self._changed()

    async def follow(self) -> None:
        """Begin, and go on with what comes until it is cancelled.

        Raises:
            RunError: the stack refuses to tell, or cannot be reached any more.
        """
        alerts = await self._client.alerts()  # first, so that none comes between the history and the stream
        await self.begin()
        async with _failing_alone(), asyncio.TaskGroup() as tasks:
            for symbol in tuple(self._bars):
                tasks.create_task(self._follow_bars(symbol))
            for portfolio in tuple(self._journals):
                tasks.create_task(self._follow_journal(portfolio))
            tasks.create_task(self._follow_roster(tasks))
            async for alert in alerts:
                self._state.add_alert(alert)
                self._changed()

    async def _read_alerts(self) -> None:
        for sent in (await self._client.alert_history(TOLD)).alerts:
            self._state.add_alert(sent.alert)
        self._changed()

    async def _open_portfolios(self) -> None:
        await _together([self._open_portfolio(each) for each in await self._new_portfolios()])

    async def _open_symbols(self) -> None:
        await _together([self._open_symbol(each) for each in await self._new_symbols()])

    # --- which there are ---------------------------------------------------------------------------------------------

    async def _follow_roster(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await asyncio.sleep(self._roster_seconds)
            with suppress(RunError):  # the next look may succeed; where all is over, the streams tell
                await self._renew_skipped()
                for portfolio in await self._new_portfolios():
                    await self._open_portfolio(portfolio)
                    tasks.create_task(self._follow_journal(portfolio))
                for symbol in await self._new_symbols():
                    await self._open_symbol(symbol)
                    tasks.create_task(self._follow_bars(symbol))
            self._changed()

    async def _renew_skipped(self) -> None:
        """Read the portfolios again of whose journal entries were left out, since the connection was lost for long."""
        for portfolio, journal in self._journals.items():
            if journal.missed > self._skipped.get(portfolio, 0):
                self._skipped[portfolio] = journal.missed
                self._state.set_portfolio(await self._read(portfolio))

    async def _new_portfolios(self) -> list[str]:
        return [each.portfolio for each in await self._client.list_portfolios() if each.portfolio not in self._journals]

    async def _new_symbols(self) -> list[str]:
        """Return the symbols that are not followed yet, and follow no longer those that the feed does not fetch."""
        feed = await self._client.feed()
        self._state.set_feed(feed)
        known = {each.symbol for each in feed}
        for symbol in self._bars.keys() - known:
            await self._client.unsubscribe("symbol", symbol)
            del self._bars[symbol]
        return sorted(known - self._bars.keys())

    # --- symbols -----------------------------------------------------------------------------------------------------

    async def _open_symbol(self, symbol: str) -> None:
        """Read the bars of the session so far."""
        async with self._room:
            try:
                bars = await self._client.bars(symbol)
            except RefusedError:  # it was removed from the feed a moment ago
                return
            while not bars.has_caught_up:
                self._state.add_bar(symbol, await anext(bars), is_live=False)
            self._bars[symbol] = bars
            self._changed()

    async def _follow_bars(self, symbol: str) -> None:
        if (bars := self._bars.get(symbol)) is None:
            return
        while True:
            is_live = bars.has_caught_up
            try:
                bar = await anext(bars)
            except StopAsyncIteration:  # unsubscribed
                return
            self._state.add_bar(symbol, bar, is_live=is_live)
            self._changed()

    # --- portfolios --------------------------------------------------------------------------------------------------

    async def _open_portfolio(self, portfolio: str) -> None:
        """Read a portfolio with its orders and last fills, and the entries since."""
        async with self._room:
            head, trades = await asyncio.gather(self._read(portfolio), self._client.list_trades(portfolio, TOLD))
            self._state.set_portfolio(head)
            self._state.add_trades(portfolio, trades)
            if head.bots:
                await self._read_bots(head)
            journal = await self._client.journal(portfolio, head.revision)
            while not journal.has_caught_up:
                await self._take_entry(portfolio, journal)
            self._journals[portfolio] = journal
            self._changed()

    async def _read(self, portfolio: str) -> Portfolio:
        """Return a portfolio with its open orders, both of one revision."""
        while True:
            state, orders = await asyncio.gather(
                self._client.get_portfolio(portfolio), self._client.open_orders(portfolio)
            )
            if state.sequence == orders.sequence:
                open_orders = {each.order_id: each.model_dump() for each in orders.orders}
                return Portfolio.model_validate(state.portfolio.model_dump() | {"orders": open_orders})

    async def _read_bots(self, head: Portfolio) -> None:
        """Read what the bots are, and the last entries of the journal, which tell what they have done."""
        for bot in await self._client.list_bots(head.portfolio):
            self._state.set_bot_status(head.portfolio, bot.bot, BotStatus(bot.status, bot.reason))
        async for entry in self._client.journal_entries(head.portfolio, max(head.revision - _STEPS, 0)):
            if entry.sequence <= head.revision:
                self._state.tell(entry)

    async def _follow_journal(self, portfolio: str) -> None:
        journal = self._journals[portfolio]
        while True:
            await self._take_entry(portfolio, journal)
            self._changed()

    async def _take_entry(self, portfolio: str, journal: JournalStream) -> None:
        if not self._state.add_entry(await anext(journal)):  # the connection was lost for long
            self._state.set_portfolio(await self._read(portfolio))


async def _together(reads: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all of `reads`; the first failure ends the others."""
    async with _failing_alone(), asyncio.TaskGroup() as tasks:
        for each in reads:
            tasks.create_task(each)


@asynccontextmanager
async def _failing_alone() -> AsyncIterator[None]:
    """Raise the first failure of a group of tasks by itself: one is enough to tell."""
    try:
        yield
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
