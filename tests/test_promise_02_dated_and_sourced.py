"""Promise 2: every claim has a date and a source, one click away on the page and a field away in the data."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, TESTS, make_case
from tree import Element, parse

from rsm_site.build import check_site
from rsm_site.config import make_config
from rsm_site.errors import ContentError
from rsm_site.views import relative

NAMES = ("rsm", "second-mission", "persian", "later")


def plain(words: str) -> str:
    """The words with one space for any white space."""
    return " ".join(words.split())


class Site:
    """A built site: its data, and its pages, each parsed once."""

    def __init__(self, name: str, cache: Path) -> None:
        """Build the site in memory."""
        project = PROJECT if name == "rsm" else TESTS / "sites" / name
        config = make_config(project=project, templates=PROJECT / "templates", cache=cache)
        self.files = dict(check_site(config).files)
        self.data: dict[str, Any] = json.loads(self.files["data/factsheet.json"])
        self._pages: dict[str, Element] = {}

    def page(self, url: str) -> Element:
        """A page."""
        if url not in self._pages:
            assert url in self.files, url
            self._pages[url] = parse(self.files[url])
        return self._pages[url]

    def claims(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every claim of the data and what it is called; counted figures excepted, which rest on what is counted."""
        for fact in self.data["facts"]:
            if not fact["counted"]:
                yield from ((f"{fact['id']} {each['date']}", each) for each in fact["observations"])
        for name in ("events", "contributions", "hubs", "closed_hubs"):
            yield from ((f"{name} {each.get('id', each.get('date'))}", each) for each in self.data[name])
        yield from ((f"places {place['name']}", place) for hub in self.data["hubs"] for place in hub["places"])

    def at(self, page: str, link: str) -> Element:
        """What a link on a page leads to, which must be there."""
        path, _mark, fragment = link.partition("#")
        assert "://" not in link, link
        return self.page(path or page).by_id(fragment)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Site]:
    """Give `sites(name)`, each built once."""
    cache = tmp_path_factory.getbasetemp() / "cache"
    made: dict[str, Site] = {}

    def get(name: str) -> Site:
        if name not in made:
            made[name] = Site(name, cache)
        return made[name]

    return get


@pytest.fixture(params=NAMES)
def site(request: pytest.FixtureRequest, sites: Callable[[str], Site]) -> Site:
    """Each site in turn."""
    return sites(request.param)


def test_every_claim_in_the_data_has_its_date_and_sources(site: Site) -> None:
    """Each value, event and table has a date; each of them, and each hub, has a source; the data describes each source
    that is cited."""
    known = {source["id"]: source for source in site.data["sources"]}
    later = site.data["later"] or {"events": [], "contributions": [], "facts": [], "sources": []}
    known |= {source["id"]: source for source in later["sources"]}
    claims = list(site.claims())
    claims += [("later", each) for each in (*later["events"], *later["contributions"])]
    claims += [("later", each) for fact in later["facts"] for each in fact["observations"]]
    assert len(claims) > 3
    for name, claim in claims:
        assert claim["sources"] or name.startswith("places"), name
        assert {citation["id"] for citation in claim["sources"]} <= known.keys(), name
        if not name.startswith(("hubs", "closed_hubs", "places")):
            assert claim["date"], name
    for source in known.values():
        assert source["title"]
        assert source["publisher"]


def test_every_row_of_a_table_has_its_date_and_sources(site: Site) -> None:
    """In the tables of the data each observation, event and table of nations has its date and its sources in its own
    row."""
    for name in ("observations", "events", "contribution_tables"):
        data = site.files.get(f"data/{name}.csv")
        for row in csv.DictReader(data.decode().splitlines()) if data else ():
            assert row["date"], row
            assert row["sources"], row


def test_every_card_has_its_day_and_leads_to_its_claim(site: Site) -> None:
    """A figure of the front page says of which day it is and has its sources with it; its label leads to its history in
    the register, where the value stands with its date and a link to each source."""
    front = site.page("index.html")
    facts = {fact["id"]: fact for fact in site.data["facts"]}
    cards = list(front.all(class_="figure-card"))
    assert cards
    for card in cards:
        fact = facts[card.attributes["id"].removeprefix("fact-")]
        current = [each for each in fact["observations"] if each["current"]]
        if not current:
            continue
        assert card.one(class_="figure-card__date").text, fact["id"]
        [link] = {link for link in card.links if link.startswith("facts.html#")}
        entry = site.at("index.html", link)
        row = entry.one("tr", class_="observations__row--current")
        assert current[0]["words"] in row.text
        assert row.one("th").text
        cited = [site.at("facts.html", each) for each in row.links if each.startswith("sources.html#")]
        assert len(cited) == len(current[0]["sources"])
        if not fact["counted"]:
            assert len(list(card.all(class_="cite__title"))) >= len(cited) > 0


def test_every_value_of_the_register_has_its_sources(site: Site) -> None:
    """The register has every value of every fact with its date, its status, its note and a link to each source, with
    where in it."""
    titles = {source["id"]: plain(source["title"]) for source in site.data["sources"]}
    for fact in site.data["facts"]:
        if not fact["observations"]:
            continue
        rows = [row for row in site.page("facts.html").by_id(fact["id"]).all("tr") if row.links or not row.all("td")]
        for value in fact["observations"]:
            found = [
                row for row in rows if plain(value["words"]) in row.text and plain(value["note"] or "") in row.text
            ]
            wanted = [citation["id"] for citation in value["sources"]]
            links = [[link.partition("#")[2] for link in row.links if "sources.html#" in link] for row in found]
            assert wanted in links, (fact["id"], value)
            row = found[links.index(wanted)]
            for citation in value["sources"]:
                assert titles[citation["id"]] in row.text
                assert plain(citation["at"] or "") in row.text


def test_every_event_has_its_date_and_sources(site: Site) -> None:
    """The timeline has every event with its date and its sources."""
    titles = {source["id"]: plain(source["title"]) for source in site.data["sources"]}
    for event in site.data["events"]:
        entry = site.page("timeline.html").by_id(event["id"])
        assert entry.one(class_="event__date").text
        cited = [each.text for each in entry.all(class_="cite__title")]
        assert cited == [titles[citation["id"]] for citation in event["sources"]], event["id"]


def test_every_place_and_table_has_its_sources(site: Site) -> None:
    """Each place, and each table of strength by nation, is shown with its sources."""
    titles = {source["id"]: plain(source["title"]) for source in site.data["sources"]}
    for hub in site.data["hubs"]:
        cited = [each.text for each in site.page("hubs.html").by_id(hub["id"]).all(class_="cite__title")]
        wanted = {titles[citation["id"]] for record in (hub, *hub["places"]) for citation in record["sources"]}
        assert set(cited) == wanted, hub["id"]
    if site.data["contributions"]:
        text = {each.text for each in site.page("nations.html").all(class_="cite__title")}
        text |= {each.text for each in site.page("nations.html").all("a")}
        for table in site.data["contributions"]:
            assert {titles[citation["id"]] for citation in table["sources"]} <= text


def test_every_figure_in_prose_leads_to_its_claim(site: Site) -> None:
    """Each figure and event that prose cites is a link to it, on every page and archived page."""
    found = 0
    for url in site.files:
        if not url.endswith(".html") or url.startswith("events/"):
            continue
        page = site.page(url)
        for kind, where in (("ref--fact", "facts.html#"), ("ref--event", ""), ("ref--source", "sources.html#")):
            for link in page.all(class_=kind):
                target = link.attributes["href"]
                goal = relative(url, where.rstrip("#")) if where else ""
                assert target.startswith((goal, "#")), (url, target)
                found += 1
    if site.data["glossary"]:  # the larger sites, which have prose
        assert found > 10


def test_every_source_lists_what_rests_on_it(site: Site) -> None:
    """The page of sources has for each source every claim that cites it, no claim twice, and each leads there."""
    cited: dict[str, set[str]] = {}
    for fact in site.data["facts"]:
        for value in fact["observations"] if not fact["counted"] else ():
            for citation in value["sources"]:
                cited.setdefault(citation["id"], set()).add(f"{fact['label']}: {value['words']}")
    named = [(event["title"], event) for event in site.data["events"]]
    named += [(hub["name"], hub) for hub in (*site.data["hubs"], *site.data["closed_hubs"])]
    for name, claim in named:
        for citation in claim["sources"]:
            cited.setdefault(citation["id"], set()).add(name)
    assert cited
    for source, claims in cited.items():
        entry = site.page("sources.html").by_id(source).one(class_="source__cited-list")
        listed = [each.text for each in entry.all("li")]
        assert len(set(listed)) == len(listed), source
        for claim in claims:
            assert any(plain(claim) in words for words in listed), (source, claim)
        for link in entry.links:
            if "#" in link:
                site.at("sources.html", link)


def test_disputed_values_stand_side_by_side(sites: Callable[[str], Site]) -> None:
    """Where sources differ, the card has both values, the disputed one marked, each with its own sources."""
    site = sites("rsm")
    row = next(f for f in site.data["facts"] if f["id"] == "nations")
    assert any(each["status"] == "disputed" for each in row["observations"])
    entry = site.page("facts.html").by_id("nations")
    disputed = [each for each in entry.all("tr") if list(each.all(class_="tag--disputed"))]
    assert len(disputed) == sum(each["status"] == "disputed" for each in row["observations"])
    assert all(any("sources.html#" in link for link in each.links) for each in disputed)


def test_about_says_how_many_claims_have_a_source(site: Site) -> None:
    """The page about the factsheet counts its claims, and says that each has a source."""
    count = str(sum(not name.startswith("places") for name, _claim in site.claims()))
    digits = {ord("۰") + digit: str(digit) for digit in range(10)} | {ord(","): "", ord("٬"): ""}
    measures = [each.text.translate(digits) for each in site.page("about.html").all("div", class_="measures__item")]
    assert count in measures[0].split()
    assert "100" in measures[1].replace("%", " ").replace("٪", " ").split()
    assert measures[1].split().count(count) == 2


def make_with_named_sources(tmp_path: Path) -> Path:
    """A project whose sources bear no date, come after the edition, or are only named in texts."""
    sources = [
        "{id: log, title: Log, publisher: Port, published: 2019}",
        "{id: undated, title: The undated one, publisher: Port}",
        "{id: late, title: The late one, publisher: Port, published: 2021}",
        "{id: in-page, title: One in a page, publisher: Port, published: 2019}",
        "{id: in-text, title: One in a text, publisher: Port, published: 2021}",
    ]
    event = "[{id: start, date: 2019, title: Start, category: ship, sources: [log, undated]}]"
    files = {
        "content/site.yaml": "{title: A mission, language: en, edition: 2020-01-01}",
        "content/sources.yaml": f"[{', '.join(sources)}]",
        "content/timeline.yaml": event,
        "content/timeline/start.md": "It began, as [[source:in-text]] says.\n",
        "content/pages/work.md": "---\ntitle: Work\nsources: [undated, late]\n---\nSee [[source:in-page]].\n",
    }
    return make_case(tmp_path, "named", dict(files)).project


def test_whatever_is_cited_or_named_is_listed(tmp_path: Path) -> None:
    """A source without a date, one of later, and one that only a text names are on the page that cites them, and in the
    list with it."""
    config = make_config(project=make_with_named_sources(tmp_path), templates=PROJECT / "templates")
    files = check_site(config).files
    listed = files["sources.html"].decode()
    for title in ("The undated one", "The late one", "One in a page", "One in a text"):
        assert title in listed
        assert title in (files["events/start.html"] + files["work.html"]).decode()
    for id_, url in (("in-page", "work.html"), ("in-text", "events/start.html"), ("late", "work.html")):
        assert url in parse(files["sources.html"]).by_id(id_).links
    assert b'href="sources.html#in-page"' in files["work.html"]
    assert b'href="../sources.html#in-text"' in files["events/start.html"]
    assert [each["id"] for each in json.loads(files["data/factsheet.json"])["sources"]] == [
        *("log", "undated", "late", "in-page", "in-text")
    ]


def test_a_text_says_where_in_its_sources_and_how_certain_they_are(tmp_path: Path) -> None:
    """A page tells of each of its sources where in it, and one that is not on the front page if nobody has read it; on
    the front page the list that it leads to does."""
    text = "---\ntitle: Text\nsources: [{id: log, at: third sheet}]\n---\nWords.\n"
    files = {
        "content/site.yaml": "{title: A mission, language: en, edition: 2020-01-01}",
        "content/sources.yaml": "[{id: log, title: Log, publisher: Port, published: 2019, verified: false}]",
        "content/pages/overview.md": text,
        "content/pages/work.md": text,
    }
    project = make_case(tmp_path, "locators", dict(files)).project
    made = check_site(make_config(project=project, templates=PROJECT / "templates")).files
    front, page = (parse(made[url]).one("ul", class_="beside__list").text for url in ("index.html", "work.html"))
    assert front == "Log Port, 2019 · third sheet"
    assert page == "Log Port, 2019 · third sheet secondary not checked"


def test_a_text_cannot_name_what_nobody_had_published(tmp_path: Path) -> None:
    """A factsheet of what was known by a day refuses a text that names a later source, at its place."""
    config = make_config(
        project=make_with_named_sources(tmp_path), templates=PROJECT / "templates", known_by=date(2020, 6, 1)
    )
    with pytest.raises(ContentError) as caught:
        check_site(config)
    (problem,) = (each for each in caught.value.problems if each.severity == "error")
    assert (problem.location.file, problem.location.column) == ("content/timeline/start.md", 14)
    assert problem.message == "there is no source 'in-text' on 2020-01-01"
