"""Promise 1: a figure stands once, in content; prose, cards, drawings, tables, exports and metadata read it there."""

import csv
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copytree

import pytest
from conftest import PROJECT, TESTS, Case, make_case
from harbour import FILES, rewritten
from tree import Element, parse

from rsm_site.build import check_site
from rsm_site.config import make_config

SITES = TESTS / "sites"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a copy of the content that ships."""
    project = tmp_path_factory.mktemp("promise") / "copy"
    copytree(PROJECT / "content", project / "content")
    return project


FilesOf = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def files_of(tmp_path_factory: pytest.TempPathFactory) -> FilesOf:
    """Give `files_of(project)`: every file of its site, made once."""
    templates = tmp_path_factory.getbasetemp() / "cache"

    @cache
    def make(project: Path) -> dict[str, bytes]:
        config = make_config(project=project, templates=PROJECT / "templates", strict=True, cache=templates)
        return dict(check_site(config).files)

    return make


def test_one_change_in_content_changes_it_everywhere(copy: Path, tmp_path: Path, files_of: FilesOf) -> None:
    """The strength of 2021, rewritten at its one place in content, is the new one on cards, in prose, in the register,
    in the drawings, in what changed, in every data file and in the metadata, and the old one is nowhere."""
    project = tmp_path / "changed"
    copytree(copy / "content", project / "content")
    facts = project / "content/facts.yaml"
    text = facts.read_text(encoding="utf-8")
    assert text.count("value: 10000") == 1
    facts.write_text(text.replace("value: 10000", "value: 98765"), encoding="utf-8")
    files = files_of(project)
    old = re.compile(rb"(?<![\d,.])(?:10,000|10000)(?![\d,.])")
    assert [url for url, data in files_of(PROJECT).items() if old.search(data)]
    assert [url for url, data in files.items() if not url.startswith("assets/") and old.search(data)] == []
    for url in ("index.html", "facts.html", "changes.html", "editions/2021-02-11/index.html", "editions/index.html"):
        assert "98,765" in files[url].decode(), url
    for url in ("data/factsheet.json", "data/facts.csv", "data/observations.csv"):
        for folder in ("", "editions/2021-02-11/"):
            assert "98765" in files[folder + url].decode(), url
    front = parse(files["index.html"])
    card = front.by_id("fact-personnel")
    assert "about 98,765" in card.text
    assert [link.text for link in front.all("a", class_="ref--fact") if link.text == "about 98,765"]
    assert "98,765" in front.by_id("strength").one("svg").text
    [metadata] = [each for each in front.all("script") if each.attributes.get("type") == "application/ld+json"]
    graph = json.loads(str(metadata.children[0]))
    assert 98765 in [value for node in graph["@graph"] for value in node.values() if isinstance(value, int)]


@pytest.mark.parametrize("project", [PROJECT, SITES / "second-mission", SITES / "later"], ids=lambda path: path.name)
def test_every_place_shows_the_same_value(project: Path, files_of: FilesOf) -> None:
    """The current value of each fact is the same in words on its card, at the head of the register, in its row there,
    and in JSON and both tables of the data."""
    files = files_of(project)
    told = json.loads(files["data/factsheet.json"])
    front, register = parse(files["index.html"]), parse(files["facts.html"])
    heads = {row["id"]: row for row in csv.DictReader(files["data/facts.csv"].decode().splitlines())}
    rows = list(csv.DictReader(files["data/observations.csv"].decode().splitlines()))
    cards = {each.attributes.get("id", "") for each in front.all(class_="figure-card")}
    shown = 0
    for fact in told["facts"]:
        for value in fact["observations"]:
            if not value["current"]:
                continue
            shown += 1
            words = value["words"]
            assert words in register.by_id(fact["id"]).one(class_="fact__value").text
            assert words in register.by_id(fact["id"]).one("tr", class_="observations__row--current").text
            assert heads[fact["id"]]["words"] == words
            assert [r["words"] for r in rows if r["fact"] == fact["id"] and r["current"] == "true"] in ([words], [])
            if fact["featured"]:
                assert f"fact-{fact['id']}" in cards
                assert words in front.by_id(f"fact-{fact['id']}").text
    assert shown > 1 or project.name == "later"


# Every page, and one summary, definition and longer text of each kind at least.
TEXTS = [
    *(f"pages/{path.name}" for path in sorted((PROJECT / "content/pages").glob("*.md"))),
    *("timeline.yaml", "hubs.yaml", "glossary.yaml"),
    *(f"timeline/{path.name}" for path in sorted((PROJECT / "content/timeline").glob("*.md"))),
]


def planted(text: str, path: str) -> tuple[str, int, int]:
    """The text of a file with "12,500 troops" in its prose, and line and column of the number."""
    if path.endswith(".yaml"):
        # The first block of prose after 'summary:' or 'definition:'.
        start = re.search(r"^ +(?:summary|definition): >-\n( +)", text, re.MULTILINE)
        assert start, path
        offset = start.end()
    elif path.startswith("pages/"):
        body = text.index("\n---\n", 3) + 5
        start = re.compile(r"^(?=[A-Z\[])", re.MULTILINE).search(text, body)
        assert start, path
        offset = start.start()
    else:
        offset = 0
    changed = f"{text[:offset]}With 12,500 troops. {text[offset:]}"
    place = offset + len("With ")
    return changed, text.count("\n", 0, offset) + 1, place - changed.rfind("\n", 0, place)


def test_number_typed_into_any_text_is_found(copy: Path, tmp_path: Path) -> None:
    """The content that ships has no number typed by hand; "12,500 troops" planted into any page, summary, longer text
    or definition fails with its file, line and column, all of them in one run."""
    project = tmp_path / "planted"
    copytree(copy / "content", project / "content")
    case = Case(project)
    arguments = ("check", "--strict", "--templates", str(PROJECT / "templates"))
    done = case.run(*arguments)
    assert (done.status, done.err) == (0, "")
    expected = set()
    for path in TEXTS:
        file = project / "content" / path
        changed, line, column = planted(file.read_text(encoding="utf-8"), path)
        file.write_text(changed, encoding="utf-8")
        expected.add(f"content/{path}:{line}:{column}")
    assert len(expected) == len(TEXTS) > 15
    done = case.run(*arguments)
    assert done.status == 1
    message = ": error[bare-number]: the number 12,500 is typed by hand"
    assert {line.removesuffix(message) for line in done.err.splitlines() if line.endswith(message)} == expected
    assert f"rsm-site: {len(expected)} errors in the content; nothing was written\n" in done.err
    done = case.run(*arguments[:1], *arguments[2:])
    assert done.status == 0
    assert done.err.count(": warning[bare-number]:") == len(expected)


def test_number_in_a_summary_of_a_page_is_found(tmp_path: Path) -> None:
    """The sentence above a page is prose too."""
    files = rewritten("pages/overview.md", "title: Overview", "title: Overview\nsummary: One of 12,500 troops.")
    done = make_case(tmp_path, "summary", files).run("check", "--strict")
    assert done.status == 1
    assert "content/pages/overview.md:3:17: error[bare-number]: the number 12,500 is typed by hand" in done.err


@pytest.mark.parametrize(
    "planted",
    [
        "There are 12,500 troops.",
        "There are **12,500** troops.",
        "There are 12500 troops.",
        "There are 12 500 troops.",
        "In 2014 it began.",
        "It began on 30 September.",
        "- One of 36 nations.",
        "> They said 36.",
        "| nations |\n| --- |\n| 36 |",
        "A share of 4.5 or 45%.",
        "See [36 nations](https://example.org/36).",
        "It has a note.[^one]\n\n[^one]: Of 36 nations.",
        "Term\n: One of 36.",
        "::: from=2019-01-01\n\nOf 36 nations.\n\n:::",
        "ANSF of 36, not <b>37</b>.",
        "Between 12–13 boats.",
        "Ranked #3.",
    ],
)
def test_number_in_prose_is_found_however_it_is_written(tmp_path: Path, planted: str) -> None:
    """A number in bold, in a list, a table, a note, a link's words, a limited block or HTML is a number in prose."""
    page = FILES["content/pages/overview.md"]
    case = make_case(tmp_path, "planted", {**FILES, "content/pages/overview.md": f"{page}\n{planted}\n"})
    done = case.run("check", "--strict")
    assert done.status == 1
    assert "content/pages/overview.md:" in done.err
    assert "error[bare-number]" in done.err


@pytest.mark.parametrize(
    "planted",
    [
        "The 201st Corps and an F-16.",
        "Resolution `2189` in code.",
        "1. First.\n2. Second.",
        "[[fact:boats|All 12 of them]] and [[fact:boats@2018-06-01|then 12]].",
        "## The 36 nations",
        "See [the page](https://example.org/2014/36.html).",
        "<https://example.org/2014>",
        "It has a note.[^1]\n\n[^1]: A note.",
        "    12 in a block of code",
        "```\n12 in a block of code\n```",
        "::: from=2019-01-01 until=2020-12-31\n\nNo number.\n\n:::",
    ],
)
def test_what_is_no_figure_may_have_digits(tmp_path: Path, planted: str) -> None:
    """Names with digits, code, marks of lists and notes, titles, addresses, and a reference's own words are let be."""
    page = FILES["content/pages/overview.md"]
    case = make_case(tmp_path, "let-be", {**FILES, "content/pages/overview.md": f"{page}\n{planted}\n"})
    done = case.run("check", "--strict")
    assert (done.status, done.err) == (0, "")


def test_prose_follows_the_figure(tmp_path: Path) -> None:
    """A sentence that cites a fact says what the fact says, in every edition what it said then."""

    def sentences(files: dict[str, str | bytes], name: str) -> list[str]:
        case = make_case(tmp_path, name, files)
        assert case.run("build", "--strict").status == 0
        pages = ("index.html", *(f"editions/{day}/index.html" for day in ("2020-06-30", "2019-06-30", "2018-06-30")))
        return [_sentence(parse(case.files()[url])) for url in pages]

    assert sentences(FILES, "before") == ["25", "25", "about 20", "12"]
    assert sentences(rewritten("facts.yaml", "value: 25", "value: 26"), "after") == ["26", "26", "about 20", "12"]


def _sentence(page: Element) -> str:
    found = re.search(r"The Port Authority keeps (.*?) boats since 15 January 2018", page.by_id("overview").text)
    assert found
    return found[1]
