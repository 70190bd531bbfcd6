"""The timeline, and the page of an event with a longer text."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from markupsafe import Markup
from msgspec import Struct

from rsm_site.model import Event
from rsm_site.pages.desk import Desk, NavItem, Years, by_year
from rsm_site.pages.frame import Page, Planned, make_page
from rsm_site.views import EventView


class EventsView(Struct, frozen=True, kw_only=True):
    """Events under their years; `categories` are number, label and count of those that occur, for the filter."""

    years: Years
    later: Years
    categories: tuple[tuple[int, str, str], ...]
    count: str


class EventPageView(Struct, frozen=True, kw_only=True):
    """An event with its longer text, and its neighbours in time: title and address."""

    event: EventView
    body: Markup
    headings: tuple[tuple[int, str, str], ...]
    previous: NavItem | None
    next: NavItem | None

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """The parts of the longer text."""
        return tuple((id_, words) for level, id_, words in self.headings if level == 2)


def make_events(desk: Desk, events: Iterable[Event], later: Iterable[Event] = ()) -> EventsView:
    """Events, and apart from them those after the edition's day."""
    made, made_later = [desk.event(event) for event in events], [desk.event(event) for event in later]
    counts: dict[tuple[int, str], int] = {}
    for event in (*made, *made_later):
        key = (event.category_number, event.category_label)
        counts[key] = counts.get(key, 0) + 1
    number = desk.language.number
    return EventsView(
        years=by_year(made),
        later=by_year(made_later),
        categories=tuple((index, label, number(count)) for (index, label), count in sorted(counts.items())),
        count=number(len(made) + len(made_later)),
    )


def make_timeline(desk: Desk) -> EventsView:
    """Every event on record."""
    return make_events(desk, desk.edition.events, desk.later_events)


def event_pages(desk: Desk) -> Iterator[Planned]:
    """The page of each event that has a longer text."""
    events, indices = desk.material.events, desk.material.event_indices

    def neighbours(id_: str) -> tuple[Event | None, Event | None]:
        index = indices[id_]
        following = events[index + 1 : index + 2]
        return events[index - 1] if index else None, following[0] if following else None

    desk.reads.offer("event", lambda id_: events[indices[id_]])
    desk.reads.offer("neighbours", lambda id_: tuple(each and f"{each.id} {each.title}" for each in neighbours(id_)))

    def make(url: str) -> Page:
        event = desk.material.event_at(url)
        view = partial(_view_page, desk, event, neighbours)
        return make_page(desk, "event", event.title, view, url, record=("event", event.id))

    return ((f"events/{event.id}.html", make) for event in events if event.has_text)


def _view_page(
    desk: Desk, event: Event, neighbours: Callable[[str], tuple[Event | None, Event | None]]
) -> EventPageView:
    viewer, text = desk.viewer_of(event), desk.text_of(event)
    desk.reads.note("neighbours", event.id)
    previous, following = neighbours(event.id)
    shown = desk.event(event)  # before the text: a term is written out where a reader meets it first
    body, headings = viewer.article(text)
    return EventPageView(
        event=shown,
        body=body,
        headings=headings,
        previous=_item(desk, previous),
        next=_item(desk, following),
    )


def _item(desk: Desk, event: Event | None) -> NavItem | None:
    return NavItem(title=event.title, url=desk.addresses.of("event", event.id)) if event else None
