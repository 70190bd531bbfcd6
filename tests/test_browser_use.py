"""What readers do with a page in Chromium: choose, filter, open, copy, print, read from right to left."""

import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from unicodedata import normalize

import pypdf
import pytest
from browser import browser  # noqa: F401 - a fixture
from pages_case import RSM, Sites, served, sites  # noqa: F401 - fixtures
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.timeout(60)

PAPER = {"width": 595, "height": 842}  # A4 in points


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:  # noqa: F811
    """A window of its own, wide and light."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    yield made
    made.close()


def ground(page: Page) -> str:
    """The colour that the page is painted on."""
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_theme_is_chosen_and_kept(context: BrowserContext, served: str) -> None:  # noqa: F811
    """The colours follow the system until one is chosen; the choice holds on the next page and can be taken back."""
    page = context.new_page()
    page.goto(f"{served}/about.html")
    light = ground(page)
    page.get_by_label("Colours").select_option("dark")
    dark = ground(page)
    assert light != dark
    page.goto(f"{served}/data.html")
    assert ground(page) == dark
    page.get_by_label("Colours").select_option("")
    assert ground(page) == light
    page.emulate_media(color_scheme="dark")
    assert ground(page) == dark


@pytest.mark.parametrize("script", [True, False])
def test_filter_shows_one_category(browser: Browser, sites: Sites, script: bool) -> None:  # noqa: F811
    """A category leaves its own events and years, with JavaScript and without; All brings back the others."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=script)
    page = made.new_page()
    page.goto((sites(RSM) / "timeline.html").as_uri())
    links = page.locator(".filter__link")
    total = page.locator(".event:visible").count()
    assert str(total) in links.nth(0).inner_text()
    for number in (1, 3):
        links.nth(number).click()
        count = int(re.sub(r"\D", "", links.nth(number).inner_text().split()[-1]))
        expect(page.locator(".event:visible")).to_have_count(count)
        assert not page.locator(".year:visible").filter(has_not=page.locator(".event:visible")).count()
    links.nth(0).click()
    expect(page.locator(".event:visible")).to_have_count(total)
    if script:
        expect(links.nth(0)).to_have_attribute("aria-current", "true")
        assert page.locator("[role=status]").inner_text() == links.nth(0).inner_text()
    made.close()


def test_citation_is_copied(context: BrowserContext, served: str) -> None:  # noqa: F811
    """The button puts the citation on the clipboard and says so."""
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    page = context.new_page()
    page.goto(f"{served}/index.html")
    button = page.locator("[data-copy=cite-plain]")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#cite-plain").inner_text().strip()


def test_source_opens_in_place(context: BrowserContext, sites: Sites) -> None:  # noqa: F811
    """A figure's source opens beside it with title, publisher, day, level and link, inside the window; another one or
    Escape closes it."""
    page = context.new_page()
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto((sites(RSM) / "index.html").as_uri())
        cites = page.locator(".figure-card .cite")
        cites.nth(0).locator("summary").click()
        panel = cites.nth(0).locator(".cite__panel")
        expect(panel).to_be_visible()
        box = panel.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert panel.locator("a[rel=external]").count()
        assert re.search(r"\d{4}", panel.inner_text())
        assert re.search("official|press|secondary", panel.inner_text())
        cites.nth(1).locator("summary").click()
        expect(panel).to_be_hidden()
        page.keyboard.press("Escape")
        expect(page.locator(".cite__panel:visible")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 1280])
def test_long_lists_fold_where_there_is_little_room(context: BrowserContext, sites: Sites, width: int) -> None:  # noqa: F811
    """The sources of the front page are one line on a phone until they are asked for, and there on a wide screen; an
    address that ends in one of them opens the list at it; More closes as the sources of a claim do."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((sites(RSM) / "index.html").as_uri())
    last = page.locator("#sources .source").last
    expect(last).to_be_visible(visible=width > 1000)
    assert page.locator("#sources summary").is_visible() == (width < 1000)
    page.goto("about:blank")
    page.goto(f"{(sites(RSM) / 'index.html').as_uri()}#{last_id(sites(RSM))}")
    expect(page.locator("#sources .source").last).to_be_in_viewport()
    if width > 1000:
        more = page.locator(".menu__more")
        more.locator("summary").click()
        expect(more.locator("a").last).to_be_visible()
        page.keyboard.press("Escape")
        expect(more.locator("a").last).to_be_hidden()


def last_id(folder: Path) -> str:
    """The anchor of the last source on the front page."""
    return re.findall(r'class="source" id="([^"]*)"', (folder / "index.html").read_text("utf-8"))[-1]


def plain(html: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(unescape(re.sub("<[^>]*>", "", html)).split())


def pages_on_paper(context: BrowserContext, address: str) -> list[str]:
    """The text of each sheet as printed."""
    page = context.new_page()
    page.goto(address)
    reader = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    for sheet in reader.pages:
        assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == (PAPER["width"], PAPER["height"])
    return [" ".join(sheet.extract_text().split()) for sheet in reader.pages]


@pytest.mark.parametrize("name", [RSM, "second-mission"])
def test_front_page_on_paper(context: BrowserContext, sites: Sites, name: str) -> None:  # noqa: F811
    """Everything but the sources fills exactly two A4 sheets, with no navigation; then come the sources, each with its
    address. What changed since the edition before is left to the screen."""
    folder = sites(name)
    sheets = pages_on_paper(context, (folder / "index.html").as_uri())
    html = (folder / "index.html").read_text("utf-8")
    first = next(
        index for index, text in enumerate(sheets) if re.search(r"(^|\d )Sources (Some of [\w ]+\. )?1 ", text)
    )
    assert first == 2
    placemat, rest = " ".join(sheets[:2]), "".join(sheets[2:]).replace(" ", "")
    titles = re.findall(
        r'<h2 class="section__title">(.*?)</h2>', re.sub(r"section--changes.*?</h2>", "", html, flags=re.DOTALL)
    )
    assert [title for title in titles if title not in ("Sources", "Cite this page") and title not in placemat] == []
    assert "All editions" not in placemat
    entries = html[html.index('<ol class="sources">') :]
    addresses = re.findall(r'class="cite__title" href="(http[^"]*)"', entries[: entries.index("</ol>")])
    assert addresses
    assert [each for each in addresses if each.replace("&amp;", "&") not in rest] == []


def test_timeline_on_paper(context: BrowserContext, sites: Sites) -> None:  # noqa: F811
    """The list begins on the first sheet, no event goes on from one sheet to the next, and sources are named."""
    folder = sites(RSM)
    sheets = pages_on_paper(context, (folder / "timeline.html").as_uri())
    html = (folder / "timeline.html").read_text("utf-8")
    solid = [normalize("NFKC", sheet).replace(" ", "") for sheet in sheets]
    events = re.findall(r'<li class="event(.*?)<details', html, re.DOTALL)
    assert len(events) > 20
    for event in events:
        words = re.findall(r'class="lead".*?</a>|<p>.*?</p>', event)
        title, *texts = (plain(f"<{each}").replace(" ", "") for each in words)
        (sheet,) = (sheet for sheet in solid if title in sheet)
        assert all(text[-20:] in sheet for text in texts)
        assert sheet == solid[0] or event is not events[0]
    assert not re.search(r"\d sources", "".join(sheets))
    assert "United Nations Security Council, 12 December 2014" in "".join(sheets)


def test_persian_is_persian(context: BrowserContext, sites: Sites) -> None:  # noqa: F811
    """The page runs from right to left, in its digits and months; codes and addresses keep their own direction, and
    time in the drawing goes from left to right."""
    page = context.new_page()
    page.goto((sites("persian") / "index.html").as_uri())
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    times = page.locator("time").all_inner_texts()
    assert times
    assert not [each for each in times if re.search("[0-9A-Za-z]", each)]
    assert all(
        re.fullmatch(r"\d{4}(-\d\d){0,2}", each.get_attribute("datetime") or "") for each in page.locator("time").all()
    )
    expect(page.locator("pre.citation__text")).to_have_css("direction", "ltr")
    title, properties = page.locator("h1").bounding_box(), page.locator(".properties").bounding_box()
    assert title and properties  # noqa: PT018
    assert title["x"] + title["width"] > properties["x"] + properties["width"]
    years = page.locator(".strength-chart__drawing--wide .strength-chart__tick")
    boxes = [each.bounding_box() for each in years.all()]
    assert all(box and box["x"] >= 0 for box in boxes)
    expect(page.locator(".strength-chart__drawing--wide")).to_have_css("direction", "ltr")
