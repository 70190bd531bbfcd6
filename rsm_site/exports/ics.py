"""Records -> timeline.ics: events as all-day entries of a calendar (RFC 5545, RFC 7986)."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from rsm_site.dates import PartialDate, parse_date
from rsm_site.exports.records import Event, Record, absolute
from rsm_site.exports.tables import slug
from rsm_site.views import Viewer

PRODID = "-//factsheet//timeline 1//EN"
_LONGEST = 74  # octets that a line holds, beside the space that continues one
# Programs that read a calendar with splitlines() would take the last three for the end of a line.
_LINE_ENDS = re.compile("\r\n?|[\n\u0085\u2028\u2029]")


def encode_events(record: Record, viewer: Viewer) -> bytes:
    """The events whose days are known: one of a month or year spans it and says so in words; one that is about a time,
    uncertain, without end or not over on the day of the edition is left out, and the calendar says how many are."""
    cited = {source.id: f"{source.publisher}: {source.title} {source.url or ''}".rstrip() for source in record.sources}
    entries = []
    for event in record.events:
        when = parse_date(event.date)
        if span := span_of(when, viewer.edition.day):
            words = "" if when.day else viewer.language.date(when)
            described = (words, event.summary or "", *(cited[citation.id] for citation in event.sources))
            entries.append(_entry(record, viewer, event, span, words, "\n".join(filter(None, described))))
    lines = [*_head(record, viewer, len(record.events) - len(entries)), *(line for entry in entries for line in entry)]
    return b"".join(b"%b\r\n" % _fold(line.encode()) for line in (*lines, "END:VCALENDAR"))


def span_of(when: PartialDate, edition: date) -> tuple[date, date] | None:
    """The first and last day of what a date surely covers, None when they are not known by the day of the edition."""
    return None if when.is_vague or when.latest > edition else (when.earliest, when.latest)


def _head(record: Record, viewer: Viewer, left_out: int) -> Iterator[str]:
    site, word = record.site, viewer.language.word
    about = [site.tagline or site.title, word("edition", date=viewer.language.day(viewer.edition.day))]
    if left_out:
        about.append(word("calendar_left_out", count=left_out))
    if site.licence:
        about.append(f"{site.licence} {site.licence_url}")
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}", "METHOD:PUBLISH")
    for name, older_name, text in (
        ("DESCRIPTION", "X-WR-CALDESC", "\n".join(about)),
        ("NAME", "X-WR-CALNAME", site.title),
    ):
        yield f"{name};LANGUAGE={site.language}:{_escape(text)}"
        yield f"{older_name}:{_escape(text)}"
    if site.url:
        yield f"URL:{site.url}"


def _entry(
    record: Record, viewer: Viewer, event: Event, span: tuple[date, date], words: str, text: str
) -> Iterator[str]:
    first, last = span
    yield "BEGIN:VEVENT"
    yield f"SUMMARY:{_escape(f'{event.title} ({words})' if words else event.title)}"
    yield f"DTSTART;VALUE=DATE:{_day(first)}"
    if last > first:
        # The end is the first day that no longer belongs to it.
        yield f"DTEND;VALUE=DATE:{_day(last + timedelta(days=1))}"
    yield f"DTSTAMP:{_day(viewer.edition.day)}T000000Z"
    yield f"UID:{event.id}@{slug(record.site.title)}.factsheet"
    yield f"CATEGORIES:{_escape(viewer.category(event.category))}"
    yield f"DESCRIPTION:{_escape(text)}"
    if event.place:
        yield f"LOCATION:{_escape(event.place)}"
    yield "TRANSP:TRANSPARENT"
    if url := absolute(record.site.url, event.page):
        yield f"URL:{url}"
    yield f"X-EDTF:{event.date}"
    yield "END:VEVENT"


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _escape(text: str) -> str:
    return _LINE_ENDS.sub(r"\\n", text.replace("\\", r"\\").replace(";", r"\;").replace(",", r"\,"))


def _fold(line: bytes) -> bytes:
    """The line in parts, none of which ends within a character, or after a sign that begins an escape."""
    parts = []
    start = 0
    while len(line) - start > _LONGEST:
        end = start + _LONGEST
        while line[end] & 0xC0 == 0x80:
            end -= 1
        if line[end - 1] in b"\\^":
            end -= 1
        parts.append(line[start:end])
        start = end
    return b"\r\n ".join((*parts, line[start:]))
