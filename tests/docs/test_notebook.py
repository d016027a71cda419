"""The tutorial's notebook, and the lines of Python in the README, run as they stand."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from backtesting.test import GOOG
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "tutorial" / "notebook.ipynb"
LINK = re.compile(r"\]\(([^)#]+)")


def read() -> Any:
    """Return the notebook."""
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The notebook's cells after they were run, in an empty directory."""
    directory = tmp_path_factory.mktemp("notebook")
    notebook = read()
    with pytest.MonkeyPatch.context() as environment:
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            environment.setenv(variable, str(tmp_path_factory.mktemp("jupyter")))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(directory)}}).execute()
    assert (directory / "goog.html").is_file()
    return list(notebook.cells)


def outputs(cells: list[Any], beginning: str) -> Any:
    """Return the representations of the last value of the cell whose code begins so."""
    (cell,) = [cell for cell in cells if cell.cell_type == "code" and cell.source.startswith(beginning)]
    return cell.outputs[-1].get("data") or cell.outputs[-1]


def test_notebook_is_kept_without_outputs() -> None:
    for cell in read().cells:
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


def test_results_show_themselves_with_a_chart(cells: list[Any]) -> None:
    shown = outputs(cells, "result = tf.backtest")
    assert shown["text/plain"].startswith("BacktestResult: sma_cross(fast=10, slow=30) on GOOG 1d, 2,148 bars")
    assert "<svg" in shown["text/html"]
    assert "prices are adjusted to it" in shown["text/html"]
    assert '<td style="text-align: left">IBM</td>' in outputs(cells, "frames = ")["text/html"]


def test_tables_are_data_frames(cells: list[Any]) -> None:
    assert "exit_reason" in outputs(cells, "result.trades")["text/html"]
    assert "out_of_sample_metric" in outputs(cells, "walked.windows")["text/html"]


def test_nothing_but_results_is_written(cells: list[Any]) -> None:
    streams = [output for cell in cells for output in cell.get("outputs", []) if output.output_type == "stream"]
    assert [stream.name for stream in streams] == ["stdout"]
    assert streams[0].text.startswith("unknown option comission (did you mean commission?)")


def test_links_lead_somewhere() -> None:
    text = "".join(cell.source for cell in read().cells if cell.cell_type == "markdown")
    links = LINK.findall(text)
    assert len(links) == 5
    assert [link for link in links if not (NOTEBOOK.parent / link).exists()] == []


def test_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    frames = GOOG.copy()
    exec(code, {"frame": frames})  # noqa: S102 - the README's own lines
    assert (tmp_path / "goog.html").is_file()
