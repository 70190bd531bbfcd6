"""Dates that are no more precise than what is known: the subset of EDTF (ISO 8601-2) that content uses."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import Literal

from dateutil.relativedelta import relativedelta
from msgspec import Struct

Precision = Literal["year", "month", "day"]

OPEN_END = date.max
# calendar.month_name would follow the locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH_END = relativedelta(day=31)
_POINT = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?]?)", re.ASCII)
_LOOSE = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_DURATION = re.compile(r"(\d{1,4}) +(day|week|month|year)s?", re.ASCII)


class NotADateError(ValueError):
    """A text is not the date that it should be; `hint` is the remedy."""

    def __init__(self, message: str, hint: str = "write YYYY, YYYY-MM or YYYY-MM-DD") -> None:
        """Keep the remedy."""
        super().__init__(message)
        self.hint = hint


class DatePoint(Struct, frozen=True):
    """A year, a month or a day, perhaps about that time (`~`) or uncertain (`?`)."""

    text: str
    earliest: date
    latest: date
    precision: Precision
    approximate: bool = False
    uncertain: bool = False

    @property
    def is_vague(self) -> bool:
        """Tell whether it is about that time, or uncertain."""
        return self.approximate or self.uncertain


class PartialDate(Struct, frozen=True):
    """A point in time or an interval between two; `end` is None for a point and for an interval without end."""

    text: str
    start: DatePoint
    end: DatePoint | None = None
    is_interval: bool = False

    @property
    def earliest(self) -> date:
        """The first day it can mean."""
        return self.start.earliest

    @property
    def latest(self) -> date:
        """The last day it can mean; `date.max` for an interval without end."""
        if self.is_interval:
            return self.end.latest if self.end else OPEN_END
        return self.start.latest

    @property
    def is_vague(self) -> bool:
        """Tell whether where it begins or ends is about that time, or uncertain."""
        return self.start.is_vague or (self.end is not None and self.end.is_vague)

    @property
    def sort_key(self) -> tuple[date, int, bool]:
        """Order by the earliest day, then the less precise first."""
        return (self.earliest, -self.latest.toordinal(), not self.start.is_vague)

    @property
    def day(self) -> date | None:
        """The day it surely is, None when it is less precise than one day."""
        exact = self.machine is not None and self.start.precision == "day"
        return self.start.earliest if exact else None

    @property
    def machine(self) -> str | None:
        """A form that is true for machines (`<time datetime>`, JSON-LD): YYYY, YYYY-MM or YYYY-MM-DD, else None."""
        if self.is_interval or self.start.is_vague:
            return None
        return self.start.text

    def __str__(self) -> str:
        """Give the EDTF text as it was written."""
        return self.text


@lru_cache(maxsize=8192)
def parse_date(text: str) -> PartialDate:
    """Read one EDTF date, NotADateError with the reason when it is none (a day that a month does not have, an end
    before its start, a form outside the subset)."""
    start_text, slash, end_text = text.partition("/")
    start = _parse_point(start_text, text)
    if not slash:
        return PartialDate(text=text, start=start)
    if end_text == "..":
        return PartialDate(text=text, start=start, is_interval=True)
    end = _parse_point(end_text, text)
    if end.latest < start.earliest:
        raise NotADateError(f"'{text}' ends before it starts", "exchange the two dates")
    return PartialDate(text=text, start=start, end=end, is_interval=True)


def parse_day(text: str) -> date:
    """Read one day written YYYY-MM-DD, NotADateError with the reason otherwise."""
    day = parse_date(text).day
    if day is None:
        raise NotADateError(f"'{text}' is not a single day", "write YYYY-MM-DD")
    return day


def last_day(text: str) -> date:
    """Read a year, month or day and give its last day, NotADateError otherwise."""
    return parse_date(text).latest


def of_day(day: date) -> PartialDate:
    """Give `day` as a date of day precision."""
    return parse_date(day.isoformat())


def parse_duration(text: str) -> relativedelta:
    """Read a span such as `12 months`, ValueError when it is none."""
    match = _DURATION.fullmatch(text)
    if not match or not int(match[1]):
        raise ValueError(f"'{text}' is not a length of time")
    count = int(match[1])
    match match[2]:
        case "day":
            return relativedelta(days=count)
        case "week":
            return relativedelta(weeks=count)
        case "month":
            return relativedelta(months=count)
        case _:
            return relativedelta(years=count)


def _parse_point(text: str, whole: str) -> DatePoint:
    match = _POINT.fullmatch(text)
    if not match:
        loose = _LOOSE.fullmatch(text)
        raise NotADateError(f"'{_short(whole)}' is not a date", *_remedy(loose))
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    if not year:
        raise NotADateError(f"'{whole}' is not a date: there is no year 0000")
    if not 1 <= month <= 12:
        raise NotADateError(f"'{whole}' is not a date: a year has 12 months")
    earliest = date(year, month, 1)
    month_end = earliest + _MONTH_END
    if not 1 <= day <= month_end.day:
        raise NotADateError(f"'{whole}' is not a date: {_MONTHS[month - 1]} {year} has {month_end.day} days")
    precision: Precision = "day" if match[3] else "month" if match[2] else "year"
    if precision == "day":
        earliest = latest = earliest.replace(day=day)
    else:
        latest = month_end if precision == "month" else date(year, 12, 31)
    return DatePoint(
        text=text.rstrip("~?"),
        earliest=earliest,
        latest=latest,
        precision=precision,
        approximate=match[4] == "~",
        uncertain=match[4] == "?",
    )


def _remedy(loose: re.Match[str] | None) -> Iterator[str]:
    """What to write instead, when that would be a date."""
    if not loose:
        return
    padded = "-".join(part.zfill(2) for part in loose.groups() if part)
    with suppress(NotADateError):
        _parse_point(padded, padded)
        yield f"write {padded}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
