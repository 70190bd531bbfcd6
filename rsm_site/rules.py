"""What must hold between records: the order of dates, sums, sources, places in their country, nothing unused."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from rsm_site.dates import OPEN_END, PartialDate
from rsm_site.drawing.geometry import contains, read_outlines
from rsm_site.errors import Problem
from rsm_site.model import (
    Contribution,
    Event,
    Fact,
    Factsheet,
    Hub,
    Observation,
    Place,
    ProsePage,
    Record,
    Scalar,
)
from rsm_site.schema import is_id, suggest

BUILT_IN_SECTIONS = ("figures", "strength", "timeline", "hubs", "nations", "sources")
RESERVED_PAGES = (
    *("index", "timeline", "facts", "hubs", "nations", "changes", "sources", "glossary", "data", "about", "404"),
    *("factsheet", "events", "editions", "assets"),
)
# Sections of the front page that are there without being named.
LAST_SECTIONS = ("since", "cite")
_RESERVED_FOLDERS = ("assets/", "data/", "editions/")

Citing = Observation | Event | Hub | Place | Contribution | ProsePage
_BASE = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[^?#]*)?")
_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/@]*@")


def check(factsheet: Factsheet) -> Iterator[Problem]:
    """Every problem between records."""
    yield from check_address(factsheet)
    yield from check_targets(factsheet)
    yield from check_addresses(factsheet)
    yield from check_editions(factsheet)
    yield from check_date_order(factsheet)
    yield from check_values(factsheet)
    yield from check_events(factsheet)
    yield from check_contributions(factsheet)
    yield from check_coordinates(factsheet)


def check_use(factsheet: Factsheet, cited: set[tuple[str, str]]) -> Iterator[Problem]:
    """Warn of sources nobody cites and terms nobody uses; `cited` are kind and id of what the texts refer to."""
    sources = {citation.id for record in citing_records(factsheet) for citation in record.sources}
    for source in factsheet.sources:
        if source.id not in sources and ("source", source.id) not in cited:
            yield _warn(source, "id", "unused-source", f"nothing cites the source '{source.id}'", "cite or delete it")
    for term in factsheet.terms:
        if ("term", term.id) not in cited:
            hint = f"write [[term:{term.id}]] where it occurs, or delete it"
            yield _warn(term, "id", "unused-term", f"nothing uses the term '{term.id}'", hint)


def check_staleness(fact: Fact, observation: Observation, day: date) -> Iterator[Problem]:
    """Warn of a figure that is older than its `stale_after` on `day`."""
    if is_stale(fact, observation, day):
        yield _warn(
            fact,
            "stale_after",
            "stale",
            f"the newest value of '{fact.id}' is of {observation.date}, too old on {day}",
            "add a newer observation, or lengthen 'stale_after'",
        )


def is_stale(fact: Fact, observation: Observation, day: date) -> bool:
    """Tell whether the value is older than the fact allows."""
    if fact.stale_after is None:
        return False
    try:
        return observation.date.latest + fact.stale_after < day
    except (OverflowError, ValueError):  # beyond the last year that a date can have
        return False


def citing_records(factsheet: Factsheet) -> Iterator[Citing]:
    """Every record that names sources."""
    for fact in factsheet.facts:
        yield from fact.observations
    yield from factsheet.events
    for hub in factsheet.hubs:
        yield hub
        yield from hub.places
    yield from factsheet.contributions
    yield from factsheet.pages


def check_address(factsheet: Factsheet) -> Iterator[Problem]:
    """The site's own address is one that pages can stand below."""
    site = factsheet.site
    if site.url and not _BASE.fullmatch(site.url):
        hint = "write https://, the host and the folder, without '?' and '#'"
        yield _refuse(site, "url", "bad-url", f"no page can stand below '{site.url[:60]}'", hint)


def check_targets(factsheet: Factsheet) -> Iterator[Problem]:
    """A target has no password in an address, and its port is one."""
    for target in factsheet.site.publish.values():
        for field in ("repository", "endpoint", "url"):
            if _PASSWORD.match(getattr(target, field, "")):
                hint = "delete it; keep it in the environment, or in the files of git or of the store's own tools"
                yield _refuse(target, field, "secret", "a password cannot stand in the content", hint)
        if not 0 < getattr(target, "port", 22) < 65536:
            yield _refuse(target, "port", "bad-number", "there is no such port", "write a number from 1 to 65535")


def check_front_page(factsheet: Factsheet, pages: Iterable[str]) -> Iterator[Problem]:
    """The front page's sections exist, and stand once."""
    site = factsheet.site
    categories = list(site.categories) or sorted({event.category for event in factsheet.events})
    sections = [*BUILT_IN_SECTIONS, *(f"events:{name}" for name in categories), *pages]
    seen: set[str] = set()
    for index, name in enumerate(site.front_page or ()):
        place = site.located(f"front_page.{index}")
        if name in seen:
            yield Problem(place, "repeated-section", f"'{name}' stands twice", "keep one of the two")
        elif name not in sections:
            hint = suggest(name, sections) or f"write one of {', '.join(sections)}"
            yield Problem(place, "unknown-section", f"'{name}' is neither a built-in section nor a page", hint)
        seen.add(name)


def check_addresses(factsheet: Factsheet) -> Iterator[Problem]:
    """An old address leads to one place, and is none that the site itself has."""
    front = factsheet.site.sections
    taken = {f"{name}.html": "a page of the site itself" for name in RESERVED_PAGES}
    taken |= {f"{page.id}.html": f"the page '{page.id}'" for page in factsheet.pages if page.id not in front}
    taken |= {f"events/{event.id}.html": f"the event '{event.id}'" for event in factsheet.events if event.has_text}
    records: tuple[Event | ProsePage, ...] = (*factsheet.events, *factsheet.pages)
    for record in records:
        for index, alias in enumerate(record.aliases):
            # Some disks do not tell capitals from small letters.
            address = alias.casefold()
            there = "a folder of the site itself" if address.startswith(_RESERVED_FOLDERS) else taken.get(address)
            if there:
                place = record.located(f"aliases.{index}")
                yield Problem(place, "taken-address", f"'{alias}' is {there} already", "delete one of the two")
            taken[address] = f"an old address of '{record.id}'"


def check_editions(factsheet: Factsheet) -> Iterator[Problem]:
    """Each archived day stands once; warn of one that the factsheet does not reach."""
    seen: set[date] = set()
    for index, day in enumerate(factsheet.site.editions):
        if day in seen:
            yield _refuse(factsheet.site, f"editions.{index}", "repeated-edition", f"{day} stands twice", "delete one")
        elif day > factsheet.site.edition:
            message = f"{day} is after the edition of {factsheet.site.edition}; it is not made"
            yield _warn(factsheet.site, f"editions.{index}", "later-edition", message, "delete it, or check 'edition'")
        seen.add(day)


def check_date_order(factsheet: Factsheet) -> Iterator[Problem]:
    """A start is before its end, and a source is published before it is accessed."""
    limited: tuple[Hub | ProsePage, ...] = (*factsheet.hubs, *factsheet.pages)
    for record in limited:
        yield from _ordered(record, "from_", record.from_, "until", record.until)
    mission = factsheet.site.mission
    if mission:
        yield from _ordered(mission, "start", mission.start, "end", mission.end)
        if mission.end and mission.end.latest == OPEN_END:
            yield _refuse(mission, "end", "bad-date", "an end cannot be open", "leave it out while nobody knows it")
    for source in factsheet.sources:
        yield from _ordered(source, "published", source.published, "accessed", source.accessed)


def check_values(factsheet: Factsheet) -> Iterator[Problem]:
    """A fact has values or is counted; two reported values of one date that differ need one to be disputed."""
    for fact in factsheet.facts:
        if fact.is_whole and bool(fact.observations) == (fact.count_of is not None):
            what = "both 'observations' and 'count_of'" if fact.count_of else "neither 'observations' nor 'count_of'"
            yield _refuse(fact, "id", "no-value", f"the fact '{fact.id}' has {what}", "give one of the two")
        reported: dict[tuple[date, date], tuple[Scalar, str]] = {}
        for observation in fact.observations:
            if (
                fact.id == factsheet.site.strength
                and isinstance(value := observation.value, int | Decimal)
                and value < 0
            ):
                hint = "check the value, or name another fact as 'strength' in site.yaml"
                yield _refuse(observation, "value", "below-zero", "the strength drawing begins at zero", hint)
            if observation.status != "reported" or not observation.is_whole:
                continue
            said = (observation.value, observation.qualifier)
            before = reported.setdefault((observation.date.earliest, observation.date.latest), said)
            if before != said:
                one, other = _said(*before), _said(*said)
                message = f"two reported values of '{fact.id}' on {observation.date} differ: {one} and {other}"
                yield _refuse(observation, "value", "conflict", message, "mark one 'status: disputed'")


def check_events(factsheet: Factsheet) -> Iterator[Problem]:
    """An event leads to others, each once, and its place is not nearly a hub."""
    hubs = {hub.id for hub in factsheet.hubs}
    for event in factsheet.events:
        for index, other in enumerate(event.see):
            if other == event.id or other in event.see[:index]:
                message = f"'{event.id}' leads to itself" if other == event.id else f"'{other}' stands twice"
                yield _refuse(event, f"see.{index}", "repeated-see", message, "delete it")
        if event.place not in hubs and is_id(event.place) and (hint := suggest(event.place, hubs)):
            yield _refuse(event, "place", "unknown-id", f"there is no hub '{event.place}'", hint)


def check_contributions(factsheet: Factsheet) -> Iterator[Problem]:
    """A date has one table; strengths add up to no more than the total, exactly it when no nation is left open; no more
    nations are named than stated."""
    seen: set[PartialDate] = set()
    for table in factsheet.contributions:
        if table.date in seen:
            yield _refuse(table, "date", "repeated-date", f"two tables are of {table.date}", "keep one of the two")
        seen.add(table.date)
        if not table.is_whole:
            continue
        known, count = sum(table.troops.values()), len(table.troops)
        if table.nations is not None and count > table.nations:
            message = f"more nations are named ({count}) than stated ({table.nations})"
            yield _refuse(table, "nations", "too-many-nations", message, "check 'nations' and 'troops'")
        if table.total is None:
            continue
        if known > table.total:
            message = f"the nations add up to {known}, more than the total of {table.total}"
            yield _refuse(table, "total", "sum", message, "check 'total' and 'troops'")
        elif known < table.total and table.nations == count and table.qualifier == "exactly":
            message = f"the nations add up to {known}, but the total is {table.total} and no nation is left open"
            yield _refuse(table, "total", "sum", message, "check 'total', 'nations' and 'troops'")


def check_coordinates(factsheet: Factsheet) -> Iterator[Problem]:
    """A place lies in the outline of the mission's country, when there is one."""
    site = factsheet.site
    country = (site.mission and site.mission.country) or (site.map.highlight if site.map else "")
    if not country or not factsheet.outline:
        return
    outlines = read_outlines(factsheet.outline) if factsheet.hubs else ()
    for hub in factsheet.hubs:
        for place in hub.places:
            if not contains(outlines, country, float(place.latitude), float(place.longitude)):
                message = f"{place.name} lies outside the outline of '{country}'"
                hint = "check latitude and longitude; they may be exchanged"
                yield _refuse(place, "latitude", "outside-country", message, hint)


def _ordered(
    record: Record, first: str, start: PartialDate | None, second: str, end: PartialDate | None
) -> Iterator[Problem]:
    if start and end and end.latest < start.earliest:
        name = first.rstrip("_")
        yield _refuse(record, second, "date-order", f"'{second}' ({end}) is before '{name}' ({start})", "exchange them")


def _said(value: Scalar, qualifier: str) -> str:
    return str(value) if qualifier == "exactly" else f"{qualifier} {value}"


def _refuse(record: Record, field: str, code: str, message: str, hint: str) -> Problem:
    return Problem(record.located(field), code, message, hint)


def _warn(record: Record, field: str, code: str, message: str, hint: str) -> Problem:
    return Problem(record.located(field), code, message, hint, "warning")
