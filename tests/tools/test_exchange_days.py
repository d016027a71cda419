"""The committed table of exchange days is what its generator writes."""

import json
from datetime import date

import pytest

from tickfold.market_data.exchange_calendar import TABLE
from tools.exchange_days import EXCHANGES, IrregularSessionsError, exchange_days


def test_table_is_what_the_generator_writes() -> None:
    table = json.loads(TABLE.read_text())
    days = (date.fromisoformat(table["XNYS"][which]) for which in ("first", "last"))
    assert table == {"XNYS": exchange_days("XNYS", *days)}
    assert EXCHANGES == ("XNYS",)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("XTKS", "XTKS has sessions with a break, first on 2022-01-04"),
        ("XSAU", "XSAU has sessions on weekends, first on 2022-01-02"),
        ("XKRX", "XKRX has sessions that open at another time, first on 2022-01-03"),
    ],
)
def test_exchange_that_the_table_cannot_express_is_refused(name: str, what: str) -> None:
    with pytest.raises(IrregularSessionsError, match=what):
        exchange_days(name, date(2022, 1, 1), date(2022, 12, 31))
