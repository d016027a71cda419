"""No sum, logarithm or power of the engine is the processor's: its order or its last bit would be in the results.

Sums are those of `tickfold.engine.lanes`, logarithms of `logarithm`, powers of `powers`. A sum of whole numbers, or of
flags, has no order: such calls are listed here.
"""

import ast
from pathlib import Path

import pytest

import tickfold.engine

ENGINE = Path(tickfold.engine.__file__).parent
OF_THE_PROCESSOR = {
    *("sum", "mean", "average", "var", "std", "nansum", "nanmean", "cumsum", "cumprod", "prod", "dot", "vdot", "inner"),
    *("matmul", "einsum", "tensordot", "convolve", "trapezoid", "cov", "corrcoef", "polyfit", "fsum"),
    *("log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "power", "float_power", "pow", "cbrt", "hypot"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arctanh", "logaddexp"),
}
"""Names of functions and methods, of numpy, of its arrays and of `math`."""
HOMES = {"logarithm.py", "powers.py"}


def _imported(name: ast.alias) -> str:
    return name.name


def found(source: str) -> list[str]:
    """Return the calls and operators in `source` whose result may be the processor's."""
    calls = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in OF_THE_PROCESSOR:
                calls.append(ast.unparse(node))
            case ast.Call(func=ast.Name(id="sum" | "pow")):
                calls.append(ast.unparse(node))
            case ast.ImportFrom(module="math" | "numpy", names=names) if OF_THE_PROCESSOR & {
                each.name for each in names
            }:
                calls.append(ast.unparse(node))
            case ast.BinOp(op=ast.MatMult() | ast.Pow()):
                calls.append(ast.unparse(node))
    return calls


@pytest.mark.parametrize(
    "source",
    [
        "np.log(x)",
        "x.sum()",
        "np.mean(x)",
        "a @ b",
        "x ** y",
        "math.exp(1)",
        "from math import exp",
        "x.std(ddof=1)",
        "np.dot(a, b)",
        "sum(x)",
    ],
)
def test_rule_finds_what_it_forbids(source: str) -> None:
    assert found(source) == [ast.unparse(ast.parse(source))]


def test_rule_allows_what_every_processor_does_alike() -> None:
    assert found("np.sqrt(x) * np.add.reduce(y, axis=0) + x * x") == []


def calls_of_the_engine() -> set[str]:
    files = [file for file in ENGINE.rglob("*.py") if file.name not in HOMES]
    return {f"{file.relative_to(ENGINE)}: {call}" for file in files for call in found(file.read_text())}


def test_engine_calls_no_other_than_these() -> None:
    assert calls_of_the_engine() == WHOLE_NUMBERS | EXACT_POWERS


WHOLE_NUMBERS = {
    "checkpoint.py: np.prod(shape, dtype=np.int64)",
    "accounting/block_posting.py: sum((max(min(until, last) - after, 0) for after, until in self._sequences))",
    "decisions/adjacent.py: np.cumsum([0, *(len(part.events) for part in parts)])",
    "decisions/automaton.py: np.maximum(final - since + 1, 0).sum()",
    "decisions/level_search.py: (stop - start).sum()",
    "performance/activity.py: (trades.exit_bar - trades.entry_bar + 1).sum()",
    "performance/drawdowns.py: duration.sum()",
    "performance/return_periods.py: np.mean((days < 2) | over_weekend)",
    "performance/return_periods.py: np.mean(about)",
    "performance/return_periods.py: np.mean(days == step)",
    "performance/return_periods.py: np.mean(np.abs(days - 7 * weeks) <= 1)",
    "performance/return_periods.py: np.mean(np.abs(days - mean) <= weekend)",
}
EXACT_POWERS = {
    "bars.py: 10.0 ** decimals",  # up to 8: exact
    "bars.py: 10.0 ** self.decimals",
    "indicators.py: apart ** 2",  # numpy's product of an array with itself
}
"""Powers that every library has exactly."""
