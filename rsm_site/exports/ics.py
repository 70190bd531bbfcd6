"""Records -> timeline.ics: events as all-day entries of a calendar (RFC 5545, RFC 7986)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial

import msgspec
from msgspec import Struct

from rsm_site.dates import PartialDate, parse_date
from rsm_site.exports.records import Record, absolute
from rsm_site.exports.store import Store
from rsm_site.exports.tables import slug
from rsm_site.views import Viewer
from rsm_site.workers import in_halves

PRODID = "-//factsheet//timeline 1//EN"
_STAMP = b"\r\nDTSTAMP:19700101T000000Z\r\n"
# Programs that read a calendar with splitlines() would take these for the end of a line.
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")


class Entry(Struct, frozen=True, kw_only=True):
    """An event of the calendar, from its first to its last day."""

    id: str
    edtf: str
    first: date
    last: date
    title: str
    description: str
    category: str
    place: str
    url: str


class Timeline(Struct, frozen=True, kw_only=True):
    """What the calendar says, in the language of its readers."""

    day: date
    language: str
    name: str
    description: str
    url: str
    entries: tuple[Entry, ...]


def encode_events(record: Record, viewer: Viewer, store: Store) -> bytes:
    """The events whose days are known: one of a month or year spans it and says so in words; one that is about a time,
    uncertain, without end or not over on the day of the edition is left out, and the calendar says how many are."""
    site = record.site
    entries = tuple(_entries(record, viewer))
    about = [site.tagline or site.title, viewer.language.word("edition", date=viewer.language.day(viewer.edition.day))]
    if left_out := len(record.events) - len(entries):
        about.append(viewer.language.word("calendar_left_out", count=left_out))
    if site.licence:
        about.append(f"{site.licence} {site.licence_url}")
    timeline = Timeline(
        day=viewer.edition.day,
        language=site.language,
        name=_text(site.title),
        description=_text("\n".join(about)),
        url=site.url or "",
        entries=entries,
    )
    return store.get(_write, "icalendar", msgspec.json.encode(timeline))


def span_of(when: PartialDate, edition: date) -> tuple[date, date] | None:
    """The first and last day of what a date surely covers, None when they are not known by the day of the edition."""
    points = (when.start, when.end or when.start)
    is_vague = any(point.approximate or point.uncertain for point in points)
    return None if is_vague or when.latest > edition else (when.earliest, when.latest)


def _entries(record: Record, viewer: Viewer) -> Iterator[Entry]:
    sources = {source.id: source for source in record.sources}
    for event in record.events:
        when = parse_date(event.date)
        if span := span_of(when, viewer.edition.day):
            words = "" if when.day else viewer.language.date(when)
            cited = [sources[citation.id] for citation in event.sources]
            lines = [words, event.summary or ""]
            lines += [f"{each.publisher}: {each.title} {each.url or ''}".rstrip() for each in cited]
            yield Entry(
                id=f"{event.id}@{slug(record.site.title)}.factsheet",
                edtf=event.date,
                first=span[0],
                last=span[1],
                title=_text(f"{event.title} ({words})" if words else event.title),
                description=_text("\n".join(filter(None, lines))),
                category=_text(viewer.category(event.category)),
                place=_text(event.place or ""),
                url=absolute(record.site.url, event.page),
            )


def _text(text: str) -> str:
    return _LINE_ENDS.sub("\n", text)


def _write(encoded: bytes) -> bytes:
    import icalendar

    timeline = msgspec.json.decode(encoded, type=Timeline)
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for name, older_name, text in (
        ("name", "x-wr-calname", timeline.name),
        ("description", "x-wr-caldesc", timeline.description),
    ):
        calendar.add(name, text, parameters={"language": timeline.language})
        calendar.add(older_name, icalendar.vText(text))
    if timeline.url:
        calendar.add("url", timeline.url)
    head, _, end = bytes(calendar.to_ical()).rpartition(b"END:VCALENDAR")
    entries = in_halves(timeline.entries, partial(_write_entries, day=timeline.day))
    return b"".join((head, *entries, b"END:VCALENDAR", end))


def _write_entries(entries: Sequence[Entry], day: date) -> list[bytes]:
    stamp = b"\r\nDTSTAMP:%bT000000Z\r\n" % day.isoformat().replace("-", "").encode()
    return [_write_entry(entry).replace(_STAMP, stamp, 1) for entry in entries]


@lru_cache(maxsize=4096)  # editions hold the same events
def _write_entry(entry: Entry) -> bytes:
    """The entry as of no particular day, which is _STAMP."""
    import icalendar

    made = icalendar.Event()
    made.add("uid", entry.id)
    made.add("dtstamp", datetime(1970, 1, 1, tzinfo=UTC))
    made.add("dtstart", entry.first)
    if entry.last > entry.first:
        # The end is the first day that no longer belongs to it.
        made.add("dtend", entry.last + timedelta(days=1))
    made.add("summary", entry.title)
    made.add("description", entry.description)
    made.add("categories", [entry.category])
    if entry.place:
        made.add("location", entry.place)
    if entry.url:
        made.add("url", entry.url)
    made.add("transp", "TRANSPARENT")
    made.add("x-edtf", entry.edtf)
    return bytes(made.to_ical())
