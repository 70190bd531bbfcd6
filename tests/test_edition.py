"""What was true on a day, as far as it was known: which claims an edition holds, and which value of a fact holds."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import TypeVar

import pytest
from conftest import PROJECT, TESTS, Case, make_case
from harbour import FILES, rewritten
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from strategies import FILE, any_day, days, factsheets, observations

from rsm_site import build
from rsm_site.build import check_site
from rsm_site.config import Config, make_config
from rsm_site.dates import PartialDate, parse_date
from rsm_site.edition import Edition, FactAt, edition_of, later_than, value_on
from rsm_site.errors import Location
from rsm_site.language import Language
from rsm_site.loader import Loaded, load_factsheet, texts_of
from rsm_site.model import (
    Citation,
    Contribution,
    CountOf,
    Event,
    Fact,
    Factsheet,
    Hub,
    Mission,
    Observation,
    Place,
    Prose,
    ProsePage,
    Site,
    Source,
)
from rsm_site.references import references
from rsm_site.rules import citing_records
from rsm_site.strings import read_strings

quick = settings(max_examples=30, deadline=None)
C = TypeVar("C", Observation, Event, Hub, Place, Contribution, ProsePage)

SOURCE = (Citation(id="letter"),)
DAY = date(2017, 6, 30)
SITES = TESTS / "sites"


def observed(when: str, value: int = 1, status: str = "reported") -> Observation:
    """A value of a date."""
    return Observation(date=parse_date(when), value=value, sources=SOURCE, status=status)  # type: ignore[arg-type]


def fact_on(day: date, *found: Observation) -> FactAt:
    """A fact of those values as of a day."""
    site = Site(title="Harbour Mission", language="en", edition=day)
    fact = Fact(id="staff", label="Staff", type="number", observations=found)
    return edition_of(Factsheet(site=site, facts=(fact,)), day).facts[0]


@pytest.mark.parametrize(
    ("found", "current"),
    [
        pytest.param([observed("2016", 1), observed("2015", 2)], 1, id="the later wins, not the last in the file"),
        pytest.param([observed("2016-01-01", 1), observed("2016", 2)], 1, id="of equals, the day before the year"),
        pytest.param([observed("2016", 1), observed("2016-01", 2)], 2, id="of equals, the month before the year"),
        pytest.param([observed("2016-02", 1), observed("2016", 2)], 1, id="a month in a year begins later than it"),
        pytest.param([observed("2016", 1), observed("2015-12-31", 2)], 1, id="a year counts from its first day"),
        pytest.param([observed("2016-01", 1), observed("2016-01~", 2)], 1, id="of equals, the certain one"),
        pytest.param([observed("2015", 1), observed("2016", 2, "planned")], 1, id="a plan is not what is"),
        pytest.param([observed("2015", 1), observed("2016", 2, "disputed")], 1, id="what is disputed is not current"),
        pytest.param([observed("2015", 1), observed("2016", 2, "withdrawn")], 1, id="what is withdrawn is not current"),
        pytest.param([observed("2015", 1, "planned"), observed("2016", 2, "planned")], 2, id="plans alone: the last"),
        pytest.param(
            [observed("2016", 1, "planned"), observed("2016-05", 2, "disputed")], 1, id="a plan, then dispute"
        ),
        pytest.param([observed("2015", 1), observed("2018", 2)], 1, id="nothing of a later day"),
        pytest.param([observed("2016", 1), observed("2017-06-30", 2)], 2, id="what is of the day itself"),
        pytest.param([observed("2016", 1), observed("2017-07-01", 2)], 1, id="what is of the next day"),
        pytest.param([observed("2016", 1), observed("2017-06", 2)], 2, id="the month that has begun"),
        pytest.param([observed("2014/2017-12", 1), observed("2015/..", 2)], 2, id="intervals count from their start"),
    ],
)
def test_current_value(found: list[Observation], current: int) -> None:
    """The value that holds is the last reported by then; without one the last planned, and never a withdrawn one."""
    fact = fact_on(DAY, *found)
    assert fact.current
    assert fact.current.value == current


@pytest.mark.parametrize("found", [[], [observed("2018")], [observed("2016", 1, "withdrawn")]])
def test_no_current_value(found: list[Observation]) -> None:
    """A fact that has no value by then, or a withdrawn one alone, has no current value."""
    assert fact_on(DAY, *found).current is None


def test_disputed_values_stand_beside() -> None:
    """A disputed value of the same time as the current one or of a later time stands beside it, an older one does not;
    the last plan made since does too."""
    fact = fact_on(
        DAY,
        observed("2015", 1, "disputed"),
        observed("2015-01", 2, "planned"),
        observed("2016-07", 3),
        observed("2016-07", 4, "disputed"),
        observed("2016", 5, "disputed"),
        observed("2016-09", 6, "disputed"),
        observed("2016-10", 7, "planned"),
        observed("2016-11", 8, "planned"),
        observed("2016-12", 9, "withdrawn"),
        observed("2018", 10, "disputed"),
    )
    assert fact.current
    assert fact.current.value == 3
    assert {each.value for each in fact.beside} == {4, 5, 6}
    assert fact.planned
    assert fact.planned.value == 8


@given(st.lists(observations(), max_size=8), any_day, any_day)
@quick
def test_value_of_an_earlier_day(found: list[Observation], day: date, earlier: date) -> None:
    """What held on an earlier day is the same, asked for in a later edition or in that day's own."""
    earlier, day = sorted((day, earlier))
    assert value_on(fact_on(day, *found), earlier) == fact_on(earlier, *found).current


def dated(edition: Edition) -> Iterator[PartialDate]:
    """Every date that an edition holds, those of its sources excepted."""
    for fact in edition.facts:
        yield from (observation.date for observation in fact.observations)
        for shown in (fact.current, fact.planned, *fact.beside):
            yield from (shown.date,) if shown else ()
    records = [*edition.events, *edition.contributions]
    yield from (record.date for record in records)
    mission = edition.site.mission
    spans = [(mission.start, mission.end)] if mission else []
    spans += [(hub.from_, hub.until) for hub in (*edition.hubs, *edition.closed_hubs)]
    yield from (limit for span in spans for limit in span if limit)


@given(factsheets(), any_day, st.none() | any_day)
@quick
def test_holds_nothing_later(factsheet: Factsheet, day: date, known_by: date | None) -> None:
    """Nothing in an edition is of a day after it, and none of its editions is; an event leads to none that it lacks."""
    edition = edition_of(factsheet, day, known_by)
    assert [when for when in dated(edition) if when.earliest > day] == []
    assert max(edition.site.editions) == edition.site.edition == day
    there = {event.id for event in edition.events}
    assert [id_ for event in edition.events for id_ in event.see if id_ not in there] == []


@given(factsheets(), any_day, any_day)
@quick
def test_holds_nothing_unknown(factsheet: Factsheet, day: date, known_by: date) -> None:
    """With a day of knowledge, no claim stands without a source of that day or before, and no later source at all; what
    was known, stands."""
    edition = edition_of(factsheet, day, known_by)
    known = {source.id for source in factsheet.sources if source.known_from and source.known_from <= known_by}
    claims = [observation for fact in edition.facts if not fact.is_counted for observation in fact.observations]
    records = [*claims, *edition.events, *edition.hubs, *edition.closed_hubs, *edition.contributions]
    assert all(record.sources for record in records)
    assert {citation.id for record in records for citation in record.sources} <= known
    assert {source.id for source in edition.sources} <= known
    whole = edition_of(factsheet, day)
    assert [event.id for event in edition.events] == [
        event.id for event in whole.events if any(citation.id in known for citation in event.sources)
    ]


@given(factsheets(), any_day, st.none() | any_day)
@quick
def test_edition_and_what_is_later_are_all(factsheet: Factsheet, day: date, known_by: date | None) -> None:
    """Each dated claim that was known is either in the edition or among what is later than it."""
    edition, later = edition_of(factsheet, day, known_by), later_than(factsheet, day, known_by)
    whole = edition_of(factsheet, date.max, known_by)
    assert len(edition.events) + len(later.events) == len(whole.events)
    assert len(edition.contributions) + len(later.contributions) == len(whole.contributions)
    later_values = {fact.id: len(found) for fact, found in later.facts}
    for before, after in zip(edition.facts, whole.facts, strict=True):
        if not before.is_counted:
            assert len(before.observations) + later_values.get(before.fact.id, 0) == len(after.observations)


@given(factsheets(), days, observations(), st.data())
@quick
def test_later_observation_alters_no_earlier_edition(
    factsheet: Factsheet, day: date, added: Observation, data: st.DataObject
) -> None:
    """An observation that is added to a fact alters no edition of a day before it, with whatever was known when."""
    plain = [fact for fact in factsheet.facts if not fact.count_of]
    if not plain or added.date.earliest <= day:
        return
    chosen = data.draw(st.sampled_from(plain))
    place = data.draw(st.integers(0, len(chosen.observations)))
    found = (*chosen.observations[:place], added, *chosen.observations[place:])
    grown = structs.replace(chosen, observations=found)
    after = structs.replace(factsheet, facts=tuple(grown if each is chosen else each for each in factsheet.facts))
    for known_by in (None, day, date.max):
        before, now = edition_of(factsheet, day, known_by), edition_of(after, day, known_by)
        # The record of the fact has more values in it; what the edition holds of them is the same.
        assert [structs.replace(fact, fact=None) for fact in now.facts] == [
            structs.replace(fact, fact=None) for fact in before.facts
        ]
        assert structs.replace(now, facts=before.facts) == before


def test_counts_are_of_the_edition() -> None:
    """What a fact counts is what the edition holds, of sources and facts too."""

    def count(name: str, **where: str) -> Fact:
        return Fact(id=f"{name}-count", label=name, count_of=CountOf(list=name, where=where))  # type: ignore[arg-type]

    def hub(id_: str, role: str, since: str, until: str = "") -> Hub:
        limits = {"from_": parse_date(since), "until": parse_date(until) if until else None}
        place = Place(name=id_, latitude=1, longitude=1)  # type: ignore[arg-type]
        return Hub(id=id_, name=id_, role=role, places=(place,), sources=SOURCE, **limits)  # type: ignore[arg-type]

    names = ("hubs", "timeline", "sources", "facts")
    factsheet = Factsheet(
        site=Site(title="Harbour Mission", language="en", edition=DAY),
        sources=tuple(Source(id=id_, title=id_, publisher="A publisher") for id_ in ("letter", "later", "unused")),
        facts=(
            *(count(name) for name in names),
            structs.replace(count("hubs", role="spoke"), id="spokes"),
            Fact(id="staff", label="Staff", observations=(observed("2016"),)),
            Fact(id="boats", label="Boats", observations=(observed("2018"),)),
        ),
        events=(
            Event(id="one", date=parse_date("2016"), title="One", category="a", sources=SOURCE),
            Event(id="two", date=parse_date("2018"), title="Two", category="a", sources=(Citation(id="later"),)),
        ),
        hubs=(
            hub("pier", "hub", "2015"),
            hub("bank", "spoke", "2015", "2016"),
            hub("rock", "spoke", "2016"),
            hub("cape", "spoke", "2018"),
        ),
    )
    counted = {fact.fact.id: fact.current.value for fact in edition_of(factsheet, DAY).facts if fact.current}
    assert counted == {
        "hubs-count": 2,
        "timeline-count": 1,
        "sources-count": 1,
        "facts-count": 6,
        "spokes": 1,
        "staff": 1,
    }
    counted = {
        fact.fact.id: fact.current.value for fact in edition_of(factsheet, date(2014, 1, 1)).facts if fact.current
    }
    assert set(counted.values()) == {0, 5}


@pytest.mark.parametrize(
    ("day", "known_by", "is_there"),
    [
        (date(2017, 6, 29), None, False),
        (DAY, None, True),
        (DAY, date(2017, 6, 29), False),
        (DAY, DAY, True),
        (date(2018, 1, 1), date(2017, 6, 29), False),
    ],
)
def test_each_list_begins_on_the_day_itself(day: date, known_by: date | None, is_there: bool) -> None:
    """What is of a day, and published on it, is in the edition of that day and not in that of the day before; a page
    that holds from that day is not there either, for one who knew only what came before."""
    when = parse_date(DAY.isoformat())
    place = Place(name="Pier", latitude=1, longitude=1)  # type: ignore[arg-type]
    factsheet = Factsheet(
        site=Site(title="Harbour Mission", language="en", edition=DAY, mission=Mission(name="Mission", start=when)),
        sources=(Source(id="letter", title="Letter", publisher="A publisher", published=when),),
        facts=(Fact(id="staff", label="Staff", observations=(observed(when.text),)),),
        events=(Event(id="one", date=when, title="One", category="a", sources=SOURCE),),
        hubs=(Hub(id="pier", name="Pier", role="hub", places=(place,), sources=SOURCE, from_=when),),
        contributions=(Contribution(date=when, sources=SOURCE, troops={"NO": 1}),),
        pages=(ProsePage(id="page", title="Page", body=Prose("Text.", Location(FILE)), from_=when),),
    )
    edition = edition_of(factsheet, day, known_by)
    found = (
        edition.facts[0].observations,
        edition.events,
        edition.hubs,
        edition.contributions,
        edition.pages,
        edition.sources,
        edition.site.mission and edition.site.mission.start,
    )
    assert [bool(each) for each in found] == [is_there] * len(found)


def test_mission_end_is_not_known_before() -> None:
    """The end of the mission is in no edition before it, nor known by a day before it, and set apart in the newest."""
    mission = Mission(name="Harbour Mission", start=parse_date("2015-01"), end=parse_date("2018-03"))
    factsheet = Factsheet(site=Site(title="Harbour Mission", language="en", edition=DAY, mission=mission))

    def end(day: date, known_by: date | None = None) -> PartialDate | None:
        told = edition_of(factsheet, day, known_by).site.mission
        return told.end if told else None

    assert end(date(2018, 2, 28)) is None
    assert end(date(2018, 3, 1)) == mission.end
    assert end(date(2019, 1, 1), date(2018, 2, 28)) is None
    assert later_than(factsheet, DAY).mission_end == mission.end
    assert later_than(factsheet, DAY, DAY).mission_end is None
    assert later_than(factsheet, date(2018, 3, 1)).mission_end is None


def forget(factsheet: Factsheet, day: date) -> Factsheet:
    """The factsheet as it could have been written on that day: everything later is gone from it."""

    def by(value: PartialDate | None) -> PartialDate | None:
        return value if value and value.earliest <= day else None

    gone = {hub.id for hub in factsheet.hubs if hub.from_ and hub.from_.earliest > day}
    events = [event for event in factsheet.events if event.date.earliest <= day]
    kept = {event.id for event in events}
    facts = [
        structs.replace(fact, observations=tuple(each for each in fact.observations if each.date.earliest <= day))
        for fact in factsheet.facts
    ]
    site, mission = factsheet.site, factsheet.site.mission
    past = structs.replace(
        factsheet,
        site=structs.replace(
            site,
            edition=day,
            editions=tuple(each for each in site.editions if each <= day),
            mission=mission and structs.replace(mission, start=by(mission.start), end=by(mission.end)),
        ),
        # A featured fact has its card before it has a value, and the drawing its name.
        facts=tuple(f for f in facts if f.observations or f.count_of or f.featured or f.id == site.strength),
        events=tuple(
            structs.replace(
                event,
                place="" if event.place in gone else event.place,
                see=tuple(id_ for id_ in event.see if id_ in kept),
            )
            for event in events
        ),
        hubs=tuple(structs.replace(hub, until=by(hub.until)) for hub in factsheet.hubs if hub.id not in gone),
        contributions=tuple(table for table in factsheet.contributions if table.date.earliest <= day),
        pages=tuple(page for page in factsheet.pages if not page.from_ or page.from_.earliest <= day),
    )
    return without_orphans(past, factsheet)


def unlearn(factsheet: Factsheet, known_by: date) -> Factsheet:
    """The factsheet as it could have been written by one who had read nothing published after that day."""
    known = {source.id for source in factsheet.sources if source.known_from and source.known_from <= known_by}

    def by(value: PartialDate | None) -> PartialDate | None:
        return value if value and value.earliest <= known_by else None

    def cut(record: C) -> C:
        return structs.replace(record, sources=tuple(each for each in record.sources if each.id in known))

    def keep(records: Iterable[C]) -> tuple[C, ...]:
        return tuple(record for record in map(cut, records) if record.sources)

    hubs, events = keep(factsheet.hubs), keep(factsheet.events)
    gone = {hub.id for hub in factsheet.hubs} - {hub.id for hub in hubs}
    kept = {event.id for event in events}
    facts = [structs.replace(fact, observations=keep(fact.observations)) for fact in factsheet.facts]
    site, mission = factsheet.site, factsheet.site.mission
    return structs.replace(
        factsheet,
        sources=tuple(source for source in factsheet.sources if source.id in known),
        site=structs.replace(
            site, mission=mission and structs.replace(mission, start=by(mission.start), end=by(mission.end))
        ),
        facts=tuple(f for f in facts if f.observations or f.count_of or f.featured or f.id == site.strength),
        events=tuple(
            structs.replace(
                event,
                place="" if event.place in gone else event.place,
                see=tuple(id_ for id_ in event.see if id_ in kept),
            )
            for event in events
        ),
        hubs=tuple(structs.replace(hub, until=by(hub.until), places=tuple(map(cut, hub.places))) for hub in hubs),
        contributions=keep(factsheet.contributions),
        pages=tuple(map(cut, factsheet.pages)),
    )


def without_orphans(past: Factsheet, whole: Factsheet) -> Factsheet:
    """The factsheet without the sources that only what is gone from it cited."""
    cited = {citation.id for record in citing_records(past) for citation in record.sources}
    cited |= {found.id for text in texts_of(past) for found, _start in references(text) if found.kind == "source"}
    once = {citation.id for record in citing_records(whole) for citation in record.sources}
    return structs.replace(
        past, sources=tuple(each for each in past.sources if each.id in cited or each.id not in once)
    )


Make = Callable[[Factsheet, Config, dict[str, str]], dict[str, bytes]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Make every file of the site of a factsheet, in memory; the record of their hashes excepted."""
    cache = tmp_path_factory.getbasetemp() / "cache"

    def run(factsheet: Factsheet, config: Config, texts: dict[str, str]) -> dict[str, bytes]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "load_factsheet", lambda *_: Loaded(factsheet, (), texts, newest=0, is_sound=True))
            files = dict(check_site(structs.replace(config, cache=cache)).files)
        del files[".well-known/factsheet-manifest.json"]
        return files

    return run


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The files that are not the same in both."""
    return sorted(url for url in {*one, *other} if one.get(url) != other.get(url))


@pytest.mark.parametrize(
    ("project", "day"),
    [
        (PROJECT, "2016-12-31"),
        (PROJECT, "2014-12-31"),
        (PROJECT, "1900-01-01"),
        (SITES / "second-mission", "2019-05-31"),
        (SITES / "later", "2020-06-30"),
        (SITES / "closed-place", "2018-01-01"),
        (SITES / "counts", "2019-01-01"),
    ],
)
def test_edition_could_have_been_made_that_day(make: Make, project: Path, day: str) -> None:
    """A build with `--edition` is, byte for byte, the build of content from which all that is later was deleted: pages,
    drawings, data, feed and metadata know nothing of it."""
    config = make_config(project=project, templates=PROJECT / "templates", edition=date.fromisoformat(day))
    loaded = load_factsheet(config)
    assert loaded.factsheet
    assert config.edition
    past = forget(loaded.factsheet, config.edition)
    assert past != loaded.factsheet
    assert differing(make(loaded.factsheet, config, loaded.texts), make(past, config, loaded.texts)) == []


@pytest.mark.parametrize(
    ("project", "known_by", "day"),
    [
        (PROJECT, "2018-12-31", "2016-12-31"),
        (SITES / "second-mission", "2020-01-01", None),
    ],
)
def test_edition_could_have_been_made_by_one_who_knew_no_more(
    make: Make, project: Path, known_by: str, day: str | None
) -> None:
    """A build with `--known-by` is, byte for byte, the build of content from which all that was published later was
    deleted, with what rests on it alone."""
    config = make_config(
        project=project,
        templates=PROJECT / "templates",
        known_by=date.fromisoformat(known_by),
        edition=date.fromisoformat(day) if day else None,
    )
    loaded = load_factsheet(config)
    assert loaded.factsheet
    assert config.known_by
    less = unlearn(loaded.factsheet, config.known_by)
    assert differing(make(loaded.factsheet, config, loaded.texts), make(less, config, loaded.texts)) == []


@given(factsheet=factsheets(), day=days)
@settings(max_examples=6, deadline=None)
def test_any_edition_could_have_been_made_that_day(make: Make, factsheet: Factsheet, day: date) -> None:
    """The same of random factsheets."""
    config = make_config(project=PROJECT, edition=day)
    texts = {FILE: ""}
    assert differing(make(factsheet, config, texts), make(forget(factsheet, day), config, texts)) == []


def words_of(data: bytes) -> str:
    """The text of a file, HTML entities and JSON escapes undone."""
    return unescape(data.decode(errors="ignore")).replace("\\u2013", "–")


@pytest.fixture(scope="module")
def end_of_2016(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shipped factsheet as of the end of 2016: the text of every file."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    config = make_config(project=PROJECT, edition=date(2016, 12, 31), strict=True, cache=cache)
    return {url: words_of(data) for url, data in check_site(config).files.items()}


def shipped() -> Factsheet:
    """The content that ships."""
    factsheet = load_factsheet(make_config(project=PROJECT)).factsheet
    assert factsheet
    return factsheet


def test_edition_of_2016_shows_the_count_of_2016(end_of_2016: dict[str, str]) -> None:
    """The edition of the end of 2016 shows 13,332 exactly, and not as about, over or under."""
    for url in ("index.html", "editions/2016-12-31/index.html"):
        card = re.search(r'id="fact-personnel".*?</div>', end_of_2016[url], re.DOTALL)
        assert card, url
        assert "13,332" in card[0]
        assert "figure-card__qualifier" not in card[0]
    told = json.loads(end_of_2016["data/factsheet.json"])
    current = [each for fact in told["facts"] if fact["id"] == "personnel" for each in fact["observations"]][-1]
    assert (current["value"], current["qualifier"], current["current"]) == (13332, "exactly", True)


def test_edition_of_2016_names_no_later_year(end_of_2016: dict[str, str]) -> None:
    """No file of the edition of the end of 2016 names a later year, but for what is said of sources, and for years that
    were told by then: those that money was promised until."""
    factsheet = shipped()
    told = {2017, 2020}
    for year in told:
        assert any(
            str(each.value) == str(year) and each.date.earliest.year <= 2016
            for fact in factsheet.facts
            for each in fact.observations
        )
    language = Language("en", read_strings(PROJECT / "templates", "en")[0])
    said = {
        words
        for source in factsheet.sources
        for when in (source.published, source.accessed)
        for words in (
            *(source.title, source.note, source.url, source.archived_url, source.publisher, source.id),
            *((language.date(when), str(when), str(when.latest)) if when else ()),
        )
        if re.search(r"20[12]\d", words)
    }
    forms = sorted({form for words in said for form in (words, json.dumps(words)[1:-1])}, key=len, reverse=True)
    of_sources = re.compile("|".join(map(re.escape, forms)))
    found = set()
    for url, text in end_of_2016.items():
        if not url.startswith("assets/") and not url.endswith("sources.bib"):
            left = of_sources.sub("", text)
            for match in re.finditer(r"(?<![\d.,#&A-Za-z-])20\d\d(?![\d.])", left):
                if int(match[0]) > 2016 and int(match[0]) not in told:
                    found.add((url, left[max(0, match.start() - 60) : match.end() + 20]))
    assert sorted(found) == []


def test_edition_of_2016_tells_of_nothing_later(end_of_2016: dict[str, str]) -> None:
    """No id, title, label, note or text of a claim after 2016 is in any file of the edition of its last day."""
    factsheet, day = shipped(), date(2016, 12, 31)
    events = [event for event in factsheet.events if event.date.earliest > day]
    later = {
        words for event in events for words in (event.id, event.title, event.summary.text if event.summary else "")
    }
    earlier = {event.title for event in factsheet.events if event not in events}
    earlier |= {words for hub in factsheet.hubs for words in (hub.id, hub.name)}
    for fact in factsheet.facts:
        values = [each for each in fact.observations if each.date.earliest > day]
        later |= {words for each in values for words in (each.note, str(each.value) if fact.type == "text" else "")}
        (later if fact.observations and len(values) == len(fact.observations) else earlier).add(fact.label)
        earlier |= {words for each in fact.observations if each not in values for words in (each.note, str(each.value))}
    said = "\n".join(earlier)
    later = {words[:60] for words in later if len(words) > 4 and words[:60] not in said}
    assert len(later) > 100
    for url, text in end_of_2016.items():
        assert [words for words in later if words in text] == [], url


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The small factsheet, built."""
    case = make_case(tmp_path_factory.mktemp("edition"), "harbour", FILES)
    done = case.run("build", "--strict")
    assert (done.status, done.err) == (0, "")
    return case


def seen(data: bytes) -> str:
    """What a reader sees of the main part of a page."""
    main = re.search(r"<main\b.*</main>", data.decode(), re.DOTALL)
    assert main
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", main[0])).split())


def test_archived_edition_is_what_a_build_of_its_day_is(harbour: Case, tmp_path: Path) -> None:
    """The archived page of a day shows what a build with `--edition` of that day shows, and its data is the same but
    for addresses of what has closed since."""
    newest = harbour.files()
    for day in ("2018-06-30", "2019-06-30"):
        own = make_case(tmp_path, day, FILES)
        assert own.run("build", "--edition", day).status == 0
        url, data = f"editions/{day}/index.html", f"editions/{day}/data/factsheet.json"
        assert seen(newest[url]) == seen(own.files()[url])

        def told(files: dict[str, bytes], data: str = data) -> object:
            return json.loads(files[data], object_hook=lambda each: {k: v for k, v in each.items() if k != "page"})

        assert told(newest) == told(own.files())


def test_newest_edition_alone_tells_what_came_later(harbour: Case, tmp_path: Path) -> None:
    """The edition that site.yaml names sets apart what is on record of later days, and says that the mission has ended;
    its permanent page, archived ones, and a build that asks for its day do not."""
    later = ("Since this edition", "The watch ends", "30 boats", "The mission ended in March 2021.")
    asked = make_case(tmp_path, "asked", FILES)
    assert asked.run("build", "--edition", "2020-06-30").status == 0
    files = harbour.files()
    front = unescape(files["index.html"].decode())
    assert [words for words in (later[0], later[1], later[3]) if words not in front] == []
    assert json.loads(files["data/factsheet.json"])["later"]["events"][0]["id"] == "close"
    assert json.loads(files["editions/2020-06-30/data/factsheet.json"])["later"] is None
    archive = [data for url, data in files.items() if url.startswith("editions/2")]
    for data in (*archive, *asked.files().values()):
        assert [words for words in later if words in unescape(data.decode(errors="ignore"))] == []
    for url in ("editions/2018-06-30/index.html", "editions/2019-06-30/index.html"):
        page = files[url].decode()
        assert "This is the factsheet as it stood on" in page
        assert 'href="../../index.html"' in page


def test_later_strength_by_nation_is_set_apart(tmp_path: Path) -> None:
    """A table of a later day stands on the front page of the newest edition, where its source leads to it, and in no
    archived one."""
    table = "- {date: 2021-02, total: 9, nations: 3, qualifier: about, sources: [memoir], troops: {NO: 5}}\n"
    case = make_case(tmp_path, "table", {**FILES, "content/contributions/later.yaml": table})
    assert case.run("build", "--strict").status == 0
    files = case.files()
    told = seen(files["index.html"]).partition("not part of the edition.")[2].partition("What changed since")[0]
    wanted = ("Personnel by nation, February 2021", "Norway 5", "2 other nations together about 4")
    assert [words for words in wanted if words not in told] == []
    assert '<a href="index.html#since">Strength by nation, February 2021</a>' in files["sources.html"].decode()
    assert "February 2021" not in files["editions/2020-06-30/index.html"].decode()


def test_end_of_the_mission_alone_is_what_came_later(tmp_path: Path) -> None:
    """Where nothing else is on record of later days, the section for it says that the mission has ended."""
    site = rewritten("site.yaml", "strength: boats\n", "")["content/site.yaml"]
    case = make_case(tmp_path, "end", {"content/site.yaml": site})
    assert case.run("build", "--strict").status == 0
    assert "not part of the edition. The mission ended in March 2021." in seen(case.files()["index.html"])


def test_plans_alone_are_shown_as_plans(tmp_path: Path) -> None:
    """A fact that has planned values only shows the last of them, marked as planned, on its card and in prose."""
    planned = """\
- id: lamps
  label: Lamps
  featured: true
  observations:
    - {date: 2018-02, value: 50, status: planned, sources: [report]}
    - {date: 2018-03, value: 60, qualifier: over, status: planned, sources: [report]}
"""
    files = rewritten("pages/overview.md", "The Port Authority keeps", "It wants [[fact:lamps]] lamps. It keeps")
    case = make_case(tmp_path, "plans", {**files, "content/facts/lamps.yaml": planned})
    assert case.run("build", "--strict").status == 0
    front = case.files()["index.html"]
    assert "It wants over 60 (planned) lamps." in seen(front)
    card = re.search(r'id="fact-lamps".*?</div>', front.decode(), re.DOTALL)
    assert card
    assert "tag--planned" in card[0]
    assert "50" not in card[0]


@pytest.mark.parametrize(
    ("until", "is_open"),
    [("2017-06-30", True), ("2017-06-29", False), ("2017-06", True), ("2017-05", False), ("2017", True), ("..", True)],
)
def test_place_stands_to_the_last_day_of_its_end(until: str, is_open: bool) -> None:
    """A place is open to the last day that its end can mean, and one of the closed ones after it."""
    place = Place(name="Pier", latitude=1, longitude=1)  # type: ignore[arg-type]
    end = parse_date("2017/.." if until == ".." else until)
    hub = Hub(id="pier", name="Pier", role="hub", places=(place,), sources=SOURCE, until=end)
    edition = edition_of(Factsheet(site=Site(title="M", language="en", edition=DAY), hubs=(hub,)), DAY)
    assert [bool(edition.hubs), bool(edition.closed_hubs)] == [is_open, not is_open]


def test_shipped_editions_differ() -> None:
    """The editions of the factsheet that ships differ in strength, nations and events as the record says."""
    factsheet = shipped()
    told = {}
    for day in (date(2015, 1, 1), date(2016, 7, 9), date(2017, 11, 9), date(2020, 2, 29), date(2021, 2, 11)):
        edition = edition_of(factsheet, day)
        facts = {fact.fact.id: fact.current for fact in edition.facts}
        strength, nations = facts["personnel"], facts["nations"]
        assert strength
        assert nations
        told[day.isoformat()] = (strength.qualifier, strength.value, nations.value)
    assert told == {
        "2015-01-01": ("about", 12000, 40),
        "2016-07-09": ("exactly", 13079, 39),
        "2017-11-09": ("about", 13000, 39),
        "2020-02-29": ("about", 16500, 38),
        "2021-02-11": ("about", 10000, 36),
    }
    counts = [len(edition_of(factsheet, date.fromisoformat(day)).events) for day in told]
    assert sorted(set(counts)) == counts


def test_known_by_says_so_on_every_page(tmp_path: Path) -> None:
    """A site of what was known by a day says that on every page, so that nobody takes it for the edition itself."""
    case = make_case(tmp_path, "known", FILES)
    assert case.run("build", "--known-by", "2019-12-31").status == 0
    pages = {url: unescape(data.decode()) for url, data in case.files().items() if url.endswith(".html")}
    words = "This shows only what sources had published by 31 December 2019."
    assert [url for url, page in pages.items() if words not in page] == []
    assert "gazette" not in pages["index.html"] + pages["sources.html"]
    assert "The watch ends" not in pages["index.html"]
    assert "The mission ended" not in pages["index.html"]


def test_fact_without_a_value_says_so(harbour: Case) -> None:
    """A featured fact that has no value by a day says that on its card, and is nowhere else in that edition."""
    page = harbour.files()["editions/2019-06-30/index.html"].decode()
    card = re.search(r'id="fact-master".*?</div>', page, re.DOTALL)
    assert card
    assert "no figure by that day" in card[0]
    assert "A. Berg" not in page


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "Led by [[fact:master]].",
            "content/pages/overview.md:6:8: error[not-on-that-day]: there is no fact 'master' on 2018-06-30",
        ),
        (
            "Led by [[fact:master@2019-12-31]].",
            "content/pages/overview.md:6:8: error[not-on-that-day]: there is no fact 'master' on 2019-12-31",
        ),
        (
            "After [[event:treaty|that]].",
            "content/pages/overview.md:6:7: error[not-on-that-day]: there is no event 'treaty' on 2018-06-30",
        ),
        (
            "Since [[date:treaty]].",
            "content/pages/overview.md:6:7: error[not-on-that-day]: there is no event 'treaty' on 2018-06-30",
        ),
        (
            "Beyond [[hub:cape]].",
            "content/pages/overview.md:6:8: error[not-on-that-day]: there is no hub 'cape' on 2018-06-30",
        ),
        (
            "Now [[fact:boats@2020-01-31]].",
            "content/pages/overview.md:6:5: error[not-on-that-day]: 2020-01-31 is after the edition of 2018-06-30",
        ),
    ],
)
def test_reference_to_what_is_not_there_on_a_day_is_a_placed_problem(tmp_path: Path, text: str, problem: str) -> None:
    """A text that an edition cannot tell is an error where it stands, with how to limit it; nothing is written."""
    case = make_case(
        tmp_path, "not-there", rewritten("pages/overview.md", "The Port Authority keeps", f"{text} It keeps")
    )
    done = case.run("build")
    assert done.status == 1
    assert problem in done.err
    assert "'::: from=... until=...'" in done.err
    assert not case.public.exists()


def test_each_reference_to_what_is_not_there_is_placed(tmp_path: Path) -> None:
    """Where a text has the same reference more than once, each is told that the edition cannot tell."""
    twice = "Led by [[fact:master]], [[fact:master]] again.\n\n::: from=2020-02\n\n[[fact:master]]\n\n:::\n\nIt keeps"
    case = make_case(tmp_path, "twice", rewritten("pages/overview.md", "The Port Authority keeps", twice))
    places = re.findall(r"overview\.md:(\d+:\d+): error\[not-on-that-day\]: .* on 2018-06-30", case.run("build").err)
    assert places == ["6:8", "6:25"]


def test_count_as_of_another_day(tmp_path: Path) -> None:
    """A reference to a figure that is counted gives the count of the day that it asks for."""
    text = "On [[fact:berths@2018-01|this]] [[fact:berths@2018-01]], later [[fact:berths]]. It keeps"
    case = make_case(tmp_path, "counted", rewritten("pages/overview.md", "The Port Authority keeps", text))
    assert case.run("build", "--strict").status == 0
    assert "On this 0 , later 1 ." in seen(case.files()["index.html"])


def test_editions_out_of_order_are_put_in_order(harbour: Case) -> None:
    """The archive lists the editions with the newest first, however site.yaml has them, each with its changes."""
    archive = harbour.files()["editions/index.html"].decode()
    found = re.findall(r'<th scope="row"><a [^<>]*href="[./a-z]*([0-9-]+)/index.html"', archive)
    assert found == ["2020-06-30", "2019-06-30", "2018-06-30"]


@pytest.mark.parametrize(
    ("editions", "message"),
    [
        (
            "[2019-06-30, 2018-06-30, 2019-06-30]",
            "content/site.yaml:5:36: error[repeated-edition]: 2019-06-30 stands twice",
        ),
        (
            "[2019-06-30, 2020-07-01]",
            "content/site.yaml:5:24: error[later-edition]: 2020-07-01 is after the edition of 2020-06-30",
        ),
        ("[2019-06-30, 2018-06-31]", "content/site.yaml:5:24: error[bad-date]: '2018-06-31' is not a date: June 2018"),
        ("[2019-06]", "content/site.yaml:5:12: error[bad-date]: '2019-06' is not a single day"),
    ],
)
def test_editions_that_cannot_be_are_told(tmp_path: Path, editions: str, message: str) -> None:
    """A day that stands twice, that is none, or that the factsheet does not reach, is a problem where it stands."""
    case = make_case(tmp_path, "editions", rewritten("site.yaml", "[2019-06-30, 2018-06-30]", editions))
    done = case.run("check", "--strict")
    assert done.status == 1
    assert message in done.err


def test_edition_of_today_is_one_of_them_already(tmp_path: Path) -> None:
    """The day of the factsheet may stand among its editions too, and is made once."""
    files = rewritten("site.yaml", "[2019-06-30, 2018-06-30]", "[2019-06-30, 2018-06-30, 2020-06-30]")
    case = make_case(tmp_path, "editions", files)
    assert case.run("build", "--strict").status == 0
    assert case.files()["editions/index.html"].count(b"2020-06-30/index.html") == 1


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2018-01-14"])
def test_edition_before_everything_is_a_whole_site(tmp_path: Path, day: str) -> None:
    """A day before all content gives a site that links to nothing it lacks and tells nothing that was to come."""
    case = make_case(tmp_path, "before", FILES)
    done = case.run("build", "--strict", "--edition", day)
    assert (done.status, done.err) == (0, "")
    files = case.files()
    assert {"index.html", "about.html", "editions/index.html", "data/factsheet.json"} <= files.keys()
    assert not {"timeline.html", "nations.html", "changes.html", "overview.html"} & files.keys()
    for data in files.values():
        assert [w for w in (b"boats since", b"The watch", b"Oars", b"The cape", b"2021-03") if w in data] == []
    assert "no figure by that day" in seen(files["index.html"])


@pytest.mark.parametrize("day", ["2021-05-01", "2099-01-01", "9999-12-31"])
def test_edition_after_everything_is_a_whole_site(tmp_path: Path, day: str) -> None:
    """A day after all content gives a site with all of it, and nothing is later."""
    case = make_case(tmp_path, "after", FILES)
    done = case.run("build", "--strict", "--edition", day)
    assert (done.status, done.err) == (0, "")
    page = unescape(case.files()["index.html"].decode())
    assert "The mission ended in March 2021." in page
    assert "Since this edition" not in page
    assert "The watch ends" in seen(case.files()["timeline.html"])


@pytest.mark.parametrize("command", ["build", "check", "changes", "freeze"])
@pytest.mark.parametrize("option", ["--edition", "--known-by"])
@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2019-02-29", "'2019-02-29' is not a date: February 2019 has 28 days; write YYYY-MM-DD"),
        ("2019", "'2019' is not a single day; write YYYY-MM-DD"),
        ("2019-06-30~", "'2019-06-30~' is not a single day; write YYYY-MM-DD"),
        ("0000-01-01", "'0000-01-01' is not a date: there is no year 0000; write YYYY-MM-DD"),
        ("30/6/2019", "'30/6/2019' is not a date; write YYYY-MM-DD"),
        ("", "'' is not a date; write YYYY-MM-DD"),
    ],
)
def test_bad_day_is_wrong_use(harbour: Case, command: str, option: str, day: str, message: str) -> None:
    """What is no day is refused in one line, with status 2, by every command that loads content."""
    done = harbour.run(command, f"{option}={day}")
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
