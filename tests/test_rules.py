"""What must hold between records; each refusal has a case of its own in sites_invalid, here is what is let through."""

from datetime import date
from pathlib import Path

import pytest
from test_loader import SITE, Files, found, load

from rsm_site.dates import parse_date, parse_duration
from rsm_site.model import Fact, Observation
from rsm_site.rules import is_stale

SQUARE = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "CV", "geometry":'
    ' {"type": "Polygon", "coordinates": [[[-25, 10], [-20, 10], [-20, 15], [-25, 15], [-25, 10]]]}}]}'
)


def facts(*values: str) -> Files:
    """A facts.yaml with one fact of these observations, each with its source."""
    return {
        "facts.yaml": "- id: a\n  label: A\n  observations:\n"
        + "".join(f"    - {{{v}, sources: [report]}}\n" for v in values)
    }


def contributions(table: str) -> Files:
    """A contributions.yaml with one table."""
    return {"contributions.yaml": f"- {{date: 2019-05, sources: [report], {table}}}\n"}


ALLOWED: dict[str, Files] = {
    "a value told twice": facts("date: 2019, value: 4", "date: 2019, value: 4"),
    "two values, one disputed": facts("date: 2019, value: 4", "date: 2019, value: 5, status: disputed"),
    "two values, one planned": facts("date: 2019, value: 4", "date: 2019, value: 5, status: planned"),
    "two values, one withdrawn": facts("date: 2019, value: 4", "date: 2019, value: 5, status: withdrawn"),
    "values of a year and of its month": facts("date: 2019, value: 4", "date: 2019-01, value: 5"),
    "nations that leave some open": contributions("total: 50, nations: 3, troops: {NO: 20, SE: 25}"),
    "nations without a stated number": contributions("total: 50, troops: {NO: 20, SE: 25}"),
    "nations that add up": contributions("total: 45, nations: 2, troops: {NO: 20, SE: 25}"),
    "about a total": contributions("total: 50, qualifier: about, nations: 2, troops: {NO: 20, SE: 25}"),
    "a table without a total": contributions("nations: 2, troops: {NO: 20, SE: 25}"),
    "a place in plain words": {
        "timeline.yaml": "- {id: a, date: 2019, title: A, category: b, place: Harbour town, sources: [report]}\n"
    },
    "a hub within the outline": {
        "site.yaml": SITE + "map: {outline: map/square.geojson, highlight: CV}\n",
        "map/square.geojson": SQUARE,
        "hubs.yaml": "- id: a\n  name: A\n  role: hub\n  sources: [report]\n"
        "  places: [{name: A, latitude: 12.5, longitude: -22.5}]\n",
    },
    "a hub of one year": {
        "hubs.yaml": "- id: a\n  name: A\n  role: hub\n  from: 2019-05\n  until: 2019\n  sources: [report]\n"
        "  places: [{name: A, latitude: 12.5, longitude: -22.5}]\n",
    },
    "an old address of a page on the front": {
        "pages/overview.md": "---\ntitle: Overview\nsources: [report]\naliases: [overview.html, old/start.html]\n---\n"
    },
    "an edition that is listed": {
        "site.yaml": SITE + "editions: [2019-05-01, 2020-06-30]\n",
        **facts("date: 2019, value: 4"),
    },
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_let_through(name: str, tmp_path: Path) -> None:
    """None of these is a problem."""
    assert found(load(tmp_path, ALLOWED[name])) == []


@pytest.mark.parametrize(
    ("of", "span", "day", "stale"),
    [
        ("2019-05-01", "12 months", date(2020, 5, 1), False),
        ("2019-05-01", "12 months", date(2020, 5, 2), True),
        ("2019", "12 months", date(2020, 12, 31), False),
        ("2019", "1 day", date(2020, 1, 2), True),
        ("2019/..", "1 day", date(2999, 1, 1), False),
        ("2019", "9999 years", date(2999, 1, 1), False),
    ],
)
def test_staleness_counts_from_the_latest_day(of: str, span: str, day: date, stale: bool) -> None:
    """A value of a year grows old from its last day; one that holds on never does."""
    fact = Fact(id="a", label="A", stale_after=parse_duration(span))
    assert is_stale(fact, Observation(date=parse_date(of), value=1, sources=()), day) is stale


def test_a_source_cited_in_prose_alone_is_used(tmp_path: Path) -> None:
    """A reference in any text is a use, of a source and of a term."""
    files: Files = {
        "glossary.yaml": "- {id: hq, term: HQ, expansion: Headquarters, definition: 'See [[source:report]].'}\n",
        "pages/work.md": "---\ntitle: Work\n---\nAt the [[term:hq]].\n",
    }
    assert found(load(tmp_path, files)) == []
