"""What must hold between records: the order of dates, sums, sources, places in their country, nothing unused."""

from collections.abc import Iterator
from datetime import date

from rsm_site.dates import PartialDate
from rsm_site.drawing.geometry import contains
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

Citing = Observation | Event | Hub | Place | Contribution | ProsePage


def check(factsheet: Factsheet) -> Iterator[Problem]:
    """Every error between records."""
    yield from check_editions(factsheet)
    yield from check_date_order(factsheet)
    yield from check_values(factsheet)
    yield from check_contributions(factsheet)
    yield from check_coordinates(factsheet)
    yield from check_aliases(factsheet)


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
    return fact.stale_after is not None and observation.date.latest + fact.stale_after < day


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


def check_editions(factsheet: Factsheet) -> Iterator[Problem]:
    """Each archived day stands once."""
    seen: set[date] = set()
    for index, day in enumerate(factsheet.site.editions):
        if day in seen:
            yield _refuse(factsheet.site, f"editions.{index}", "repeated-edition", f"{day} stands twice", "delete one")
        seen.add(day)


def check_date_order(factsheet: Factsheet) -> Iterator[Problem]:
    """A start is before its end, and a source is published before it is accessed."""
    for record in (*factsheet.hubs, *factsheet.pages):
        yield from _ordered(record, "from_", record.from_, "until", record.until)
    mission = factsheet.site.mission
    if mission:
        yield from _ordered(mission, "start", mission.start, "end", mission.end)
    for source in factsheet.sources:
        yield from _ordered(source, "published", source.published, "accessed", source.accessed)


def check_values(factsheet: Factsheet) -> Iterator[Problem]:
    """A fact has values or is counted; two reported values of one date that differ need one to be disputed."""
    for fact in factsheet.facts:
        if bool(fact.observations) == (fact.count_of is not None):
            what = "both 'observations' and 'count_of'" if fact.count_of else "neither 'observations' nor 'count_of'"
            yield _refuse(fact, "id", "no-value", f"the fact '{fact.id}' has {what}", "give one of the two")
        reported: dict[PartialDate, tuple[Scalar, str]] = {}
        for observation in fact.observations:
            if observation.status != "reported":
                continue
            said = (observation.value, observation.qualifier)
            before = reported.setdefault(observation.date, said)
            if before != said:
                message = f"two reported values of '{fact.id}' on {observation.date} differ: {before[0]} and {said[0]}"
                yield _refuse(observation, "value", "conflict", message, "mark one 'status: disputed'")


def check_contributions(factsheet: Factsheet) -> Iterator[Problem]:
    """Strengths add up to no more than the total, exactly it when no nation is left open; no more nations than stated."""
    for table in factsheet.contributions:
        known, count = sum(table.troops.values()), len(table.troops)
        if table.nations is not None and count > table.nations:
            message = f"{count} nations are named, but {table.nations} are stated"
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
    settings = factsheet.site.map
    if not settings or not settings.highlight or not factsheet.outline:
        return
    for hub in factsheet.hubs:
        for place in hub.places:
            if not contains(factsheet.outline, settings.highlight, float(place.latitude), float(place.longitude)):
                message = f"{place.name} lies outside the outline of '{settings.highlight}'"
                hint = "check latitude and longitude; they may be exchanged"
                yield _refuse(place, "latitude", "outside-country", message, hint)


def check_aliases(factsheet: Factsheet) -> Iterator[Problem]:
    """An old address leads to one place only."""
    taken: dict[str, str] = {}
    for record in (*factsheet.events, *factsheet.pages):
        for index, alias in enumerate(record.aliases):
            if alias in taken:
                yield _refuse(record, f"aliases.{index}", "repeated-alias", f"'{alias}' already leads to '{taken[alias]}'", "keep one")
            taken.setdefault(alias, record.id)


def _ordered(
    record: Record, first: str, start: PartialDate | None, second: str, end: PartialDate | None
) -> Iterator[Problem]:
    if start and end and end.latest < start.earliest:
        name = first.rstrip("_")
        yield _refuse(record, second, "date-order", f"'{second}' ({end}) is before '{name}' ({start})", "exchange them")


def _refuse(record: Record, field: str, code: str, message: str, hint: str) -> Problem:
    return Problem(record.located(field), code, message, hint)


def _warn(record: Record, field: str, code: str, message: str, hint: str) -> Problem:
    return Problem(record.located(field), code, message, hint, "warning")

