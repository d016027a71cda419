"""The evaluator: advances the rules that watch what was seen, and records their alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.alerts.alert_store import MOST_ALERTS_AT_ONCE, AlertStore, RecordedAlert, Standing
from tickfold.alerts.evaluation import Firing, evaluate
from tickfold.alerts.journal_events import seen_in
from tickfold.alerts.observation import Observation, SeenBar, of_portfolio, of_symbol
from tickfold.alerts.wording import alert_of
from tickfold.errors import TickfoldError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.portfolios.journal import blank
from tickfold.portfolios.store import PortfolioStore
from tickfold.storage.dynamodb import ConditionFailedError

MOST_ENTRIES: Final = 200
"""Entries of a journal after which it is noted how far the rules were evaluated."""
_ATTEMPTS = 8


class _ChangedMeanwhileError(TickfoldError):
    """Another has advanced or changed the rule since it was read."""


@dataclass(frozen=True)
class Evaluator:
    """Evaluates the rules of all users. Of a journal it evaluates at most so many entries at once."""

    store: AlertStore
    most_entries: int = MOST_ENTRIES

    def evaluate(self, seen: Sequence[Observation]) -> int:
        """Advance all rules over what was `seen`, in its order; return how many alerts were recorded. Idempotent.

        Raises:
            ClientError: DynamoDB failed. What was recorded by then stays; a repetition does the rest.
        """
        sources = dict.fromkeys(each.source for each in seen)
        return sum(self._of_source(source, [each for each in seen if each.source == source]) for source in sources)

    def evaluate_bars(self, symbol: str, hot: HotStore) -> int:
        """Advance the rules that watch `symbol` over its bars since the last time; return how many alerts were
        recorded.

        Idempotent; bars that nobody told of are made up for by the next call.

        Raises:
            ClientError: as `evaluate` does.
        """
        source = of_symbol(symbol)
        rules = self.store.watching(source)
        if not rules:
            return 0
        new_to_all = min(each.state.number_of(source) for each in rules)
        after = max(new_to_all, self.store.evaluated_to(source))
        seen = [SeenBar(symbol, bar) for bar in hot.bars_after(symbol, after)]
        # This reads the rules again: one that was made meanwhile begins after these bars, and stays as it is.
        alerts = self._of_source(source, seen)
        if seen:
            self.store.note_evaluated(source, seen[-1].stored.sequence)
        return alerts

    def evaluate_journal(self, portfolio: str, portfolios: PortfolioStore) -> int:
        """Advance the rules that watch a portfolio over the entries of its journal since the last time; return how many
        alerts were recorded. Nothing of a portfolio is read that no rule watches.

        Idempotent; entries that nobody told of are made up for by the next call.

        Raises:
            ClientError: as `evaluate` does.
        """
        source, alerts = of_portfolio(portfolio), 0
        if not self.store.watches(source):
            return 0
        before = self.store.evaluated_portfolio(portfolio) or blank(portfolio)
        while entries := [*portfolios.entries_after(portfolio, before.revision, self.most_entries)]:
            # The rules are read after the entries: what one that is made meanwhile misses was written before it.
            before, seen = seen_in(before, entries)
            alerts += self._of_source(source, seen)
            # Only now: until it is noted, whoever comes next evaluates the same entries, and finds nothing new in them.
            self.store.note_evaluated_portfolio(before)
        return alerts

    def _of_source(self, source: str, seen: Sequence[Observation]) -> int:
        parts = [seen[at : at + MOST_ALERTS_AT_ONCE] for at in range(0, len(seen), MOST_ALERTS_AT_ONCE)]
        return sum(self._advance(standing, part) for part in parts for standing in self.store.watching(source))

    def _advance(self, standing: Standing, seen: Sequence[Observation]) -> int:
        """Advance one rule; whoever comes second reads it again."""
        read: list[Standing | None] = [standing]
        attempts = Retrying(
            retry=retry_if_exception_type(_ChangedMeanwhileError),
            wait=wait_random_exponential(multiplier=0.01, max=0.5),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        for attempt in attempts:
            with attempt:
                current = read.pop() if read else self.store.rule(standing.rule.owner, standing.rule.rule_id)
                return 0 if current is None else self._attempt(current, list(seen))
        return 0

    def _attempt(self, standing: Standing, seen: list[Observation]) -> int:
        state, firings = standing.state, list[Firing]()
        for each in seen:
            state, firing = evaluate(standing.rule, state, each)
            firings += [firing] if firing else []
        if state == standing.state:
            return 0
        try:
            self.store.advance(standing, state, [recorded(firing) for firing in firings])
        except ConditionFailedError as error:
            if 0 in error.writes:
                raise _ChangedMeanwhileError(f"rule {standing.rule.rule_id} has changed") from error
            known = {firings[at - 1].seen.occurrence for at in error.writes}
            return self._attempt(standing, [each for each in seen if each.occurrence not in known])
        return len(firings)


def recorded(firing: Firing) -> RecordedAlert:
    """Return the alert as it is recorded. In quiet hours nothing goes by e-mail."""
    channels = [each for each in firing.rule.channels if not (firing.quiet and each == "email")]
    return RecordedAlert(firing.rule.owner, alert_of(firing), tuple(channels))
