"""Lengths of the bars of a table."""

from collections.abc import Sequence


def bar_lengths(amounts: Sequence[float]) -> tuple[float, ...]:
    """Return each amount as percent of the largest, to two decimals; what is not nothing is at least 0.5."""
    largest = max(amounts, default=0.0)
    return tuple(max(0.5, round(amount / largest * 100, 2)) if amount > 0 else 0.0 for amount in amounts)
