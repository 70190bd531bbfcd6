"""Promise 10: another mission needs no code: the generator and its templates know none."""

import re
from pathlib import Path

import pytest
from conftest import PROJECT, Case, make_case

WORDS = ("rsm", "resolute", "afghan", "afghanistan", "afghans", "nato", "kabul")
# The licence and the name of the generator stand on every site's pages.
OWN = re.compile(r"rsm[_-]site")


def words_of(text: str) -> set[str]:
    """The words of the shipped mission that a text has."""
    return set(WORDS) & set(re.findall(r"[^\W_]+", OWN.sub("", text.lower())))


def test_the_generator_knows_no_mission() -> None:
    """No word of the shipped mission is in the package or the templates, but the package's own name."""
    found = []
    for folder in ("rsm_site", "templates"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".css", ".js", ".yaml", ".svg", ".md"):
                lines = path.read_text(encoding="utf-8").splitlines()
                found += [f"{path.name}:{number}" for number, line in enumerate(lines, 1) if words_of(line)]
    assert found == []


@pytest.mark.parametrize("name", ["second-mission", "persian", "starter"])
def test_another_content_folder_is_another_site(name: str, tmp_path: Path) -> None:
    """A content folder of another mission, in English or in Persian, and the one that `new` makes, build without a
    warning by the same command; no file of the site has a word of the shipped mission."""
    case = make_case(tmp_path, name) if name != "starter" else Case(tmp_path / name)
    if name == "starter":
        case.project.mkdir()
        assert case.run("new", ".").status == 0
    assert case.run("build", "--strict")[::2] == (0, "")
    files = case.files()
    assert len(files) > 40
    texts = {url: data.decode() for url, data in files.items() if not url.endswith((".png", ".ico", ".woff2"))}
    assert {url: found for url, text in texts.items() if (found := words_of(text))} == {}
