"""The SVG that the macros write: valid, whole, safe under a strict content security policy."""

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rsm_site.drawing.lanes import Mark
from rsm_site.drawing.map import Place, draw_map
from rsm_site.drawing.plot import Value
from rsm_site.drawing.sparkline import draw_sparkline
from rsm_site.drawing.strength import Words, draw_strength

TEMPLATES = Path(__file__).parents[1] / "templates"
DAY = date(2020, 6, 30)
NASTY = '<script>alert("1")</script> & "quoted"'


def render(source: str, **names: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(source).render(**names, link=lambda href: f"../{href}")


@pytest.fixture(scope="module")
def chart() -> str:
    """A chart with each kind of value and mark."""
    kinds = ("exactly", "about", "over", "under")
    values = [
        Value(
            earliest=date(2015 + n, 1, 1),
            latest=date(2015 + n, 1, 1),
            amount=n + 1.0,
            qualifier=kind,
            text=kind,
            when=str(n),
        )
        for n, kind in enumerate(kinds)
    ]
    values += [
        Value(earliest=DAY, latest=DAY, amount=4.0, status="planned", text="plan", when="then"),
        Value(earliest=DAY, latest=DAY, amount=3.0, status="disputed", text=NASTY, when="then"),
        Value(earliest=DAY, latest=DAY, amount=None, text="several", when="then"),
        Value(earliest=date(2021, 1, 1), latest=date(2021, 12, 31), amount=2.0, text="later", when="2021", later=True),
    ]
    marks = [
        Mark(
            id=str(n),
            earliest=date(2016, 1, 1 + n),
            latest=date(2016, 1, 1 + n),
            title=f"{NASTY} {n}",
            when=str(n),
            category=f"c{n % 2}",
            category_label=NASTY,
            href=f"timeline.html#e{n}",
        )
        for n in range(9)
    ]
    words = Words(axis=NASTY, day="today", planned="{value} planned", disputed="{value} disputed", key={"about": NASTY})
    drawings = [
        draw_strength(
            values, marks, categories=[], day=DAY, words=words, width=width, format_number=str, format_year=str
        )
        for width in (288, 640)
    ]
    return render(
        '{% from "macros/strength_chart.html" import strength_chart %}'
        '{{ strength_chart(drawings, id="strength", title=title, description="All of it", link=link) }}',
        drawings=drawings,
        title=NASTY,
    )


@pytest.fixture(scope="module")
def place_map() -> str:
    """A map without outline, of each role."""
    places = [
        Place(
            id=role,
            name=f"{role} {NASTY}",
            role=role,
            latitude=n,
            longitude=n * 2,
            precision=p,
        )
        for n, (role, p) in enumerate((("hub", "city"), ("spoke", "province"), ("functional", "site")))
    ]
    drawing = draw_map(
        None, "", places, [("hub", "spoke")], names={}, roles={"hub": NASTY}, approximate="near", format_distance=str
    )
    return render(
        '{% from "macros/map.html" import place_map %}'
        '{{ place_map(drawing, id="map", title=title, description="Where") }}',
        drawing=drawing,
        title=NASTY,
    )


@pytest.fixture(scope="module")
def small() -> str:
    """A sparkline and two bars."""
    line = draw_sparkline([(DAY, DAY, 1), (date(2021, 1, 1), date(2021, 1, 1), 2)])
    return render(
        '{% from "macros/sparkline.html" import sparkline %}{% from "macros/bars.html" import bar %}'
        '<p>{{ sparkline(line, id="s", title=title, description=title) }}{{ bar(40.0) }}'
        '{{ bar(60.0, rest="rest") }}</p>',
        line=line,
        title=NASTY,
    )


@pytest.fixture(params=["chart", "place_map", "small"])
def markup(request: pytest.FixtureRequest) -> str:
    """Each of them."""
    found: str = request.getfixturevalue(request.param)
    return found


def test_it_is_well_formed_and_escaped(markup: str) -> None:
    """The markup parses, and words from content stay words."""
    root = ElementTree.fromstring(markup)
    assert not list(root.iter("script"))
    assert NASTY in "".join(root.itertext())


def test_ids_are_unique_and_references_resolve(markup: str) -> None:
    """No id stands twice, and labels, descriptions and patterns that are referred to exist."""
    ids = re.findall(r'\bid="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    named = re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', markup) + re.findall(r"url\(#([^)]+)\)", markup)
    assert named
    assert set(named) <= set(ids)


def test_no_style_colour_or_script_in_the_markup(markup: str) -> None:
    """Nothing needs more than a policy of 'self': no style attribute, no handler, no colour but currentColor."""
    assert not re.search(r'\sstyle=|\son\w+=|#[0-9a-f]{3,6}"|="url\(http', markup)
    assert set(re.findall(r'(?:fill|stroke)="([^"u][^"]*)"', markup)) <= {"none", "currentColor"}


def test_classes_have_their_rules(markup: str) -> None:
    """Most classes are styled in the stylesheet of the same component, and all are named for it."""
    css = "".join(path.read_text(encoding="utf-8") for path in (TEMPLATES / "assets/css/components").glob("*.css"))
    classes = {name for found in re.findall(r'class="([^"]+)"', markup) for name in found.split()}
    assert all(re.match(r"(strength-chart|map|sparkline|bars)(__[a-z-]+)?(--[a-z0-9-]+)?$", name) for name in classes)
    blocks = {name for name in classes if "--" not in name}
    assert [name for name in sorted(blocks) if f".{name}" not in css] == []


def test_links_go_through_the_page(chart: str, place_map: str) -> None:
    """Each event mark is a link that the page made relative; the map has none, as near places are no targets."""
    hrefs = re.findall(r'<a [^>]*href="([^"]+)"', chart)
    assert hrefs
    assert all(href.startswith("../") for href in hrefs)
    assert "<a " not in place_map
