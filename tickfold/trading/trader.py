"""The trader: steps a portfolio's orders and bots over the bars that have come, and writes each batch in one piece.

Bars are pulled from their series, and a batch's events, bots and portfolio are one transaction on condition that the
portfolio is as it was read. So whatever repeats, delays or loses a call, whoever else steps the same portfolio, and
wherever a process is killed: each bar is stepped once, in order, from the state before it.
docs/decisions/trader-pulls-bars.md has the rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from tickfold.engine.bars import Bars
from tickfold.errors import TickfoldError
from tickfold.market_data.feed.minute_bar import FeedBar, minute_bars
from tickfold.portfolios.journal import entry_of
from tickfold.portfolios.matching import advance
from tickfold.portfolios.portfolio import followed
from tickfold.portfolios.step import Step
from tickfold.protocol.journal import AllocationReturned, BotStep, JournalEntry
from tickfold.protocol.portfolios import Portfolio
from tickfold.storage.dynamodb import Write
from tickfold.strategies import Registry
from tickfold.trading.bot_run import BotRun
from tickfold.trading.bot_state import BotState
from tickfold.trading.bot_store import BotStore, StoredBot
from tickfold.trading.tape import Tape, Window

BATCH: Final = 120
"""Bars that one transaction steps at most: two hours of a symbol. Its journal entry stays far below DynamoDB's 400 kB."""
ATTEMPTS: Final = 8
"""How often a batch is stepped that others overtake; each time somebody has made progress."""
