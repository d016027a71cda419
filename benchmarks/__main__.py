"""`make bench`: runs every case, prints the ratios, and writes them to benchmarks/latest.json."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from benchmarks.cases import Cases
from benchmarks.figure import Figure

PEERS = ("vectorbt", "backtesting")
LATEST = Path(__file__).parent / "latest.json"


def main() -> int:
    console = Console()
    figures: list[Figure] = []
    try:
        with TemporaryDirectory() as directory:
            cases = Cases(Path(directory)).all
            for number, (name, case) in enumerate(cases.items(), 1):
                with console.status(f"{number} of {len(cases)}: {name}"):
                    figures += case()
                console.print(f"{number} of {len(cases)}: {name}: done")
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130
    except RuntimeError as error:
        console.print(f"bench: {error}", markup=False)
        return 1
    LATEST.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2) + "\n")
    console.print(table(figures))
    console.print(f"peers, in their open-source editions: {', '.join(f'{name} {version(name)}' for name in PEERS)}")
    return 0


def table(figures: list[Figure]) -> Table:
    """Return a table with a row per figure."""
    shown = Table("case; compared with", "ours", "other", "ratio", "goal", "met", box=None, pad_edge=False)
    for column in shown.columns[1:]:
        column.justify = "right"
    for figure in figures:
        shown.add_row(
            figure.case,
            f"{figure.ours:,.1f} {figure.unit}",
            f"{figure.peer:,.1f} {figure.unit}",
            f"{figure.ratio:,.2f}",
            str(figure.as_dict()["goal"]),
            "yes" if figure.met else "no",
        )
    return shown


if __name__ == "__main__":
    sys.exit(main())
