"""Runs whose every bit is printed, as JSON: `python -m tests.arm64.runs BARS.npz`.

The market is that of the file; each strategy runs over it with two sizings, in one pass and in blocks. Imports nothing
that Lambda does not have.
"""

import json
import platform
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tickfold.engine import checkpoint
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.backtest import run
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.carried_run import CarriedRun
from tickfold.engine.decisions.automaton import decide
from tickfold.engine.decisions.exits import StopLoss, TrailingStop
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.strategies import BUILT_IN, Strategy

SIZINGS = (Sizing(), Sizing("volatility", 0.01))
ORDERS = Orders(exits=(StopLoss(0.03), TrailingStop(0.05)))
COMMISSION = Commission(relative=0.0005, fixed=1.0)
BLOCK = 250


def digest(*arrays: Any) -> str:
    """Return a checksum of all bits of `arrays`."""
    return sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)).hexdigest()


def bits(bars: Bars, strategy: Strategy, sizing: Sizing) -> dict[str, str]:
    """Return all that a run says: each metric as the hexadecimal digits of its bits, checksums of the rest."""
    account = Account(10_000.0, commission=COMMISSION, sizing=sizing, fractional_shares=sizing.kind == "volatility")
    signals = strategy.signals(bars)
    outcome = run(bars, signals, account, ORDERS, strategy)
    statement = outcome.statement
    carried = CarriedRun.start(account, ORDERS, bars.sessions)
    half = len(bars) // 2 // BLOCK * BLOCK
    for first in range(0, half, BLOCK):
        block = bars[first : first + BLOCK]
        decisions = decide(block, signal_events(signals[first : first + BLOCK], ORDERS.direction), ORDERS)
        carried.post(block, decisions, carried.market.update(block.close), last=False)
    trades = [getattr(statement.trades, name) for name in statement.trades.columns()]
    found = {name: float(value).hex() for name, value in outcome.metrics.as_dict().items()}
    found |= {"signals": digest(signals), "trades": digest(*trades), "equity": digest(statement.equity)}
    found |= {"cash": digest(statement.cash), "shares": digest(statement.shares)}
    return found | {"checkpoint": sha256(checkpoint.encode(carried.state)).hexdigest()}


def all_bits(bars: Bars) -> dict[str, dict[str, str]]:
    """Return what each strategy's runs say, by its name and the sizing."""
    return {
        f"{name}, {sizing.kind}": bits(bars, BUILT_IN.create(name, {}), sizing)
        for name in sorted(BUILT_IN.strategies)
        for sizing in SIZINGS
    }


def read(file: Path) -> Bars:
    """Return the bars that `write` wrote."""
    with np.load(file) as columns:
        return Bars(**{name: columns[name] for name in COLUMNS}, decimals=2)


def write(bars: Bars, file: Path) -> None:
    """Write `bars` as numpy does."""
    np.savez(file, **{name: getattr(bars, name) for name in COLUMNS})


if __name__ == "__main__":
    print(json.dumps({"machine": platform.machine(), "runs": all_bits(read(Path(sys.argv[1])))}))
