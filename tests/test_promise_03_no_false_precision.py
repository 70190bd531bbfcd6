"""Promise 3: a date is never more precise than what is known, from YAML to page, order, JSON, iCalendar, JSON-LD."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, TESTS, Case, make_case
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import partial_dates
from tree import parse

from rsm_site.build import check_site
from rsm_site.config import make_config
from rsm_site.dates import PartialDate, parse_date
from rsm_site.language import Language
from rsm_site.loader import load_factsheet
from rsm_site.strings import read_strings

# Of each form one date, as it is written, in words, for machines, and as the days that a calendar may show.
FORMS = [
    ("2012", "2012", "2012", (date(2012, 1, 1), date(2012, 12, 31))),
    ("2013-05", "May 2013", "2013-05", (date(2013, 5, 1), date(2013, 5, 31))),
    ("2014-09-30", "30 September 2014", "2014-09-30", (date(2014, 9, 30), date(2014, 9, 30))),
    ("2015~", "about 2015", None, None),
    ("2016-02?", "February 2016 (uncertain)", None, None),
    ("2016-08-17~", "about 17 August 2016", None, None),
    ("2017-01/2017-06", "January – June 2017", None, (date(2017, 1, 1), date(2017, 6, 30))),
    ("2018/2018-10", "2018 to October 2018", None, (date(2018, 1, 1), date(2018, 10, 31))),
    ("2019-03/..", "since March 2019", None, None),
]
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
LANGUAGE = Language("en", read_strings(PROJECT / "templates", "en")[0])
CASES = pytest.mark.parametrize(("written", "words", "machine", "span"), FORMS, ids=[form[0] for form in FORMS])


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A site in which an event, a value, a hub and a source bear each form of date, the latest first in its files."""
    cited = "sources: [report]"
    numbered = list(enumerate(FORMS))[::-1]
    events = [
        f'- {{id: event-{n}, date: "{form[0]}", title: Event {n}, category: watch, featured: true, {cited}}}'
        for n, form in numbered
    ]
    values = [f'    - {{date: "{form[0]}", value: {100 + n}, {cited}}}' for n, form in numbered]
    dates = [f'    - {{date: "2011", value: "{form[0]}", status: planned, {cited}}}' for n, form in numbered]
    hubs = [
        f'- {{id: hub-{n}, name: Hub {n}, role: spoke, from: "{form[0]}", {cited}, '
        f"places: [{{name: Hub {n}, latitude: {50 + n / 10}, longitude: 7}}]}}"
        for n, form in numbered
    ]
    sources = [
        f'- {{id: source-{n}, title: Source {n}, publisher: The Port Authority, published: "{form[0]}"}}'
        for n, form in numbered
    ]
    cites = [
        f"- {{date: 2011, title: Cites {n}, id: cites-{n}, category: watch, sources: [source-{n}]}}"
        for n, _ in numbered
    ]
    tables = [f'- {{date: "{form[0]}", {cited}, troops: {{NO: {10 + n}}}}}' for n, form in numbered]
    files: dict[str, str | bytes] = {
        "content/site.yaml": "title: Harbour Mission\nlanguage: en\nedition: 2020-06-30\n"
        "url: https://example.org/harbour/\nstrength: boats\n"
        "mission: {name: Harbour Mission, start: 2012, end: 2019-11}\n",
        "content/sources.yaml": "\n".join(
            ["- {id: report, title: A report, publisher: The Port Authority, published: 2011}", *sources, ""]
        ),
        "content/facts.yaml": "\n".join(
            [
                *("- id: boats", "  label: Boats", "  featured: true", "  observations:", *values),
                *("- id: promised", "  label: Promised", "  type: date", "  observations:", *dates, ""),
            ]
        ),
        "content/timeline.yaml": "\n".join([*events, *cites, ""]),
        "content/hubs.yaml": "\n".join([*hubs, ""]),
        "content/contributions.yaml": "\n".join([*tables, ""]),
        "content/pages/overview.md": "---\ntitle: Overview\n---\n\n"
        + "\n".join(f"It was [[date:event-{n}]].\n" for n, _form in numbered),
    }
    case = make_case(tmp_path_factory.mktemp("promise"), "forms", files)
    done = case.run("build", "--strict")
    assert (done.status, done.err) == (0, "")
    return case


@cache
def data_of(case: Case) -> dict[str, Any]:
    """The data of the site as JSON."""
    told: dict[str, Any] = json.loads(case.files()["data/factsheet.json"])
    return told


@CASES
def test_words_are_as_precise_as_what_is_written(
    forms: Case, written: str, words: str, machine: str | None, span: object
) -> None:
    """On the timeline and in prose a date is in words at its own precision."""
    number = [form[0] for form in FORMS].index(written)
    timeline = parse(forms.files()["timeline.html"])
    shown = timeline.by_id(f"event-{number}").one(class_="event__date").text
    assert shown.partition(" · ")[0].replace("–", " – ").split() == words.split()
    overview = parse(forms.files()["index.html"]).by_id("overview").text
    assert re.search(rf"It was {re.escape(shown.partition(' · ')[0])} ?\.", overview)


@CASES
def test_times_for_machines_are_true(forms: Case, written: str, words: str, machine: str | None, span: object) -> None:
    """The timeline has a `<time>` for what is a year, a month or a day, in just that form, and none for what is not."""
    number = [form[0] for form in FORMS].index(written)
    entry = parse(forms.files()["timeline.html"]).by_id(f"event-{number}").one(class_="event__date")
    assert [each.attributes["datetime"] for each in entry.all("time")] == ([machine] if machine else [])


@CASES
def test_data_has_the_date_as_it_is_written(
    forms: Case, written: str, words: str, machine: str | None, span: object
) -> None:
    """JSON and tables have every date in EDTF, letter by letter as content has it."""
    number = [form[0] for form in FORMS].index(written)
    told = data_of(forms)

    def record(name: str, id_: str) -> dict[str, Any]:
        return next(each for each in told[name] if each["id"] == id_)  # type: ignore[no-any-return]

    assert record("events", f"event-{number}")["date"] == written
    assert record("hubs", f"hub-{number}")["from"] == written
    assert record("sources", f"source-{number}")["published"] == written
    boats = {each["value"]: each["date"] for each in record("facts", "boats")["observations"]}
    assert boats[100 + number] == written
    assert written in [each["value"] for each in record("facts", "promised")["observations"]]
    assert written in [each["date"] for each in told["contributions"]]
    files = forms.files()
    for name, column in (("events", "date"), ("observations", "date"), ("hubs", "from"), ("sources", "published")):
        rows = csv.DictReader(files[f"data/{name}.csv"].decode().splitlines())
        assert written in [row[column] for row in rows], name
    features = json.loads(files["data/hubs.geojson"])["features"]
    assert written in [feature["properties"]["from"] for feature in features]


@CASES
def test_calendar_has_what_is_surely_known(
    forms: Case, written: str, words: str, machine: str | None, span: tuple[date, date] | None
) -> None:
    """In the calendar an event lasts from the first to the last day that its date can mean, and what is not known to
    that is left out."""
    number = [form[0] for form in FORMS].index(written)
    text = forms.files()["data/timeline.ics"].decode().replace("\r\n ", "")
    entries = {
        match[1]: match[0] for match in re.finditer(r"BEGIN:VEVENT.*?UID:([\w-]+)@.*?END:VEVENT", text, re.DOTALL)
    }
    if span is None:
        assert f"event-{number}" not in entries
        return
    first, last = span
    entry = entries[f"event-{number}"]
    assert f"DTSTART;VALUE=DATE:{first:%Y%m%d}" in entry
    if last > first:
        assert f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}" in entry
    assert f"X-EDTF:{written}" in entry


@CASES
def test_linked_data_has_true_dates_alone(
    forms: Case, written: str, words: str, machine: str | None, span: object
) -> None:
    """JSON-LD has a date only in the form that is true of it: a year, a month or a day."""
    number = [form[0] for form in FORMS].index(written)
    nodes = list(nodes_of(forms.files()["timeline.html"]))
    [event] = [each for each in nodes if each.get("name") == f"Event {number}"]
    if machine:
        assert event["startDate"] == machine
    else:
        # Of an interval both ends may be told, each as precise as it is; of what is vague nothing.
        start, _slash, end = written.partition("/")
        vague = "~" in written or "?" in written
        assert event.get("startDate") in ((None,) if vague else (None, start))
        assert event.get("endDate") in ((None,) if vague else (None, end))
    found = {value for node in nodes for key, value in node.items() if "date" in key.lower() and isinstance(value, str)}
    ends = {part for form in FORMS for part in form[0].split("/")}
    assert found <= {*ends, "2011", "2019-11", "2020-06-30"}


def nodes_of(data: bytes) -> Iterator[dict[str, Any]]:
    """The things that the JSON-LD of a page describes."""
    [script] = [each for each in parse(data).all("script") if each.attributes.get("type") == "application/ld+json"]
    waiting: list[Any] = [json.loads(str(script.children[0]))]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def test_order_is_by_the_first_day_then_the_less_precise(forms: Case) -> None:
    """Pages and data have the records in the order of their dates, whatever the order of the files."""
    told = data_of(forms)
    wanted = [f"event-{number}" for number in range(len(FORMS))]
    assert [each["id"] for each in told["events"] if each["id"].startswith("event")] == wanted
    ids = [each.attributes.get("id", "") for each in parse(forms.files()["timeline.html"]).all("li")]
    assert [id_ for id_ in ids if id_.startswith("event-")] == wanted
    assert [each["date"] for each in told["contributions"]] == [form[0] for form in FORMS]


@given(st.lists(partial_dates, max_size=8))
@settings(max_examples=60, deadline=None)
def test_order_of_any_dates(found: list[PartialDate]) -> None:
    """Dates sort by the first day they can mean; of those with the same, by the last, the later before the earlier; and
    what is vague before what is sure."""
    ordered = sorted(found, key=lambda when: when.sort_key)
    for one, other in pairwise(ordered):
        assert one.earliest <= other.earliest
        if one.earliest == other.earliest:
            assert one.latest >= other.latest
            if one.latest == other.latest and not other.is_interval and other.machine is None:
                assert one.machine is None


@given(partial_dates)
@settings(max_examples=80, deadline=None)
def test_no_form_of_a_date_says_more(when: PartialDate) -> None:
    """A date in words names a month only where one is written, and a day only where one is; the form for machines is
    the written one or none; and a day is had only from a day."""
    words = LANGUAGE.date(when)
    points = [part for part in when.text.replace("~", "").replace("?", "").split("/") if part != ".."]
    has_month = any(len(part) > 4 for part in points)
    has_day = any(len(part) > 7 for part in points)
    assert bool(re.search(MONTHS, words)) == has_month
    assert bool(re.search(r"(?<!\d)\d{1,2}(?!\d)", words)) == has_day
    assert ("about" in words) == ("~" in when.text)
    assert ("uncertain" in words) == ("?" in when.text)
    assert when.machine in (when.text, None)
    assert (when.day is not None) == bool(re.fullmatch(r"\d{4}-\d\d-\d\d", when.text))


@pytest.mark.parametrize("project", [PROJECT, TESTS / "sites/second-mission", TESTS / "sites/date-precision"])
def test_no_page_has_a_time_that_content_has_not(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every `<time>` of every page is a date that content has in just that form, or the day of an edition."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    config = make_config(project=project, templates=PROJECT / "templates", cache=cache)
    factsheet = load_factsheet(config).factsheet
    assert factsheet
    site = factsheet.site
    known = {day.isoformat() for day in (*site.editions, site.edition)}
    content = " ".join(path.read_text(encoding="utf-8") for path in sorted((project / "content").rglob("*.yaml")))
    known |= set(re.findall(r"(?<![\d~?/-])\d{4}(?:-\d\d){0,2}(?![\d~?/-])", content))
    found = 0
    for url, data in check_site(config).files.items():
        if url.endswith(".html"):
            times = re.findall(r'datetime="([^"]*)"', data.decode())
            found += len(times)
            assert [text for text in times if text not in known or parse_date(text).machine != text] == [], url
    assert found
