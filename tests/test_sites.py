"""Whole sites in, whole sites out: each folder of tests/sites has one reason to exist, and builds without a problem.

`expected.yaml` of a case says what its pages must and must not show: `text` and `no_text` of what a reader sees, `html`
and `no_html` of the markup, `order` of pieces of it. A file below `expected/` is compared with the `<main>` of the page
of that name, and written anew under `--update-expected`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml
from conftest import BuildCase

from rsm_site.build import Built, check_site
from rsm_site.config import make_config
from rsm_site.dates import parse_date
from rsm_site.edition import edition_of
from rsm_site.loader import load_factsheet
from rsm_site.model import Factsheet

SITES = Path(__file__).parent / "sites"
NAMES = sorted(folder.parent.name for folder in SITES.glob("*/content"))
LARGE = ("extremes", "persian", "second-mission")
_INLINE = "a|abbr|b|bdi|cite|code|data|del|dfn|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|time|tspan|u|var"


def settings_of(name: str) -> dict[str, Any]:
    """The site.yaml of a site, as text."""
    found: dict[str, Any] = yaml.load((SITES / name / "content/site.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return found


def days_of(name: str) -> list[date | None]:
    """The days that a site is built for: its own, which no option names (None), and those of its archive."""
    return [None, *map(date.fromisoformat, settings_of(name).get("editions", ()))]


def text_of(html: str) -> str:
    """What a reader sees of a page, with one space for any white space."""
    body = re.sub(r"<(head|script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    body = re.sub(rf"</?(?:{_INLINE})(?:\s[^<>]*)?>", "", body)
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", body)).split())


def main_of(html: str) -> str:
    """The `<main>` of a page, one tag a line, so that a difference can be read."""
    found = re.search(r"<main\b.*?</main>", html, re.DOTALL)
    assert found, "the page has no <main>"
    return re.sub(r">\s*<", ">\n<", found[0]) + "\n"


Make = Callable[..., Built]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Build a site of tests/sites in memory, each day once."""
    cache = tmp_path_factory.mktemp("cache")
    made: dict[tuple[str, date | None], Built] = {}

    def build(name: str, day: date | None = None) -> Built:
        if (name, day) not in made:
            made[name, day] = check_site(make_config(project=SITES / name, edition=day, strict=True, cache=cache))
        return made[name, day]

    return build


def factsheet_of(name: str) -> Factsheet:
    """The content of a site."""
    factsheet = load_factsheet(make_config(project=SITES / name)).factsheet
    assert factsheet
    return factsheet


def page(built: Built, url: str) -> str:
    """A page as text with markup."""
    assert url in built.files, f"there is no {url}; there are {', '.join(sorted(built.files))}"
    return built.files[url].decode()


@pytest.mark.parametrize(("name", "day"), [(name, day) for name in NAMES for day in days_of(name)])
def test_builds_without_a_problem(make: Make, name: str, day: date | None) -> None:
    """Each site builds on each of its editions without an error and without a warning."""
    built = make(name, day)
    assert built.problems == ()
    assert "index.html" in built.files


@pytest.mark.parametrize("name", [name for name in NAMES if (SITES / name / "expected.yaml").is_file()])
def test_shows_what_the_case_is_for(make: Make, name: str) -> None:
    """Each page of a case has what its expected.yaml names, in that order, and lacks what it must lack."""
    built = make(name)
    expected = yaml.load((SITES / name / "expected.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    wrong = [line for url, wants in expected.items() for line in _compare(url, page(built, url), wants)]
    assert not wrong, "\n".join(wrong)


def _compare(url: str, html: str, wants: Mapping[str, list[str]]) -> Iterator[str]:
    text = text_of(html)
    for kind, values in wants.items():
        where = text if kind.endswith("text") else html
        if kind == "order":
            found = [html.find(value) for value in values]
            if -1 in found or found != sorted(found):
                yield f"{url}: not all there, or not in this order: {dict(zip(values, found, strict=True))}"
            continue
        for value in values:
            if (value in where) == kind.startswith("no_"):
                yield f"{url}: {kind}: {value}"


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(SITES))) for path in sorted(SITES.glob("*/expected/**/*.html"))]
)
def test_page_is_as_reviewed(make: Make, path: Path, request: pytest.FixtureRequest) -> None:
    """The main part of a page is what was last reviewed; `--update-expected` writes it anew."""
    case = path.relative_to(SITES).parts[0]
    got = main_of(page(make(case), path.relative_to(SITES / case / "expected").as_posix()))
    if request.config.getoption("--update-expected", default=False):
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*LARGE, "later"])
def test_same_bytes_in_another_folder(make: Make, name: str, build_case: BuildCase, tmp_path: Path) -> None:
    """A site that lies elsewhere and is written to disk has the same files with the same bytes."""
    case = build_case(tmp_path / "a longer name", name)
    assert case.run("build", "--strict", "--quiet") == (0, "", "")
    assert case.files() == dict(make(name).files)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        (name, day)
        for name in ("later", "persian", "second-mission")
        for day in (*days_of(name)[1:], date.fromisoformat(settings_of(name)["edition"]))
    ],
)
def test_editions_know_nothing_later(make: Make, name: str, day: date) -> None:
    """Neither the archived page of a day nor anything of a build for that day tells of an event, a place, or a source
    that is of later days alone."""
    factsheet = factsheet_of(name)
    edition = edition_of(factsheet, day)
    there = {source.id for source in edition.sources}
    later = [event.title for event in factsheet.events if event.date.earliest > day]
    later += [hub.name for hub in factsheet.hubs if hub.from_ and hub.from_.earliest > day]
    later += [source.title for source in factsheet.sources if source.id not in there]
    assert later
    archived = {url: data for url, data in make(name).files.items() if url.startswith(f"editions/{day}/")}
    assert archived
    for files in (archived, make(name, day).files):
        for url, data in files.items():
            text = unescape(data.decode(errors="ignore"))
            assert not [words for words in later if words in text], url


def test_second_mission_strength(make: Make) -> None:
    """A strength that is partly in words is shown in words and in numbers, on the front page and in the register."""
    built = make("second-mission")
    register = text_of(page(built, "facts.html"))
    for words in ("several hundred", "412", "about 655", "over 700", "698", "about 600", "under 500", "610", "780"):
        assert words in register
    front = page(built, "index.html")
    figure = front[front.index('id="strength"') :]
    figure = figure[: figure.index("</section>")]
    for words in ("several hundred", "412", "698"):
        assert words in text_of(figure)
    assert re.search(r"<svg.*?</svg>", figure, re.DOTALL)
    assert "Two columns had been added up twice." in register
    assert text_of(front).count("780") == text_of(front).count("withdrawn: 780") == 1


def test_second_mission_strength_is_drawn_in_numbers(make: Make) -> None:
    """Words among the values do not keep the numbers from being drawn to scale."""
    front = page(make("second-mission"), "index.html")
    figure = front[front.index('<figure class="drawing"') : front.index("</figure>")]
    assert "strength-chart__step" in figure
    for title in (
        "412 (15 September 2018)",
        "about 655 (May 2019)",
        "698 (30 April 2021)",
        "several hundred (March 2018)",
    ):
        assert f"<title>{title}</title>" in figure


def test_second_mission_nations(make: Make) -> None:
    """Norway and Kosovo are countries, the newest table is the edition's, and what it leaves open is the rest."""
    built = make("second-mission")
    front = text_of(page(built, "index.html"))
    for words in ("Norway", "Kosovo", "Uruguay", "5 other nations", "39"):
        assert words in front
    nations = page(built, "nations.html")
    assert 'id="NO"' in nations
    assert 'id="XK"' in nations
    assert "8 other nations" in text_of(nations)
    assert "about 300" not in text_of(page(built, "editions/2021-05-31/index.html"))


def test_bars_of_all_tables_are_on_one_scale(make: Make) -> None:
    """On the page of nations a bar is as long as the strength is great, in whichever table it stands."""
    html = page(make("second-mission"), "nations.html")
    rows = re.findall(r'number">([\d,]+)</td>.*?bars__bar" width="([\d.]+)%"', html)
    lengths = {int(troops.replace(",", "")): float(length) for troops, length in rows}
    assert len(lengths) > 5
    assert max(lengths.values()) == 100
    assert all(abs(length - 100 * troops / max(lengths)) < 0.1 for troops, length in lengths.items())


def test_second_mission_map(make: Make) -> None:
    """The map has the country's own outline, its neighbours' names, every open place, and a scale; coordinates are
    those of the south and the west."""
    built = make("second-mission")
    hubs = page(built, "hubs.html")
    drawing = re.search(r'<svg class="map.*?</svg>', hubs, re.DOTALL)
    assert drawing
    for words in ("Talvora", "Mirenza", "Port Alder", "Harrow Point", "Lake Ennis", "Quarry Town", "Bell Rock", " km"):
        assert words in text_of(drawing[0])
    assert "Low Bridge" not in text_of(drawing[0])
    assert "29.95° S 22.15° W" in text_of(hubs)
    early = page(built, "editions/2018-09-30/index.html")
    assert "Low Bridge" in text_of(early)
    assert "Quarry Town" not in text_of(early)


def test_second_mission_says_what_came_later(make: Make) -> None:
    """The newest front page, and no archived one, says that the mission has ended and what came after the edition."""
    built = make("second-mission")
    front = text_of(page(built, "index.html"))
    assert "The mission ended in March 2022." in front
    assert "The last observers leave" in front
    for url in built.files:
        if url.startswith("editions/") and url.endswith("index.html") and url != "editions/index.html":
            assert "The last observers leave" not in text_of(page(built, url)), url
            assert "The mission ended" not in text_of(page(built, url)), url


def test_old_addresses_lead_on(make: Make) -> None:
    """The aliases of pages and events are files that name where they lead."""
    built = make("second-mission")
    for alias, target in (
        ("truce.html", "events/truce-signed.html"),
        ("events/cape-sorrel.html", "truce-signed.html"),
        ("old-background.html", "background.html"),
        ("history/start.html", "../background.html"),
    ):
        assert target in page(built, alias), alias


@pytest.mark.parametrize("day", days_of("persian"))
def test_persian_pages_read_from_the_right(make: Make, day: date | None) -> None:
    """Every page says that it is in Persian and reads from right to left."""
    for url, data in make("persian", day).files.items():
        if url.endswith(".html"):
            start = re.search(r"<html\b[^>]*>", data.decode())
            assert start, url
            assert 'lang="fa"' in start[0], url
            assert 'dir="rtl"' in start[0], url


def test_persian_numbers_and_dates(make: Make) -> None:
    """Numbers, dates and coordinates are in Persian digits and words, each at its own precision."""
    built = make("persian")
    front = text_of(page(built, "index.html"))
    for words in ("۹۸۰", "۳۱ اکتبر ۲۰۱۶", "آوریل ۲۰۱۴", "بیش از ۲۱۱", "نروژ"):
        assert words in front
    register = text_of(page(built, "facts.html"))
    for words in ("۱٬۲۴۰", "حدود ۸۰۰", "برنامه‌ریزی‌شده", "۸۴٫۵", "مارس ۲۰۱۸"):
        assert words in register
    assert "۳۳٫۳° شمالی" in text_of(page(built, "hubs.html"))
    assert "حدود ژانویهٔ ۲۰۱۵" in text_of(page(built, "timeline.html"))


@pytest.mark.parametrize("url", ["index.html", "facts.html", "timeline.html", "hubs.html", "nations.html"])
def test_persian_pages_mix_no_digits(make: Make, url: str) -> None:
    """What a reader of Persian sees has no Latin digit, addresses and what is there to be copied aside."""
    html = re.sub(r"<(pre|code|details)\b.*?</\1>", " ", main_of(page(make("persian"), url)), flags=re.DOTALL)
    words = [word for word in text_of(html).split() if not word.startswith("https://")]
    assert not [word for word in words if re.search("[0-9]", word)]


def test_changed_value_changes_its_pages_alone(make: Make, tmp_path: Path) -> None:
    """A new value of a fact changes exactly the pages that show it; nothing else but the data and the record of the
    build differs."""
    before = make("second-mission").files
    copytree(SITES / "second-mission/content", tmp_path / "content")
    facts = tmp_path / "content/facts/zone.yaml"
    text = facts.read_text(encoding="utf-8")
    assert text.count("12045") == 1
    facts.write_text(text.replace("12045", "12046"), encoding="utf-8")
    after = check_site(make_config(project=tmp_path, strict=True)).files
    assert before.keys() == after.keys()
    changed = {url for url in before if before[url] != after[url]}
    shown = {url for url, data in before.items() if url.endswith(".html") and b"12,045" in data}
    assert {"index.html", "facts.html", "editions/2021-05-31/index.html"} <= shown
    assert {url for url in changed if url.endswith(".html")} == shown
    assert shown == {url for url, data in after.items() if url.endswith(".html") and b"12,046" in data}
    others = {url.rpartition("data/")[1] or url for url in changed - shown}
    assert others <= {"data/", ".well-known/factsheet-manifest.json", "feed.xml", "preview.png"}


def test_extremes_stay_whole(make: Make) -> None:
    """Long titles and words, two hundred events, sixty nations and ten millions are all on the page, none cut."""
    built = make("extremes")
    front = text_of(page(built, "index.html"))
    site = factsheet_of("extremes").site
    assert len(site.title) == 200
    assert site.title in front
    assert "10,000,000" in front
    assert "قرارگاه دره‌ی پنج‌رود" in front
    timeline = page(built, "timeline.html")
    assert len(re.findall(r'id="event-\d{3}"', timeline)) == 200
    nations = page(built, "nations.html")
    assert len(re.findall(r'id="[A-Z]{2}"', nations)) == 60
    register = text_of(page(built, "facts.html"))
    assert "-273.15" in register
    assert "0.000001" in register
    assert "0.000001" not in text_of(page(built, "editions/2018-12-31/index.html"))


def test_markdown_of_every_kind(make: Make) -> None:
    """Tables, notes, definitions, abbreviations, code and safe HTML work; scripts and handlers are gone."""
    front = page(make("extremes"), "index.html")
    for piece in ("<table>", "<blockquote>", "<dl>", "<dt>Another term</dt>", "<pre>", "<kbd>Ctrl</kbd>", "<hr"):
        assert piece in front
    assert '<abbr title="abbreviation">ABBR</abbr>' in front
    assert "{{ this is not a template }}" in text_of(front)
    assert "[[fact:not-a-reference]] 12345" in text_of(front)
    for piece in ('alert("never")', "onclick", "never()"):
        assert piece not in front


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("only-site", {"timeline.html", "facts.html", "hubs.html", "nations.html", "sources.html", "glossary.html"}),
        ("one-event", {"facts.html", "hubs.html", "nations.html", "glossary.html"}),
        ("no-events", {"timeline.html", "glossary.html"}),
        ("no-hubs", {"hubs.html", "nations.html"}),
    ],
)
def test_nothing_leads_to_what_is_not_there(make: Make, name: str, missing: set[str]) -> None:
    """A page that content gives nothing for is neither made nor linked."""
    files = make(name).files
    assert not missing & files.keys()
    for url, data in files.items():
        if url.endswith(".html"):
            assert not [
                target for target in missing if f'{target}"' in data.decode() or f"{target}#" in data.decode()
            ], url


def test_text_strength_has_its_words(make: Make) -> None:
    """A strength in words alone is told in words on the front page, without a number that nobody gave."""
    front = text_of(page(make("text-strength"), "index.html"))
    for words in ("a handful", "several hundred", "fewer than before"):
        assert words in front


def test_dates_of_the_sites_parse() -> None:
    """The second mission uses each form of date that content may have."""
    events = factsheet_of("second-mission").events
    forms = {re.sub(r"\d", "0", event.date.text) for event in events}
    assert {"0000~", "0000-00", "0000-00~", "0000-00?", "0000-00-00", "0000-00-00/0000-00-00", "0000-00/.."} <= forms
    assert parse_date("2018~").latest == date(2018, 12, 31)
