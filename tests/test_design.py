"""What the look promises and bytes alone can show: contrast, sizes, no style or script where none may be."""

import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from conftest import PROJECT
from pages_case import RSM, Sites, sites  # noqa: F401 - a fixture

TEMPLATES = PROJECT / "templates"
CSS = TEMPLATES / "assets/css"
TEXT = ("--ink", "--ink-soft", "--blue", "--amber")
MARKS = ("--blue-mark", "--amber-mark", "--past")
GROUNDS = ("--paper", "--sunk")


def colours() -> dict[str, tuple[str, str]]:
    """Each colour of tokens.css, for light and for dark."""
    found = re.findall(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (CSS / "tokens.css").read_text("utf-8"))
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG 2.2, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    """Text keeps 7:1 and marks 3:1 on every ground, in both schemes; so do paper-coloured words on ink."""
    found = {name: values[scheme] for name, values in colours().items()}
    assert {*TEXT, *MARKS, *GROUNDS} <= found.keys()
    weak = [
        (name, ground, round(contrast(found[name], found[ground]), 2))
        for names, least in ((TEXT, 7), (MARKS, 3))
        for name, ground in product(names, GROUNDS)
        if contrast(found[name], found[ground]) < least
    ]
    assert not weak


def test_colours_stand_in_one_place() -> None:
    """No style sheet but tokens.css names a colour; paper's page numbers, which know no property, do."""
    named = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)\(", re.IGNORECASE)
    for path in CSS.rglob("*.css"):
        lines = [line for line in path.read_text("utf-8").splitlines() if "@bottom-right" not in line]
        allowed = {"tokens.css": 100, "print.css": 2, "cite.css": 1}.get(path.name, 0)  # white paper; a shadow
        assert len([line for line in lines if named.search(line)]) <= allowed, path.name


class _Attributes(HTMLParser):
    """Collects what may not be: style attributes, handlers, addresses that run."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "style" or name.startswith("on") or (value or "").lower().startswith("javascript:"):
                self.wrong.append(f"<{tag} {name}={value}>")


@pytest.mark.parametrize("name", [RSM, "second-mission", "persian", "extremes", "components"])
def test_no_style_attribute_and_no_handler(sites: Sites, name: str) -> None:  # noqa: F811
    """No element of any page carries a style or a handler."""
    for path in sites(name).rglob("*.html"):
        parser = _Attributes()
        parser.feed(path.read_text("utf-8"))
        assert not parser.wrong, path


def test_scheme_changes_colours_alone() -> None:
    """Light and dark differ in the pairs of colours of tokens.css: no rule asks for the scheme, so that a page has the
    same words, boxes and controls in both."""
    for path in CSS.rglob("*.css"):
        text = path.read_text("utf-8")
        assert "prefers-color-scheme" not in text, path.name
        assert path.name == "tokens.css" or not re.search(r"light-dark|data-theme", text), path.name


def _classes(paths: list[Path]) -> set[str]:
    found = {name for path in paths for name in re.findall(r"\.([a-z][\w-]*)", _rules(path))}
    return found - {"css", "html"}


def _rules(path: Path) -> str:
    """The selectors of a style sheet, without comments and declarations."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(re.findall(r"([^{};]*)\{", text))


def test_no_dead_rule(sites: Sites) -> None:  # noqa: F811
    """Every class that a style sheet names stands on a page of the test sites: each component is shown in each of its
    states, and no rule outlives what it was for."""
    names = [RSM, "components", "persian", "second-mission", "extremes"]
    pages = "".join(path.read_text("utf-8") for name in names for path in sites(name).rglob("*.html"))
    shown = {each for found in re.findall(r'class="([^"]*)"', pages) for each in found.split()}
    # A figure too old for its edition is a warning, which no test site may have.
    expected = _classes(list(CSS.rglob("*.css"))) - {"tag--stale"}
    unused = {name for name in expected - shown if not re.fullmatch(r"event--\d+", name)}
    assert not unused


def test_every_class_has_its_component() -> None:
    """Each style sheet of components/ and pages/ names classes of its own that a template uses."""
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES.rglob("*.html"))
    for path in (*(CSS / "components").glob("*.css"), *(CSS / "pages").glob("*.css")):
        assert any(name.split("--")[0] in templates for name in _classes([path])), path.name
