"""The front page: the factsheet in sections."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from rsm_site import charts
from rsm_site.changes import ChangesView
from rsm_site.drawing.strength import StrengthDrawing
from rsm_site.edition import FactAt, Later, last_of, reported_numbers
from rsm_site.model import Observation
from rsm_site.pages.cite import Citation, cite
from rsm_site.pages.desk import Desk, Years, by_year
from rsm_site.pages.places import make_hubs
from rsm_site.pages.prose import make_prose
from rsm_site.pages.timeline import make_events
from rsm_site.views import FigureView, NationsView, ObservationView


class Section(Struct, frozen=True, kw_only=True):
    """A part of the front page; `kind` chooses the partial that shows `view`."""

    id: str
    kind: str
    title: str
    view: Any
    more_url: str = ""
    more: str = ""


class FiguresView(Struct, frozen=True, kw_only=True):
    """The featured facts."""

    figures: tuple[FigureView, ...]


class StrengthView(Struct, frozen=True, kw_only=True):
    """The drawing of strength and events at two widths, with the values it shows as a table."""

    label: str
    unit: str
    page: str
    drawings: tuple[StrengthDrawing, ...]
    title: str
    description: str
    observations: tuple[ObservationView, ...]


class LaterFact(Struct, frozen=True, kw_only=True):
    """A fact with the value that holds at the end of the record, and the other values since the edition."""

    figure: FigureView
    value: ObservationView
    others: tuple[ObservationView, ...]
    is_featured: bool


class SinceView(Struct, frozen=True, kw_only=True):
    """What is on record of the time after the edition."""

    facts: tuple[LaterFact, ...]
    years: Years
    tables: tuple[NationsView, ...]


class FrontView(Struct, frozen=True, kw_only=True):
    """The factsheet on one page; `glance` are label and words of what the mission is."""

    glance: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    since: SinceView | None
    changes: ChangesView | None
    cite: Citation
    contents: tuple[tuple[str, str], ...]

    @property
    def has_sources(self) -> bool:
        """Tell whether the page has the list that its numbers of sources lead to."""
        return any(section.kind == "sources" for section in self.sections)


def make_front(desk: Desk, url: str) -> FrontView:
    """The factsheet on one page, at `url`; the sources come last to be made, for they are those that the rest cites."""
    made = {name: _section(desk, name) for name in desk.front_names if name != "sources"}
    # What came later is no part of the edition: its sources stand with all others, and are not numbered here.
    with desk.viewer.uncited(), desk.hindsight.uncited():
        since = _since(desk, desk.later) if desk.later else None
    if "sources" in desk.front_names:
        made["sources"] = _cited_sources(desk)
    sections = tuple(section for name in desk.front_names if (section := made[name]))
    index = [edition.day for edition in desk.editions].index(desk.edition.day)
    changed = desk.describe_changes(index) if index else None
    return FrontView(
        glance=tuple(_glance(desk)),
        sections=sections,
        since=since,
        changes=changed,
        cite=cite(desk, url),
        contents=tuple(_contents(desk, sections, since, changed)),
    )


def _contents(
    desk: Desk, sections: tuple[Section, ...], since: SinceView | None, changed: ChangesView | None
) -> Iterator[tuple[str, str]]:
    yield from ((section.id, section.title) for section in sections if section.kind != "sources")
    if since:
        yield "since", desk.word("since")
    if changed:
        yield "changes", desk.word("since_previous", date=changed.before.words)
    yield from ((section.id, section.title) for section in sections if section.kind == "sources")
    yield "cite", desk.word("cite")


def _glance(desk: Desk) -> Iterator[tuple[str, str]]:
    mission, word = desk.site.mission, desk.word
    if mission is None:
        return
    if mission.organisation:
        yield word("glance_organisation"), mission.organisation
    if mission.country:
        yield word("glance_country"), desk.language.country(mission.country)
    if mission.start:
        yield word("glance_start"), desk.language.date(mission.start)
    if mission.end:
        yield word("glance_end"), desk.language.date(mission.end)
    elif mission.start:
        yield word("glance_status"), word("glance_running", date=desk.language.day(desk.edition.text_day))


def _parted(names: Sequence[str]) -> bool:
    return any(name.startswith("events:") for name in names)


def _section(desk: Desk, name: str) -> Section | None:
    edition, word, names = desk.edition, desk.word, desk.front_names
    if name.startswith("events:"):
        category = name.partition(":")[2]
        events = [event for event in edition.events if event.category == category]
        if not events:
            return None
        return Section(
            id=f"events-{category}",
            kind="events",
            title=desk.viewer.category(category),
            view=make_events(desk, events),
            # One way to the whole timeline is enough.
            more_url="" if "timeline" in names else "timeline.html",
            more=word("more_timeline"),
        )
    match name:
        case "figures":
            figures = tuple(desk.viewer.figure(fact) for fact in edition.facts if fact.fact.featured)
            view: Any = FiguresView(figures=figures) if figures else None
            more = "facts"
        case "strength":
            # Its values and events stand elsewhere with their sources.
            with desk.viewer.uncited(), desk.hindsight.uncited():
                view, more = _strength(desk), "facts"
        case "timeline":
            # Those of a category with a section of its own stand there.
            events = [e for e in edition.events if e.featured and f"events:{e.category}" not in names]
            view, more = make_events(desk, events) if events else None, "timeline"
        case "hubs":
            view, more = make_hubs(desk, on_front=True) if edition.hubs else None, "hubs"
        case "nations":
            table = edition.contribution
            view, more = desk.viewer.nations(table) if table else None, "nations"
        case _:
            page = next((page for page in edition.pages if page.id == name), None)
            if page is None:
                return None
            prose = make_prose(desk, page, on_front=True)
            if not (prose.body or prose.blocks or prose.summary):
                return None  # nothing of it is of this day
            return Section(id=page.id, kind="prose", title=page.title, view=prose)
    if view is None:
        return None
    return Section(
        id=name,
        kind=name,
        title=word("section_timeline_rest" if name == "timeline" and _parted(names) else f"section_{name}"),
        view=view,
        more_url=f"{more}.html",
        more=word(f"more_{more}"),
    )


def _cited_sources(desk: Desk) -> Section | None:
    sources = desk.viewer.cited_sources()
    if not sources:
        return None
    return Section(
        id="sources",
        kind="sources",
        title=desk.word("section_sources"),
        view=sources,
        more_url="sources.html",
        more=desk.word("more_sources"),
    )


def _strength(desk: Desk) -> StrengthView | None:
    fact = next((fact for fact in desk.edition.facts if fact.fact.id == desk.site.strength), None)
    if fact is None:
        return None
    later = desk.later_of(fact)
    events = desk.all_events
    if not fact.observations and not later and not events:
        return None
    shown = [observation for observation in (*fact.observations, *later) if observation.status != "withdrawn"]
    observations = tuple(desk.viewer.observation(o, current=fact.current, is_later=desk.is_later(o)) for o in shown)
    description = desk.describe(fact) or desk.word("strength_none")
    if numbers := reported_numbers(later):
        description += " " + desk.word("strength_later", last=desk.dated(numbers[-1][1]))
    return StrengthView(
        label=fact.fact.label,
        unit=fact.fact.unit,
        page=desk.addresses.of("fact", fact.fact.id),
        drawings=charts.strength_drawings(
            desk.viewer, desk.edition, fact.fact.unit or fact.fact.label, shown, events, desk.memo
        ),
        title=desk.word("strength_title", label=fact.fact.label),
        description=description,
        observations=observations,
    )


def _since(desk: Desk, later: Later) -> SinceView:
    known = {fact.fact.id: fact for fact in desk.edition.facts}
    return SinceView(
        facts=tuple(_later_fact(desk, known[fact.id], observations) for fact, observations in later.facts),
        years=by_year(desk.event(event) for event in later.events),
        tables=tuple(desk.viewer.nations(table) for table in later.contributions),
    )


def _later_fact(desk: Desk, fact: FactAt, observations: tuple[Observation, ...]) -> LaterFact:
    last = last_of(observations) or observations[-1]
    shown = {id(each): desk.viewer.observation(each, is_later=True) for each in observations}
    return LaterFact(
        figure=desk.viewer.figure(fact),
        value=shown[id(last)],
        others=tuple(view for key, view in shown.items() if key != id(last)),
        is_featured=fact.fact.featured,
    )
