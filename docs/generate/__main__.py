"""Write every generated page: `python -m docs.generate`."""

from docs.generate.pages import PAGES, REFERENCE

for name, render in PAGES.items():
    (REFERENCE / name).write_text(render())
