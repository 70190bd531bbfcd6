"""Promise 9: the front page is small and complete in its first response. How quick the build and an edit are is counted
by the tests of what is made again, and measured by the benchmarks."""

import gzip
import zlib

import pytest
from browser import browser  # noqa: F401 - a fixture
from pages_case import RSM, Sites, served, sites  # noqa: F401 - fixtures
from playwright.sync_api import Browser, ViewportSize

# ruff: noqa: E501 - lines of JavaScript
pytestmark = pytest.mark.timeout(120)

FIRST = 14_336  # bytes: what a server sends before it waits for the reader's first answer
WIDE: ViewportSize = {"width": 1280, "height": 800}


@pytest.mark.parametrize("name", [RSM, "second-mission"])
def test_front_page_fits(sites: Sites, name: str) -> None:  # noqa: F811
    """The front page with its styles is at most 40,000 bytes compressed, and the script at most 3,000 as it is."""
    folder = sites(name)
    assert len(gzip.compress((folder / "index.html").read_bytes(), 9, mtime=0)) <= 40_000
    (script,) = (folder / "assets").glob("*.js")
    assert script.stat().st_size <= 3_000


def test_what_is_seen_first_comes_first(sites: Sites) -> None:  # noqa: F811
    """The first 14 kB hold the styles, the masthead, every figure and the beginning of what follows them; the browser
    test of the fold says that no more is seen at 1280 x 800."""
    data = gzip.compress((sites(RSM) / "index.html").read_bytes(), 9, mtime=0)
    html = zlib.decompressobj(31).decompress(data[:FIRST]).decode(errors="ignore")
    assert "</style>" in html
    assert "</h1>" in html
    figures = html[html.index('<dl class="figures">') :]
    assert "</dl>" in figures
    assert "<p>" in figures[figures.index("</dl>") :]


def test_front_page_asks_for_little(browser: Browser, served: str) -> None:  # noqa: F811
    """Over HTTP the front page needs at most four requests, none of another host, and none to be painted but its own;
    nothing that lies below 800 px is drawn above it."""
    page = browser.new_page(viewport=WIDE)
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url)))
    page.goto(f"{served}/index.html", wait_until="networkidle")
    assert len(asked) <= 4, asked
    assert all(url.startswith(f"{served}/") for _, url in asked)
    assert "stylesheet" not in {kind for kind, _ in asked}
    last = page.evaluate(
        """() => { const seen = [...document.querySelectorAll("main section")].filter((each) => each.getBoundingClientRect().top < 800);
                   return seen.map((each) => each.id); }"""
    )
    page.close()
    assert last == ["figures"] or last == ["figures", "overview"]
