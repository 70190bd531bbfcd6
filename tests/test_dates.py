"""Dates that are no more precise than what is known."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsm_site import dates
from rsm_site.dates import NotADateError, PartialDate, parse_date, parse_day, parse_duration

MARKS = st.sampled_from(["", "~", "?"])
DAYS = st.dates(min_value=date(1, 1, 1))


@st.composite
def points(draw: st.DrawFn) -> str:
    """A year, month or day, perhaps marked."""
    day, form = draw(DAYS), draw(st.sampled_from(["{:%Y}", "{:%Y-%m}", "{:%Y-%m-%d}"]))
    year = f"{day.year:04}"
    return form.format(day).replace(f"{day:%Y}", year, 1) + draw(MARKS)


@st.composite
def intervals(draw: st.DrawFn) -> str:
    """From one point to another or to no end."""
    one, other = sorted((draw(points()), draw(points())), key=lambda text: parse_date(text).earliest)
    return draw(st.sampled_from([f"{one}/{other}", f"{one}/.."]))


ANY_DATE = st.one_of(points(), intervals())


@given(ANY_DATE)
def test_a_date_says_what_was_written(text: str) -> None:
    """A date is told as it was written, and read again it is the same."""
    assert str(parse_date(text)) == text
    assert parse_date(str(parse_date(text))) == parse_date(text)


@given(ANY_DATE)
def test_bounds_enclose_the_date(text: str) -> None:
    """The earliest day is not after the latest, and both are as far apart as the precision says."""
    found = parse_date(text)
    assert found.earliest <= found.latest
    length = (found.start.latest - found.start.earliest).days + 1
    assert length in {"day": (1,), "month": (28, 29, 30, 31), "year": (365, 366)}[found.start.precision]


@given(ANY_DATE)
def test_machines_are_told_only_what_is_true(text: str) -> None:
    """An interval, and a date that is about or uncertain, has no form for machines; any other has its own."""
    found = parse_date(text)
    vague = any(mark in text for mark in "~?/")
    assert found.machine == (None if vague else text)
    assert (found.day is not None) == (not vague and len(text) == 10)


@given(st.lists(ANY_DATE, max_size=8))
def test_order_is_by_the_earliest_day_then_the_less_precise(texts: list[str]) -> None:
    """Sorted dates begin one after the other; of those with one beginning the longer comes first."""
    found = sorted((parse_date(text) for text in texts), key=lambda each: each.sort_key)
    for one, other in pairwise(found):
        assert one.earliest <= other.earliest
        assert one.earliest < other.earliest or one.latest >= other.latest


def test_order_of_dates_that_begin_on_one_day() -> None:
    """A year stands before its January, which stands before its first day; what is about a time before the time."""
    texts = ["2014-01-01", "2014", "2014-01", "2014/..", "2014~", "2013-12-31"]
    in_order = sorted(texts, key=lambda text: parse_date(text).sort_key)
    assert in_order == ["2013-12-31", "2014/..", "2014~", "2014", "2014-01", "2014-01-01"]


@given(st.text(max_size=30))
def test_any_other_text_is_refused_with_a_remedy(text: str) -> None:
    """Any text is a date or is refused with a reason and a remedy."""
    try:
        found: PartialDate | NotADateError = parse_date(text)
    except NotADateError as error:
        found = error
    assert str(found) == text if isinstance(found, PartialDate) else found.hint


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("2014-02-30", "'2014-02-30' is not a date: February 2014 has 28 days", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2016-02-30", "'2016-02-30' is not a date: February 2016 has 29 days", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2014-13", "'2014-13' is not a date: a year has 12 months", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2014-00", "'2014-00' is not a date: a year has 12 months", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("0000", "'0000' is not a date: there is no year 0000", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2014-9-3", "'2014-9-3' is not a date", "write 2014-09-03"),
        ("2014-9", "'2014-9' is not a date", "write 2014-09"),
        ("30.09.2014", "'30.09.2014' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2014-09-30T12:00", "'2014-09-30T12:00' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2015/2014", "'2015/2014' ends before it starts", "exchange the two dates"),
        ("../2014", "'../2014' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("２０１４", "'２０１４' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("2014 ", "'2014 ' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
        ("", "'' is not a date", "write YYYY, YYYY-MM or YYYY-MM-DD"),
    ],
)
def test_what_is_no_date(text: str, reason: str, hint: str) -> None:
    """The reason names what is wrong with the day, the remedy what to write."""
    with pytest.raises(NotADateError) as caught:
        parse_date(text)
    assert (str(caught.value), caught.value.hint) == (reason, hint)


def test_an_interval_without_end_lasts_for_ever() -> None:
    """Its latest day is the last there is."""
    assert parse_date("2021/..").latest == dates.OPEN_END


@pytest.mark.parametrize("text", ["2014", "2014-09", "2014-09-30~", "2014-09-30/2014-10-01"])
def test_a_single_day_is_asked_for(text: str) -> None:
    """What is not surely one day is none."""
    with pytest.raises(NotADateError, match="is not a single day"):
        parse_day(text)


def test_durations() -> None:
    """A duration is a number and a unit, and follows the calendar."""
    day = date(2020, 2, 29)
    assert day + parse_duration("1 year") == date(2021, 2, 28)
    assert day + parse_duration("12 months") == date(2021, 2, 28)
    assert day + parse_duration("2 weeks") == day + timedelta(days=14)
    assert day + parse_duration("3 days") == date(2020, 3, 3)
    for text in ("", "12", "months", "0 days", "-1 day", "1.5 years", "12months", "12 decades"):
        with pytest.raises(ValueError, match="is not a length of time"):
            parse_duration(text)
