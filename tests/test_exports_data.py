"""The data files: what other programs read in them is what the factsheet says."""

import csv
import io
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import bibtexparser
import frictionless
import geojson
import jsonschema
import pytest
import vobject
from bibtexparser.middlewares import LatexDecodingMiddleware
from exports_case import HOSTILE, SITES, Case, hostile_content, shipped, write_content

from rsm_site.dates import PartialDate, parse_date
from rsm_site.exports.tables import guard, unguard

OTHERS = ("extremes", "persian", "second-mission", "only-site", "date-precision", "later", "closed-place")
FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A factsheet with hostile texts in every field."""
    return Case(hostile_content(tmp_path_factory.mktemp("hostile") / "content"))


@pytest.fixture(scope="module", params=["shipped", "hostile", *OTHERS])
def case(request: pytest.FixtureRequest) -> Case:
    """Every factsheet that the tests have."""
    if request.param == "shipped":
        return shipped()
    if request.param == "hostile":
        found: Case = request.getfixturevalue("hostile")
        return found
    return Case(SITES / request.param / "content")


def rows_of(case: Case, name: str) -> list[dict[str, str]]:
    """A CSV file as text by column, without the apostrophes that guard it."""
    text = case.files[f"data/{name}.csv"].decode()
    return [
        {column: unguard(cell) for column, cell in row.items()} for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def calendar_of(data: bytes) -> list[Any]:
    """The entries of a calendar, as another library reads them."""
    return list(getattr(vobject.readOne(data.decode()), "vevent_list", []))


def test_json_keeps_to_its_schema(case: Case) -> None:
    """factsheet.json is valid by the schema beside it, with what is later and without, and the schema is one."""
    for folder in ("data", f"editions/{case.editions[0].day}/data"):
        schema = json.loads(case.files[f"{folder}/factsheet.schema.json"])
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(json.loads(case.files[f"{folder}/factsheet.json"]))


def test_the_schema_is_strict() -> None:
    """A key too many, one too few, a date that is none and a word that is not allowed are each refused."""
    schema = json.loads(shipped().files["data/factsheet.schema.json"])
    for damage in (
        lambda told: told["facts"][0].update(extra=1),
        lambda told: told["facts"][0].pop("label"),
        lambda told: told["events"][0].update(date="2014-9-30"),
        lambda told: told["facts"][0]["observations"][0].update(status="rumoured"),
        lambda told: told["site"].update(edition="2021"),
    ):
        told = shipped().json()
        damage(told)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(told)


def test_every_key_of_the_schema_is_explained() -> None:
    """Each property says what it is, or is a record that does."""
    schema = json.loads(shipped().files["data/factsheet.schema.json"])
    silent = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, described in definition["properties"].items()
        if "description" not in described and "$ref" not in json.dumps(described)
    ]
    assert silent == []


def test_json_says_what_the_pages_show(case: Case) -> None:
    """Every claim of an edition is in its JSON, with the value as written and in the words of the page; of facts
    without a value only those that the front page has a place for."""
    for edition in case.editions:
        told, viewer = case.json(edition), case.viewer(edition)
        facts = [fact for fact in edition.facts if fact.observations or fact.fact.featured]
        assert [fact["id"] for fact in told["facts"]] == [fact.fact.id for fact in facts]
        for fact, described in zip(facts, told["facts"], strict=True):
            for observation, values in zip(fact.observations, described["observations"], strict=True):
                shown = viewer.observation(observation)
                assert values["date"] == observation.date.text
                assert str(values["value"]) == str(observation.value)
                assert (values["words"], values["status"]) == (shown.words, shown.status)
                assert [source["id"] for source in values["sources"]] == [source.id for source in shown.sources]
            current = [values for values in described["observations"] if values["current"]]
            assert len(current) == (fact.current is not None)
        for event, described in zip(edition.events, told["events"], strict=True):
            viewer.turn_to("data.html")
            shown_event = viewer.event(event)
            assert (described["title"], described["date"]) == (shown_event.title, event.date.text)
            assert (described["place"] or "") == shown_event.place
            assert (described["summary"] or "") == (shown_event.summary.striptags() if shown_event.summary else "")
        assert [hub["name"] for hub in told["hubs"]] == [hub.name for hub in edition.hubs]
        assert [table["troops"] for table in told["contributions"]] == [table.troops for table in edition.contributions]
        assert [source["title"] for source in told["sources"]] == [source.title for source in edition.sources]
        assert [term["term"] for term in told["glossary"]] == [term.term for term in edition.terms]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    """A number stands in the data with the digits of the content, also one that a float would round."""
    values = ["0.1", "-3", "123456789012345.123456", "1.10", "0.000001"]
    content = write_content(
        tmp_path / "content",
        sources=[{"id": "s", "title": "S", "publisher": "P", "published": "2019"}],
        facts=[
            {
                "id": "fact",
                "label": "Fact",
                "observations": [
                    {"date": f"201{year}", "value": value, "sources": ["s"]} for year, value in enumerate(values)
                ],
            }
        ],
    )
    case = Case(content)
    told = json.loads(case.files["data/factsheet.json"], parse_float=Decimal)
    found = [observation["value"] for observation in told["facts"][0]["observations"]]
    assert [str(value) for value in found] == values
    assert [row["value"] for row in rows_of(case, "observations")] == values
    assert b",-3,-3," in case.files["data/observations.csv"]


def test_frictionless_says_valid(case: Case, tmp_path: Path) -> None:
    """The data package is valid: types, constraints, keys, sizes and hashes."""
    folder = case.write(tmp_path)
    if not (folder / "datapackage.json").is_file():
        assert not list(folder.glob("*.csv"))
        return
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note", "type"])[:5]
    package = frictionless.Package(str(folder / "datapackage.json"))
    assert {resource.path for resource in package.resources} == {path.name for path in folder.glob("*.csv")}


def test_frictionless_sees_a_broken_key(tmp_path: Path) -> None:
    """An observation of a fact that is not there, and a source that is not, are found."""
    folder = shipped().write(tmp_path)
    for name in ("observations", "citations"):
        path = folder / f"{name}.csv"
        head, *lines = path.read_bytes().split(b"\r\n")
        path.write_bytes(b"\r\n".join([head, re.sub(rb"personnel|nato-[a-z0-9-]+", b"nothing", lines[0]), *lines[1:]]))
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert {error[0] for error in report.flatten(["type"])} >= {"foreign-key"}


def test_csv_says_what_json_says(case: Case, tmp_path: Path) -> None:
    """Read by Frictionless, with types, every table has the values of factsheet.json."""
    folder = case.write(tmp_path)
    told = case.json()
    if not told["sources"]:
        return
    package = frictionless.Package(str(folder / "datapackage.json"))
    read = {
        resource.name: [
            {key: unguard(value) if isinstance(value, str) else value for key, value in row.to_dict().items()}
            for row in resource.read_rows()
        ]
        for resource in package.resources
    }
    assert [{**row} for row in read["sources"]] == [
        {key: value or None if isinstance(value, str) else value for key, value in source.items()}
        for source in told["sources"]
    ]
    observations = [(fact["id"], each) for fact in told["facts"] for each in fact["observations"]]
    for row, (fact, each) in zip(read.get("observations", []), observations, strict=True):
        assert (row["fact"], row["date"], row["words"]) == (fact, each["date"], each["words"])
        assert row["value"] == str(each["value"])
        assert row["number"] == (None if isinstance(each["value"], str) else Decimal(str(each["value"])))
        assert (row["current"], row["note"]) == (each["current"], each["note"])
        assert (row["sources"] or "").split() == [source["id"] for source in each["sources"]]
    for row, event in zip(read.get("events", []), told["events"], strict=True):
        assert {key: row[key] for key in ("id", "date", "title", "place", "summary", "featured")} == {
            key: event[key] for key in ("id", "date", "title", "place", "summary", "featured")
        }
    for row, hub in zip(read.get("hubs", []), [*told["hubs"], *told["closed_hubs"]], strict=True):
        assert (row["name"], row["from"], row["until"]) == (hub["name"], hub["from"], hub["until"])
    places = [place for hub in (*told["hubs"], *told["closed_hubs"]) for place in hub["places"]]
    for row, place in zip(read.get("places", []), places, strict=True):
        assert (row["name"], row["latitude"]) == (place["name"], Decimal(str(place["latitude"])))
    troops = [pair for table in told["contributions"] for pair in table["troops"].items()]
    assert [(row["nation"], row["troops"]) for row in read.get("contributions", [])] == troops


def test_csv_keeps_to_the_standard(case: Case) -> None:
    """UTF-8 without a mark, each record ended by CR LF, no cell that a spreadsheet would run."""
    for url, data in case.files.items():
        if not url.endswith(".csv"):
            continue
        assert data.endswith(b"\r\n")
        assert not data.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}
        for cell in (cell for row in rows for cell in row):
            for piece in re.split(r"(?<=[;\t\r\n])", cell):
                assert not FORMULA.match(piece) or re.fullmatch(r"-?\d+(\.\d+)?", piece), (url, piece[:40])


def test_guarded_text_comes_back() -> None:
    """The apostrophes that guard a text can be taken away again, whatever it is."""
    signs = "=';\n\ta1-＝"
    for text in ("".join(some) for length in range(5) for some in product(signs, repeat=length)):
        assert unguard(guard(text)) == text
        assert not FORMULA.match(guard(text)) or re.fullmatch(r"-?\d+", text)


def test_geojson_is_valid(case: Case) -> None:
    """hubs.geojson is a valid FeatureCollection whose points are those of the hubs."""
    edition = case.editions[-1]
    hubs = [*edition.hubs, *edition.closed_hubs]
    if not hubs:
        assert "data/hubs.geojson" not in case.files
        return
    collection = geojson.loads(case.files["data/hubs.geojson"].decode())
    assert collection.is_valid, collection.errors()
    points = [(place.name, float(place.longitude), float(place.latitude)) for hub in hubs for place in hub.places]
    found = [(feature["properties"]["name"], *feature["geometry"]["coordinates"]) for feature in collection["features"]]
    assert found == points
    assert (collection["edition"], collection["licence"]) == (edition.day.isoformat(), edition.site.licence or None)


def test_calendar_is_read_back(case: Case) -> None:
    """Each event whose days are known is in the calendar once, on exactly these days; the rest are counted."""
    for edition in case.editions:
        url = f"editions/{edition.day}/data/timeline.ics"
        if url not in case.files:
            assert not edition.events
            continue
        (name,) = vobject.readOne(case.files[url].decode()).contents["name"]
        assert name.value == edition.site.title
        entries = {entry.uid.value.partition("@")[0]: entry for entry in calendar_of(case.files[url])}
        assert len(entries) == len(calendar_of(case.files[url]))
        for event in edition.events:
            entry = entries.pop(event.id, None)
            if entry is None:
                assert not event.date.day
                continue
            assert entry.dtstart.value == event.date.earliest
            assert getattr(entry, "dtend", None) is None or entry.dtend.value == event.date.latest + timedelta(days=1)
            assert hasattr(entry, "dtend") or event.date.earliest == event.date.latest
            assert event.date.latest <= edition.day
            words = "" if event.date.day else f" ({case.language.date(event.date)})"
            title = re.sub(r"\r\n?|[\u0085\u2028\u2029]", "\n", event.title)
            assert entry.summary.value == title + words
            assert entry.dtstamp.value.date() == edition.day
        assert entries == {}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2014-09-30", ("2014-09-30", None)),
        ("2014-02", ("2014-02-01", "2014-03-01")),
        ("2014", ("2014-01-01", "2015-01-01")),
        ("2013-11/2014-02-03", ("2013-11-01", "2014-02-04")),
        ("2014~", None),
        ("2014-09-30?", None),
        ("2014-09~/2014-10", None),
        ("2014/..", None),
        ("2015-06", None),
    ],
)
def test_a_month_is_never_a_day(tmp_path: Path, text: str, span: tuple[str, str | None] | None) -> None:
    """An event of a month, year or interval spans it; one of which that is not known is left out, and counted."""
    content = write_content(
        tmp_path / "content",
        site={"edition": "2015-06-15"},
        sources=[{"id": "s", "title": "S", "publisher": "P", "published": "2010"}],
        timeline=[{"id": "event", "date": text, "title": "E", "category": "c", "sources": ["s"]}],
    )
    case = Case(content)
    data = case.files["data/timeline.ics"]
    entries = calendar_of(data)
    if span is None:
        assert entries == []
        assert "1 event has no date" in vobject.readOne(data.decode()).contents["x-wr-caldesc"][0].value
        return
    assert "has no date" not in data.decode()
    end = getattr(entries[0], "dtend", None)
    assert (str(entries[0].dtstart.value), end and str(end.value)) == span
    assert "VALUE=DATE:" in data.decode()
    assert case.json()["events"][0]["date"] == text


def test_calendar_lines_are_short(case: Case) -> None:
    """Every line of a calendar ends in CR LF and has at most 75 octets."""
    for url, data in case.files.items():
        if url.endswith(".ics"):
            lines = data.split(b"\r\n")
            assert lines.pop() == b""
            assert max(map(len, lines)) <= 75
            assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_bibtex_is_read_back(case: Case) -> None:
    """Each source is in sources.bib, with the title, publisher, date and address that it has."""
    sources = case.editions[-1].sources
    if not sources:
        assert "data/sources.bib" not in case.files
        return
    text = case.files["data/sources.bib"].decode()
    library = bibtexparser.parse_string(text)
    decoded = bibtexparser.parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    assert not library.failed_blocks
    assert [entry.key for entry in library.entries] == [source.id for source in sources]
    for source, entry, read in zip(sources, library.entries, decoded.entries, strict=True):
        # Addresses and dates are fields that TeX takes as they are.
        verbatim = {field.key: field.value for field in entry.fields if field.key in ("url", "date", "urldate")}
        fields = {field.key: field.value for field in read.fields} | verbatim
        assert plain(fields["title"]) == plain(source.title)
        assert plain(fields["author"]) == plain(source.publisher)
        assert fields.get("url", "") == source.url
        assert fields.get("date", "") == (source.published.text if source.published else "")
        precise = source.published is not None and source.published.machine is not None
        assert ("year" in fields, "month" in fields) == (precise, precise and len(str(source.published)) > 4)


def plain(text: str) -> str:
    """The text without braces and white space, which TeX drops; the decoder has an accent for the sign ^."""
    return re.sub(r"[{}\s]+", "", text).replace("\u02c6", "^")


def dates_in(told: Any) -> list[PartialDate]:
    """Every date of a record but those of sources."""
    if isinstance(told, dict):
        own = [parse_date(value) for key, value in told.items() if key in ("date", "from", "until", "start") and value]
        return own + [each for key, value in told.items() if key != "sources" for each in dates_in(value)]
    return [each for value in told for each in dates_in(value)] if isinstance(told, list) else []


def test_an_edition_knows_nothing_later(case: Case) -> None:
    """No date in the data of an edition is after its day, but of sources; later values are apart, in data/ alone."""
    for edition in case.editions:
        told = case.json(edition)
        assert told["later"] is None
        assert all(found.earliest <= edition.day for found in dates_in(told))
        for entry in calendar_of(
            case.files.get(f"editions/{edition.day}/data/timeline.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
        ):
            assert entry.dtstart.value <= edition.day
    newest = case.json()
    later = newest.pop("later")
    assert all(found.earliest <= case.editions[-1].day for found in dates_in(newest))
    if later:
        assert all(found.earliest > case.editions[-1].day for found in dates_in(later))


def test_what_comes_later_leaves_no_trace(tmp_path: Path) -> None:
    """A word that only later records have is in no file of an earlier edition, in data/ only in factsheet.json, and in
    nothing when an edition is asked for."""
    mark = "afterwards"
    source = {"title": "S", "publisher": "P", "published": "2010"}
    cited = {"sources": ["s"]}

    def observations(label: str) -> list[dict[str, Any]]:
        later = {"date": "2019-03", "value": mark, "note": mark, "sources": ["late"]}
        return [{"date": "2011", "value": label, **cited}, later]

    content = write_content(
        tmp_path / "content",
        site={"edition": "2015-06-15", "editions": ["2012-01-01"], "mission": {"name": "M", "end": "2021-09"}},
        sources=[{"id": "s", **source}, {"id": "late", **source, "title": mark}],
        facts=[{"id": "fact", "label": "Fact", "type": "text", "observations": observations("first")}],
        timeline=[
            {"id": "early", "date": "2011", "title": "E", "category": "c", "see": ["late"], **cited},
            {"id": "late", "date": "2019", "title": mark, "category": "c", "summary": mark, "sources": ["late"]},
        ],
        contributions=[{"date": "2019", "troops": {"NO": 7}, "note": mark, **cited}],
    )
    case = Case(content)
    assert {url for url, data in case.files.items() if mark.encode() in data} == {"data/factsheet.json"}
    assert "2021-09" in case.files["data/factsheet.json"].decode()
    asked = Case(content, day=date(2015, 6, 15))
    for url, data in asked.files.items():
        assert not re.search(rb"afterwards|2021-09", data), url


def test_edition_and_licence_are_told() -> None:
    """Each data file says of which edition it is and under which licence, in itself or in the file beside it."""
    case = shipped()
    for edition in case.editions:
        folder = f"editions/{edition.day}/data"
        day, licence = edition.day.isoformat(), edition.site.licence
        for name in ("factsheet.json", "datapackage.json", "hubs.geojson", "sources.bib"):
            text = case.files[f"{folder}/{name}"].decode()
            assert day in text, name
            assert licence in text, name
        calendar = re.sub(r"\r\n ", "", case.files[f"{folder}/timeline.ics"].decode())
        assert case.language.day(edition.day) in calendar
        assert licence in calendar


def test_hostile_texts_come_back(hostile: Case) -> None:
    """Texts with everything that some format would take for its own come back from each as the content has them."""
    titles = [event.title for event in hostile.factsheet.events]
    assert len(titles) == len(HOSTILE)
    assert max(map(len, titles)) > 8000
    assert [event["title"] for event in hostile.json()["events"]] == titles
    assert [row["title"] for row in rows_of(hostile, "events")] == titles
    assert [fact["observations"][0]["value"] for fact in hostile.json()["facts"]] == titles
    assert len(calendar_of(hostile.files["data/timeline.ics"])) == len(titles)


def test_data_is_listed(case: Case) -> None:
    """Every file of data/ has a row with what it is for, its size and its date."""
    rows = case.exports.describe_data()
    assert [row.url for row in rows] == [url for url in case.files if url.startswith("data/")]
    for row in rows:
        assert row.purpose
        assert row.when.machine == case.editions[-1].day.isoformat()
        assert row.size.startswith(case.language.number(round(Decimal(len(case.files[row.url])) / 1000, 1)))
    first = case.editions[0].day
    assert all(row.url.startswith(f"editions/{first}/data/") for row in case.exports.describe_data(first))
