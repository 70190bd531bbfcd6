"""The content that ships: every fact of the page it re-makes, in sentences of its own."""

import re
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest

from rsm_site.build import Built, check_site
from rsm_site.config import make_config

PROJECT = Path(__file__).parent.parent
RUN = 8

FACTS = (
    # the mission, its start and what came before
    ("index.html", "1 January 2015"),
    ("index.html", "International Security Assistance Force"),
    ("index.html", "11 February 2021"),
    ("index.html", "about 10,000"),
    ("facts.html", "36"),
    # where
    ("index.html", "Kabul / Bagram"),
    ("hubs.html", "Kabul"),
    ("hubs.html", "Bagram"),
    ("hubs.html", "Mazar-e Sharif"),
    ("hubs.html", "Herat"),
    ("hubs.html", "Kandahar"),
    ("hubs.html", "Laghman"),
    # with whom
    ("index.html", "ministries"),
    ("index.html", "police"),
    ("index.html", "air force"),
    # key functions
    ("index.html", "budget"),
    ("index.html", "programm"),
    ("index.html", "transparen"),
    ("index.html", "accountab"),
    ("index.html", "oversight"),
    ("index.html", "rule of law"),
    ("index.html", "good governance"),
    ("index.html", "recruit"),
    ("index.html", "force generation"),
    ("index.html", "personnel"),
    # decisions
    ("timeline.html", "Chicago"),
    ("timeline.html", "2012"),
    ("timeline.html", "Wales"),
    ("timeline.html", "2014"),
    ("timeline.html", "28 December 2014"),
    ("timeline.html", "30 September 2014"),
    ("timeline.html", "27 November 2014"),
    ("events/sofa-signed.html", "Senior Civilian Representative"),
    ("events/sofa-signed.html", "President"),
    ("timeline.html", "Parliament"),
    ("timeline.html", "12 December 2014"),
    ("index.html", "2189"),
    ("facts.html", "nanim"),
    ("timeline.html", "December 2015"),
    ("timeline.html", "May 2016"),
    ("timeline.html", "Warsaw"),
    ("timeline.html", "July 2016"),
    ("timeline.html", "November 2017"),
    ("facts.html", "about 13,000"),
    ("facts.html", "about 16,000"),
    ("timeline.html", "Brussels"),
    ("timeline.html", "July 2018"),
    ("timeline.html", "12 September 2020"),
    ("timeline.html", "Doha"),
    ("funding.html", "2024"),
    ("funding.html", "2020"),
    ("funding.html", "Trust Fund"),
    ("peace.html", "Taliban"),
    ("peace.html", "human rights"),
    ("peace.html", "terroris"),
)

# Names of bodies, documents and meetings, which are what they are called.
NAMES = (
    "nato's senior civilian representative",
    "united nations security council resolution 2189",
    "international security assistance force",
    "status of forces agreement",
    "resolute support mission",
    "financial sustainment of the afghan security forces",  # in the title of a press release of 2020
)


@pytest.fixture(scope="module")
def built() -> Built:
    """The shipped content, built once."""
    return check_site(make_config(project=PROJECT, strict=True))


def words_of(html: str) -> str:
    """What a reader sees, on one line."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r"</?(?:p|h\d|li|td|th|dd|dt|div)\b[^>]*>", " ", html)
    return re.sub(r"\s+", " ", unescape(html).replace("<wbr>", ""))


def visible(html: str) -> str:
    """The text without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", words_of(html)))


def test_nothing_is_wrong_with_it(built: Built) -> None:
    """The shipped content has no problem, not even a warning."""
    assert built.problems == ()


@pytest.mark.parametrize(("url", "fact"), FACTS)
def test_every_fact_of_the_page_is_there(built: Built, url: str, fact: str) -> None:
    """Each figure, date, place and body of the page that the factsheet re-makes is on the site."""
    assert fact.casefold() in visible(built.files[url].decode()).casefold()


def test_no_sentence_is_the_pages(built: Built) -> None:
    """No eight words in a row are those of the page that the factsheet re-makes."""
    theirs = set((Path(__file__).parent / "data" / "source-runs.txt").read_text().split())
    found = []
    for url, data in built.files.items():
        if not url.endswith(".html"):
            continue
        text = visible(data.decode()).lower().replace("’", "'")
        words = re.findall(r"[\w']+", text)
        for start in range(len(words) - RUN + 1):
            run = " ".join(words[start : start + RUN])
            if sha256(run.encode()).hexdigest()[:16] in theirs and not any(name in run for name in NAMES):
                found.append((url, run))
    assert found == []


def test_the_shingles_are_of_the_page() -> None:
    """The list of word runs is of a text of that length, so that the test above can fail."""
    theirs = set((Path(__file__).parent / "data" / "source-runs.txt").read_text().split())
    known = "the mission of the international security assistance force"
    assert sha256(known.encode()).hexdigest()[:16] in theirs
    assert len(theirs) > 500
