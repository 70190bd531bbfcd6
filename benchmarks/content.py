"""The same events at any number, written for rsm_site and for each peer: `content.py SITE NUMBER FOLDER`."""

import json
import random
import shutil
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CATEGORIES = ("command", "context", "decision", "deployment", "funding", "legal", "peace", "training")
FIRST, LAST = date(2001, 1, 1), date(2021, 12, 31)
_WORDS = """
    adviser agreement airfield army assembly base border brigade budget camp capital command council country decision
    delegation district embassy exercise force garrison government hospital institution mandate meeting ministry
    mission nation office partner patrol plan police province region report resolution review road school security
    soldier staff statement summit support training transfer treaty troops valley village visit withdrawal
"""
WORDS = _WORDS.split()
# Where a site keeps its texts, and what else of it is made from the sources.
ENTRIES = {
    "rsm_site": "content/timeline",
    "hugo": "content/events",
    "eleventy": "content/events",
    "pelican": "content/events",
    "mkdocs": "docs/events",
}
STYLES = {
    "rsm_site": "templates/assets/css/base.css",
    "hugo": "static/style.css",
    "eleventy": "content/style.css",
    "pelican": "theme/static/style.css",
    "mkdocs": "theme/style.css",
}


class Source(NamedTuple):
    """A publication."""

    id: str
    title: str
    publisher: str
    published: str
    url: str


class Event(NamedTuple):
    """An event with its text; ids are in the order of dates."""

    id: str
    title: str
    date: date
    category: str
    source: str
    featured: bool
    text: str


def make_sources(number: int) -> list[Source]:
    """One source for ten of `number` events."""
    chance = random.Random(number)
    return [
        Source(f"source-{index:05}", _words(chance, 5), _words(chance, 2), f"{FIRST}", f"https://example.org/{index}")
        for index in range(1, max(1, number // 10) + 1)
    ]


def make_events(number: int) -> Iterator[Event]:
    """`number` events from the first day to the last, ten of them featured; the same ones every time."""
    chance = random.Random(-number)
    for index in range(number):
        yield Event(
            id=f"event-{index + 1:05}",
            title=_words(chance, 6),
            date=FIRST + timedelta(days=index * (LAST - FIRST).days // max(1, number - 1)),
            category=chance.choice(CATEGORIES),
            source=f"source-{index % max(1, number // 10) + 1:05}",
            featured=index % max(1, number // 10) == 0,
            text="\n\n".join(_paragraph(chance) for _ in range(3)) + "\n",
        )


def write_site(site: str, number: int, folder: Path) -> None:
    """Write the site of one generator into a new folder: its theme, its settings, its content."""
    own = HERE / "theme" if site == "rsm_site" else HERE / "peers" / site
    shutil.copytree(own, folder / "templates" if site == "rsm_site" else folder)
    style = folder / STYLES[site]
    style.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "theme" / "assets" / "css" / "base.css", style)
    entries = folder / ENTRIES[site]
    entries.mkdir(parents=True, exist_ok=True)
    sources = make_sources(number)
    if site == "rsm_site":
        _write_factsheet(sources, number, folder)
    else:
        _write_sources(site, sources, folder)
    for event in make_events(number):
        head = "" if site == "rsm_site" else f"---\n{_record(event, '')}---\n"
        (entries / f"{event.id}.md").write_text(head + event.text, encoding="utf-8")


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count)).capitalize()


def _paragraph(chance: random.Random) -> str:
    place = "-".join(chance.choices(WORDS, k=3))
    return (
        f"{_words(chance, 20)}. **{_words(chance, 3)}** and *{chance.choice(WORDS)}* as "
        f"[{chance.choice(WORDS)} and {chance.choice(WORDS)}](https://example.org/{place}) say. {_words(chance, 20)}."
    )


def _record(event: Event, indent: str) -> str:
    cited = f"sources: [{event.source}]" if indent else f"source: {event.source}"
    lines = [f"title: {event.title}", f"date: {event.date}", f"category: {event.category}", cited]
    if event.featured:
        lines.append("featured: true")
    return "".join(f"{indent}{line}\n" for line in lines)


def _write_factsheet(sources: list[Source], number: int, folder: Path) -> None:
    shutil.copytree(HERE.parent / "templates" / "strings", folder / "templates" / "strings")
    content = folder / "content"
    categories = "".join(f"  {name}: {name.capitalize()}\n" for name in CATEGORIES)
    (content / "site.yaml").write_text(
        f"title: Benchmark\nlanguage: en\nedition: {LAST}\nfront_page: [timeline]\ncategories:\n{categories}"
    )
    (content / "sources.yaml").write_text(
        "".join(
            f"- id: {s.id}\n  title: {s.title}\n  publisher: {s.publisher}\n  published: {s.published}\n"
            f"  url: {s.url}\n  accessed: {LAST}\n  verified: true\n"
            for s in sources
        )
    )
    with (content / "timeline.yaml").open("w") as file:
        for event in make_events(number):
            file.write(f"- id: {event.id}\n{_record(event, '  ')}")


def _write_sources(site: str, sources: list[Source], folder: Path) -> None:
    """The sources where a peer looks for data; JSON is YAML too."""
    found = json.dumps({source.id: source._asdict() for source in sources}, indent=1)
    match site:
        case "hugo":
            (folder / "data").mkdir()
            (folder / "data" / "sources.json").write_text(found)
        case "eleventy":
            (folder / "content" / "_data").mkdir()
            (folder / "content" / "_data" / "sources.json").write_text(found)
        case "pelican":
            (folder / "sources.json").write_text(found)
        case "mkdocs":
            with (folder / "mkdocs.yml").open("a") as file:
                file.write(f"extra:\n  sources: {found.replace(chr(10), '')}\n")


if __name__ == "__main__":
    write_site(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
