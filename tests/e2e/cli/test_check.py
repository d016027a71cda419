"""`tickfold check` on the bars of the embedded stack."""

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command


def test_a_stack_that_is_up_gives_the_bars(stack: EmbeddedStack, tickfold: Command) -> None:
    ended = tickfold("check", "buy_and_hold", "--symbol", "FB")
    assert ended.status == 0, ended.stderr
    assert ended.stdout.startswith(
        "buy_and_hold() on 196 bars of FB 1d in the embedded stack, 2012-05-18 to 2013-03-01"
    )
