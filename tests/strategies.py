"""Hypothesis strategies: random factsheets, with every status, precision of date and list that content can have."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TypeVar

from dateutil.relativedelta import relativedelta
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from rsm_site.dates import PartialDate, parse_date
from rsm_site.errors import Location
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
    Scalar,
    Site,
    Source,
    Term,
)

FILE = "content/random.md"

T = TypeVar("T")

# Few days, so that claims meet: the first and the last of a month and of a year, and days between.
DAYS = tuple(
    date.fromisoformat(text)
    for text in ("2014-06-15", "2015-12-31", "2016-01-01", "2016-02-29", "2016-05-31", "2016-12-31", "2017-01-01")
)
days = st.sampled_from(DAYS)
any_day = st.sampled_from([*DAYS, date.min, date(2016, 1, 15), date(2016, 6, 30), date(2030, 6, 15), date.max])
_POINTS = tuple(
    dict.fromkeys(day.isoformat()[:length] + vague for day in DAYS for length in (10, 7, 4) for vague in ("", "~", "?"))
)
_INTERVALS = tuple(
    f"{start}/{end}"
    for start in ("2015", "2015-12-31", "2016-02", "2016-05-31~")
    for end in ("2016-05-31", "2016-12", "2017?", "..")
)
partial_dates = st.sampled_from([parse_date(text) for text in (*_POINTS, *_INTERVALS)])
_statuses = st.sampled_from(["reported", "reported", "reported", "planned", "disputed", "withdrawn"])
_qualifiers = st.sampled_from(["exactly", "about", "over", "under"])
_SOURCES = ("letter", "report", "release", "archive")
citations = st.sampled_from(
    [
        tuple(Citation(id=id_, at=at) for id_ in ids)
        for ids in (("letter",), ("report",), ("release",), ("archive",), ("letter", "report"), _SOURCES)
        for at in ("", "page 3")
    ]
)


@st.composite
def spans(draw: DrawFn) -> tuple[PartialDate | None, PartialDate | None]:
    """From when until when, either perhaps open."""
    start, end = draw(st.none() | partial_dates), draw(st.none() | partial_dates)
    if start and end and end.latest < start.earliest:
        return end, start
    return start, end


def values(kind: str) -> SearchStrategy[Scalar]:
    """Values of a fact of that type."""
    match kind:
        case "number":
            return st.sampled_from([0, 40, 13000, Decimal("1.5")])
        case "date":
            return st.sampled_from([parse_date("2017"), parse_date("2024-06")])
        case _:
            return st.sampled_from(["a handful", "General A", "General B"])


@st.composite
def observations(draw: DrawFn, kind: str = "number") -> Observation:
    """A dated value."""
    return Observation(
        date=draw(partial_dates),
        value=draw(values(kind)),
        qualifier=draw(_qualifiers),
        status=draw(_statuses),
        sources=draw(citations),
        note=draw(st.sampled_from(["", "A note."])),
    )


@st.composite
def facts(draw: DrawFn, id_: str) -> Fact:
    """A fact with values, some of them perhaps twice, or one that counts."""
    label, is_featured = f"Label of {id_}", draw(st.booleans())
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(["hubs", "timeline", "sources", "glossary", "contributions", "facts"]))
        where = {"role": "spoke"} if name == "hubs" and draw(st.booleans()) else {}
        return Fact(id=id_, label=label, featured=is_featured, count_of=CountOf(list=name, where=where))
    kind = draw(st.sampled_from(["number", "number", "text", "date"]))
    found = draw(st.lists(observations(kind), min_size=1, max_size=6))
    if draw(st.booleans()):
        found.append(found[0])
    stale_after = draw(st.sampled_from([None, relativedelta(months=12)]))
    return Fact(
        id=id_,
        label=label,
        type=kind,
        unit=draw(st.sampled_from(["", "people"])),
        featured=is_featured,
        stale_after=stale_after,
        observations=tuple(without_conflicts(found)),
    )


def without_conflicts(found: list[Observation]) -> list[Observation]:
    """The observations without reported ones that contradict an earlier one, as the checks of content demand."""
    said: dict[PartialDate, tuple[Scalar, str]] = {}
    kept = []
    for each in found:
        new = (each.value, each.qualifier)
        if each.status != "reported" or said.setdefault(each.date, new) == new:
            kept.append(each)
    return kept


@st.composite
def events(draw: DrawFn, id_: str, others: list[str], places: list[str]) -> Event:
    """An event that may lead on to others and stand at a hub."""
    return Event(
        id=id_,
        date=draw(partial_dates),
        title=f"Title of {id_}",
        category=draw(st.sampled_from(["decision", "legal"])),
        sources=draw(citations),
        place=draw(st.sampled_from(["", "Somewhere", *places])),
        summary=draw(st.none() | st.just(Prose(f"Summary of {id_}.", Location(FILE), "|"))),
        has_text=draw(st.booleans()),
        see=tuple(draw(st.lists(st.sampled_from(others), max_size=3, unique=True))) if others else (),
        featured=draw(st.booleans()),
    )


@st.composite
def hubs(draw: DrawFn, id_: str) -> Hub:
    """A hub with one or two places."""
    from_, until = draw(spans())
    where = [
        Place(name=f"Place {number} of {id_}", latitude=Decimal(number), longitude=Decimal(9), sources=draw(citations))
        for number in range(draw(st.integers(1, 2)))
    ]
    return Hub(
        id=id_,
        name=f"Name of {id_}",
        role=draw(st.sampled_from(["hub", "spoke", "functional"])),
        places=tuple(where),
        sources=draw(citations),
        from_=from_,
        until=until,
    )


@st.composite
def contributions(draw: DrawFn, when: PartialDate) -> Contribution:
    """A table of strength by nation."""
    troops = draw(st.dictionaries(st.sampled_from(["NO", "DE", "XK"]), st.integers(0, 500), min_size=1))
    total = draw(st.none() | st.just(sum(troops.values()) + 7))
    return Contribution(date=when, sources=draw(citations), troops=troops, total=total)


@st.composite
def sources(draw: DrawFn, id_: str) -> Source:
    """A source that may bear no date, and may have been read at no known time."""
    return Source(
        id=id_,
        title=f"Title of {id_}",
        publisher="A publisher",
        published=draw(st.none() | partial_dates),
        accessed=draw(st.none() | partial_dates),
    )


@st.composite
def pages(draw: DrawFn, id_: str) -> ProsePage:
    """A page that may hold for a time, with a paragraph that may hold for a shorter one."""
    from_, until = draw(spans())
    body = f"Body of {id_}.\n"
    if draw(st.booleans()):
        body += f"\n::: from={draw(days)}\n\nParagraph of {id_}.\n\n:::\n"
    return ProsePage(
        id=id_,
        title=f"Title of {id_}",
        body=Prose(body, Location(FILE)),
        sources=draw(citations),
        from_=from_,
        until=until,
    )


def _several(draw: DrawFn, name: str, most: int, make: Callable[[str], SearchStrategy[T]]) -> tuple[T, ...]:
    return tuple(draw(make(f"{name}-{number}")) for number in range(draw(st.integers(0, most))))


@st.composite
def factsheets(draw: DrawFn) -> Factsheet:
    """A factsheet that passes the checks of content."""
    start, end = draw(spans())
    found_hubs = _several(draw, "hub", 3, hubs)
    event_ids = [f"event-{number}" for number in range(draw(st.integers(0, 5)))]
    tables = draw(st.lists(partial_dates, max_size=3, unique_by=lambda when: when.text))
    found_facts = _several(draw, "fact", 4, facts)
    last = draw(days)
    found_events = tuple(
        draw(events(id_, [other for other in event_ids if other != id_], [hub.id for hub in found_hubs]))
        for id_ in event_ids
    )
    return Factsheet(
        site=Site(
            title="Harbour Mission",
            language="en",
            edition=last,
            editions=tuple(draw(st.lists(days, max_size=3, unique=True))),
            mission=draw(st.none() | st.just(Mission(name="Harbour Mission", start=start, end=end))),
            strength="fact-0" if found_facts and not found_facts[0].count_of and draw(st.booleans()) else "",
            categories=draw(st.sampled_from([{}, {"decision": "Decisions", "legal": "Legal"}])),
            url=draw(st.sampled_from(["", "https://example.org/harbour/"])),
        ),
        sources=tuple(draw(sources(id_)) for id_ in _SOURCES),
        facts=found_facts,
        events=found_events,
        longer={each.id: Prose(f"Text of {each.id}.", Location(FILE)) for each in found_events if each.has_text},
        hubs=found_hubs,
        contributions=tuple(draw(contributions(when)) for when in tables),
        terms=_several(draw, "term", 2, lambda id_: st.just(Term(id=id_, term=id_.upper(), expansion=f"Long {id_}"))),
        pages=_several(draw, "page", 2, pages),
    )
