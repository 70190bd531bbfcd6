"""Sparklines."""

from datetime import date

from rsm_site.drawing.sparkline import draw_sparkline


def test_a_sparkline_steps_from_first_to_last() -> None:
    """The line starts and ends at the edges, steps at each date, and higher amounts are higher up."""
    days = [date(2015, 1, 1), date(2016, 1, 1), date(2021, 1, 1)]
    values = [(day, day, amount) for day, amount in zip(days, (40, 41, 36), strict=True)]
    line = draw_sparkline(values, width=100, height=30)
    assert line is not None
    assert line.d == "M4 8.4H19.3V4H96V26"
    assert (line.x, line.y) == (96, 26)


def test_a_flat_history_is_a_line_in_the_middle() -> None:
    """Amounts that never change give a level line."""
    line = draw_sparkline([(date(2015, 1, 1), date(2015, 1, 1), 5), (date(2016, 1, 1), date(2016, 1, 1), 5)])
    assert line is not None
    assert line.d == "M4 14H116V14"


def test_one_value_is_no_history() -> None:
    """With fewer than two values there is no line."""
    assert draw_sparkline([(date(2015, 1, 1), date(2015, 12, 31), 5)]) is None
