"""Every link between the pages leads to a file, and to a heading of it if it names one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The templates of generated pages have the links of the pages that are made from them.
PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "strategies/README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.parent.name != "generate"
]
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the file and the anchor, if any, of each link to this repository."""
    return [((page.parent / target) if target else page, anchor) for target, anchor in LINK.findall(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [str(target) for target, _ in links(page) if not target.exists()] == []
    found = [(target, anchor) for target, anchor in links(page) if anchor and target.suffix == ".md"]
    assert [f"{target.name}#{anchor}" for target, anchor in found if anchor not in anchors(target)] == []


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = {target.resolve() for target, _ in links(ROOT / "docs/README.md")}
    pages = {page for page in PAGES if page.parent.parent == ROOT / "docs" and page.parent.name != "decisions"}
    assert sorted(page.name for page in pages - index) == []


def test_links_and_anchors_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# `tickfold run`: now\n[a](b.md) [c](b.md#d) [e](#f)")
    assert links(page) == [(tmp_path / "b.md", ""), (tmp_path / "b.md", "d"), (page, "f")]
    assert anchors(page) == {"tickfold-run-now"}
