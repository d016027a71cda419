"""Sampled mutation testing: is a random change of a folder's code noticed by that folder's own tests?"""

import argparse
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.mutants.campaign import Tally, campaign
from tools.mutants.mutant import ROOT

SAMPLE = 30
MEMORY = 6 * 2**30  # bytes of data a test process may have: a mutant can loop forever and allocate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 1 where a folder's tests kill fewer than nine of ten."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="such as tickfold/identity (default: all)")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of a folder (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws other mutants (default: %(default)s)")
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    tallies = []
    with campaign() as running:
        for folder in options.folders or _folders():
            tallies.append(running.test(folder, options.sample, options.seed))
            print(_row(tallies[-1]), flush=True)
    print("\n".join(["", "folder                  mutants  killed", *map(_row, tallies)]))
    return int(any(tally.too_few_killed for tally in tallies))


def _folders() -> list[Path]:
    """Return the folders that have tests of their own."""
    inside = sorted(path.parent for path in (ROOT / "tickfold").glob("*/__init__.py"))
    found = [path.relative_to(ROOT) for path in [*inside, *(ROOT / n for n in ("functions", "components", "embedded"))]]
    return [folder for folder in found if (ROOT / "tests" / folder.name).is_dir()]


def _row(tally: Tally) -> str:
    share = f"{tally.killed / tally.mutants:.0%}" if tally.mutants else "-"
    return f"{tally.folder!s:<24}{tally.mutants:>7}{tally.killed:>8}{share:>6}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
