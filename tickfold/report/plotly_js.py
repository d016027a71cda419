"""The text of plotly.js, which draws the charts; the plotly package contains it."""

from importlib.resources import files

from tickfold.errors import RunError


def plotly_js() -> str:
    """Return plotly.js.

    Raises:
        RunError: the package is not installed.
    """
    try:
        return files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise RunError("the report's charts need the package plotly, which is not installed: `make setup`") from None
