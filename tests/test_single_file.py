"""The factsheet in one file: it asks for nothing, and every link in it leads somewhere."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import browser  # noqa: F401 - a fixture
from conftest import PROJECT, TESTS
from playwright.sync_api import Browser, Page

from rsm_site.build import Built, check_site
from rsm_site.config import make_config
from rsm_site.exports.single_file import encode_single_file, hash_of_script
from rsm_site.manifest import MANIFEST

URL = "factsheet.html"
ADDRESS = "https://example.org/talvora/"
# The first has no address, the second has one.
SITES = {"shipped": PROJECT, "addressed": TESTS / "sites" / "second-mission"}


class Links(HTMLParser):
    """The addresses of all links of a page, those of `src` too, and all ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag refers to."""
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name == "src":
                self.sources.append(value or "")
            elif name == "id":
                self.ids.add(value or "")


@pytest.fixture(scope="module")
def built() -> dict[str, Built]:
    """Each site with its one file, in memory."""
    return {
        name: check_site(make_config(project=project, templates=PROJECT / "templates", single_file=True))
        for name, project in SITES.items()
    }


@pytest.fixture(scope="module", params=SITES)
def html(request: pytest.FixtureRequest, built: dict[str, Built]) -> str:
    """The one file of each site."""
    return built[request.param].files[URL].decode()


def visit(browser: Browser, path: Path, *, script: bool) -> Iterator[tuple[Page, list[str]]]:  # noqa: F811
    """The opened file, and what it asked for or complained of."""
    context = browser.new_context(java_script_enabled=script)
    page, noted = context.new_page(), []
    page.on("request", lambda request: noted.append(request.url))
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.goto(path.as_uri(), wait_until="load")
    yield page, noted
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_opens_alone_from_a_folder(browser: Browser, html: str, tmp_path: Path, script: bool) -> None:  # noqa: F811
    """Alone in a folder, the file is styled and its script runs, it asks for nothing else and breaks no policy of its
    own, whether scripts are allowed or not."""
    path = tmp_path / "Factsheet (copy).html"
    path.write_text(html, encoding="utf-8")
    for page, noted in visit(browser, path, script=script):
        page.wait_for_timeout(200)
        assert noted == [path.as_uri()]
        assert page.locator("h1").count() == 1
        assert page.locator(".page").evaluate("each => getComputedStyle(each).maxWidth") != "none"
        assert page.locator("[data-copy]").first.is_hidden() is not script
        assert page.locator(".map__drawing").evaluate("each => each.getBoundingClientRect().height") > 100


def test_every_link_leads_somewhere(html: str) -> None:
    """Links lead to an anchor of the file or to a whole address; nothing is loaded by a relative one."""
    page = Links(html)
    assert page.sources == []
    assert [link for link in page.links if not re.match(r"#|https?://|mailto:", link)] == []
    assert [link for link in page.links if link[0] == "#" and link[1:] not in page.ids] == []


def test_without_an_address_links_stay_in_the_file(built: dict[str, Built]) -> None:
    """What the front page says of a fact, an event, a place or a source is where links to it lead; of links to what is
    not in the file the words stay; links that only lead on, the menu too, are not there."""
    front, whole = (built["shipped"].files[url].decode() for url in ("index.html", URL))
    kinds = {match[1] for match in re.finditer(r'<a class="ref[^>]*href="#([a-z]+)-', whole)}
    assert {"fact", "event", "hub"} <= kinds
    assert 'href="facts.html#personnel">about 10,000</a>' in front
    assert 'href="#fact-personnel">about 10,000</a>' in whole
    word = re.search(r'<a class="ref ref--term" href="glossary[^>]*>(.*?)</a>', front, re.DOTALL)
    assert word
    assert word[1] in whole
    assert "glossary.html" not in whole
    for words in ("All editions", "All figures with their history", "Download the data"):
        assert words in front
        assert words not in whole
    assert '<nav aria-label="Pages">' not in whole


def test_no_link_leads_to_what_it_stands_in(built: dict[str, Built]) -> None:
    """The label of a figure is no link to that same figure."""
    whole = built["shipped"].files[URL].decode()
    card = re.search(r'id="fact-personnel">.*?</dt>', whole, re.DOTALL)
    assert card
    assert "Personnel deployed" in card[0]
    assert "<a" not in card[0]


def test_with_an_address_links_lead_to_the_site(built: dict[str, Built]) -> None:
    """Every link of the front page that leads to another page leads there from the file too, by its whole address."""
    files = built["addressed"].files
    front, whole = (Links(files[url].decode()).links for url in ("index.html", URL))
    wanted = {ADDRESS + link for link in front if re.match(r"(facts|timeline|hubs|sources|glossary)\.html#", link)}
    assert wanted
    assert wanted <= set(whole)
    assert ADDRESS in whole
    known = {ADDRESS + url for url in files} | {ADDRESS}
    assert [link for link in whole if link.startswith(ADDRESS) and link.partition("#")[0] not in known] == []
    assert f'<link rel="canonical" href="{ADDRESS}">' in files[URL].decode()


def test_is_one_of_the_files(built: dict[str, Built]) -> None:
    """The file is in the manifest and on data.html with its size, and not in the sitemap; no build has it unasked."""
    files = built["addressed"].files
    listed = json.loads(files[MANIFEST])["files"]
    assert hashlib.sha256(files[URL]).hexdigest() in json.dumps(listed)
    row = re.search(rf'<a href="{URL}">.*?</tr>', files["data.html"].decode(), re.DOTALL)
    assert row
    size = Decimal(len(files[URL])).scaleb(-3).quantize(Decimal("0.1"))
    assert f">{str(size).removesuffix('.0')} kB<" in row[0]
    assert URL not in files["sitemap.xml"].decode()
    small = TESTS / "sites" / "only-site"
    plain = check_site(make_config(project=small, templates=PROJECT / "templates")).files
    assert URL not in plain
    assert URL not in plain["data.html"].decode()


def test_hosts_allow_its_script(built: dict[str, Built]) -> None:
    """The policy that hosts are told to send has the hash of the script in the file, and the file's own policy has it
    and that of its styles, and no other source of either."""
    files = built["shipped"].files
    whole = files[URL].decode()
    script, style = (re.search(rf"<{name}>(.*?)</{name}>", whole, re.DOTALL) for name in ("script", "style"))
    assert script
    assert style
    hashes = [f"'sha256-{b64encode(hashlib.sha256(each[1].encode()).digest()).decode()}'" for each in (script, style)]
    assert f"script-src 'self' {hashes[0]};" in files["_headers"].decode()
    policy = f"default-src 'none'; style-src {hashes[1]}; script-src {hashes[0]}; base-uri 'none'; form-action 'none'"
    assert policy.replace("'", "&#39;") in whole


def test_a_script_cannot_end_its_element(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    """A script with `</script` in a text still runs, by its hash, and nothing of it shows."""
    script = 'document.title = "</script><b>" + "</SCRIPT >".length;'
    page = (
        '<html><head><meta http-equiv="Content-Security-Policy" content="x"><script src="a.js"></script></head>'
        "<body><p>Text</p></body></html>"
    )
    whole = encode_single_file(page, address="", script=script)
    assert hash_of_script(script) in whole
    path = tmp_path / "page.html"
    path.write_text(whole, encoding="utf-8")
    for opened, noted in visit(browser, path, script=True):
        assert opened.title() == "</script><b>10"
        assert opened.locator("body").inner_text().strip() == "Text"
        assert noted == [path.as_uri()]


@pytest.mark.parametrize(
    ("link", "address", "wanted"),
    [
        ('<a href="#here">x</a>', "", '<a href="#here">x</a>'),
        ('<a href="events/here.html">x</a>', "", "<span>x</span>"),
        ('<a class="ref" href="timeline.html#one">x &lt; y</a>', "", '<a class="ref" href="#event-one">x &lt; y</a>'),
        ('<a class="ref" href="events/one.html">x</a>', "", '<a class="ref" href="#event-one">x</a>'),
        ('<a class="ref" href="timeline.html#two">x</a>', "", '<span class="ref">x</span>'),
        ('<a href="timeline.html#one">x</a>', "https://a.b/c/", '<a href="https://a.b/c/timeline.html#one">x</a>'),
        ('<a href="index.html">x</a>', "https://a.b/c/", '<a href="https://a.b/c/">x</a>'),
        ('<a href="https://a.b/?x=1&amp;y">x</a>', "", '<a href="https://a.b/?x=1&amp;y">x</a>'),
        ("<a href='mailto:a@b.c'>x</a>", "", '<a href="mailto:a@b.c">x</a>'),
        (
            '<svg><a class="m" href="no.html"><path d="M0 0"/></a></svg>',
            "",
            '<svg><a class="m"><path d="M0 0"/></a></svg>',
        ),
        ('<p title="a > b"><a href="no.html">x</a></p>', "", '<p title="a > b"><span>x</span></p>'),
    ],
)
def test_links_are_rewritten(link: str, address: str, wanted: str) -> None:
    """Each kind of link leads where the file can lead, and what stands around it is as it was."""
    around = '<body><i id="here"></i><i id="event-one"></i>{}</body>'
    made = encode_single_file(around.format(link), address=address, script="")
    assert made == around.format(wanted)
