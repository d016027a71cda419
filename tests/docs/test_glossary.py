"""Every word of the glossary is defined in the file that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([\w -]+) \| .+ \| \[(.+)\]\(../../(.+)\) \| `(\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/reference/glossary.md").read_text())
WORDS = (
    "run chunk bar signal position fill trade ledger fold lookback sweep series connection subscription topic "
    "order entry exit strategy portfolio"
)


def test_glossary_has_every_word_of_the_domain_in_order() -> None:
    words = [word for word, _, _, _ in ROWS]
    assert words == sorted(words)
    assert set(WORDS.split()) - set(words) == set()


@pytest.mark.parametrize(("word", "file", "link", "name"), ROWS)
def test_word_is_defined_in_its_file(word: str, file: str, link: str, name: str) -> None:
    assert file == link
    code = (ROOT / file).read_text()
    assert re.search(rf"^\s*(class|def) {name}\b|^\s*{name}\s*[:=]", code, re.MULTILINE), f"{file} defines no {name}"
