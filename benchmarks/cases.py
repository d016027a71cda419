"""The cases: what is measured, against which peer, and the goal."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure
from benchmarks.own_process import Usage, run

VECTORBT = ("vectorbt-numba", "vectorbt-rust")
CHUNKS = 32
_MEGABYTE = 1_000_000
_ALIKE = 0.05
"""Tolerance for numbers of trades: some peers see a cross where averages tie, since their float sums do not tie, and
vectorbt ignores a cross in the bar of a stop."""


class Cases:
    """The cases over one market; run `all` in order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def all(self) -> dict[str, Callable[[], list[Figure]]]:
        return {
            "a warm run": self.warm_run,
            "a run with stops": self.run_with_stops,
            "a run in a fresh process": self.fresh_run,
            "a sweep": self.sweep,
            "a run in chunks": self.chunked_run,
            "the memory of a run": self.memory,
            "a step of a bot": self.step,
        }

    def warm_run(self) -> list[Figure]:
        seconds = self._warm("run", 1_000_000, 7, "tickfold", *VECTORBT)
        name, peer = _fastest(seconds, VECTORBT)
        slower = self._warm("run", 1_000_000, 1, "tickfold", "backtesting.py")
        return [
            _faster(f"SMA cross, 1 M bars, warm; {name}", seconds["tickfold"], peer, 8),
            _faster("SMA cross, 1 M bars, warm; backtesting.py", slower["tickfold"], slower["backtesting.py"], 200),
        ]

    def run_with_stops(self) -> list[Figure]:
        seconds = self._warm("run_with_stops", 1_000_000, 5, "tickfold", *VECTORBT)
        name, peer = _fastest(seconds, VECTORBT)
        return [_faster(f"The same with stops and targets, 1 M bars, warm; {name}", seconds["tickfold"], peer, 6)]

    def fresh_run(self) -> list[Figure]:
        self._fresh("run", 1, *VECTORBT)  # compiles, and caches the result
        usages = self._fresh("run", 3, "tickfold", *VECTORBT)
        seconds = {name: median(usage.seconds for usage in used) for name, used in usages.items()}
        name, peer = _fastest(seconds, VECTORBT)
        return [_faster(f"Parquet to result in a fresh process, 100 k bars; {name}", seconds["tickfold"], peer, 20)]

    def sweep(self) -> list[Figure]:
        seconds = self._warm("sweep", 100_000, 3, "tickfold", *VECTORBT)
        name, peer = _fastest(seconds, VECTORBT)
        peaks = {
            name: median(usage.peak for usage in used)
            for name, used in self._fresh("sweep", 1, "tickfold", *VECTORBT).items()
        }
        leanest, peak = _fastest(peaks, VECTORBT)
        case = "Sweep of 100 pairs, 100 k bars"
        return [
            _faster(f"{case}, warm; {name}", seconds["tickfold"], peer, 12),
            Figure(
                f"{case}, peak memory of a process; {leanest}",
                peaks["tickfold"] / _MEGABYTE,
                peak / _MEGABYTE,
                "MB",
                "share",
                0.2,
            ),
        ]

    def chunked_run(self) -> list[Figure]:
        rounds = run("benchmarks.chunked", self._market(1_000_000), CHUNKS, 11).answer
        spent = {name: min(seconds) for name, seconds in rounds.items()}  # processor time: what others do only adds
        whole = spent["pass"]
        work = spent["simulate"] + spent["fold"]
        return [
            _share(f"Work of {CHUNKS} chunks, fold and ledger, 1 M bars; one pass", work, whole, 1.15),
            _share(
                f"Fold of {CHUNKS} chunks, Parquet in and out; writing its curve", spent["reduce"], spent["write"], 2
            ),
        ]

    def memory(self) -> list[Figure]:
        sizes = run("benchmarks.memory", self._market(1_000_000), self._market(1_000)).answer
        added, bars = sizes["added"] / _MEGABYTE, sizes["bars"] / _MEGABYTE
        return [
            Figure("Memory that a run of 1 M bars adds, reading them included; the bars", added, bars, "MB", "share", 3)
        ]

    def step(self) -> list[Figure]:
        seconds = run("benchmarks.stepping", self._market(100_000)).answer
        return [_share("A bot's step, warm; a backtest over its lookback", seconds["step"], seconds["backtest"], 1)]

    def _warm(self, job: str, bars: int, rounds: int, *names: str) -> dict[str, float]:
        """Return each contender's median seconds."""
        answer = run("benchmarks.warm", job, self._market(bars), rounds, *names).answer
        _expect_alike(answer["trades"])
        return {name: median(seconds) for name, seconds in answer["seconds"].items()}

    def _fresh(self, job: str, rounds: int, *names: str) -> dict[str, list[Usage]]:
        """Return the usage of processes that do `job` once over 100 k bars, in turns."""
        file = self._market(100_000)
        usages: dict[str, list[Usage]] = {name: [] for name in names}
        for _ in range(rounds):
            for name in names:
                usages[name].append(run("benchmarks.fresh", job, file, name))
        _expect_alike({name: used[0].answer for name, used in usages.items()})
        return usages

    @cache  # noqa: B019 - one instance lives as long as the program
    def _market(self, bars: int) -> Path:
        file = self._directory / f"{bars}.parquet"
        run("benchmarks.market", file, bars)
        return file


def _expect_alike(trades: dict[str, int]) -> None:
    least, most = min(trades.values()), max(trades.values())
    if least < most * (1 - _ALIKE):
        raise RuntimeError(f"the contenders did not do the same work: their numbers of trades are {trades}")


def _fastest(seconds: dict[str, float], names: Iterable[str]) -> tuple[str, float]:
    name = min(names, key=lambda each: seconds[each])
    return name, seconds[name]


def _faster(case: str, ours: float, peer: float, goal: float) -> Figure:
    return Figure(case, ours * 1e3, peer * 1e3, "ms", "times", goal)


def _share(case: str, ours: float, peer: float, goal: float) -> Figure:
    return Figure(case, ours * 1e3, peer * 1e3, "ms", "share", goal)
