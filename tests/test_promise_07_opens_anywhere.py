"""Promise 7: the page opens anywhere: from disk, under any sub-path, with JavaScript off, offline. Paper is in
test_browser_use.py, screen readers and widths in test_browser_pages.py, one file for a mail in test_single_file.py."""

import shutil
import threading
from functools import partial
from html.parser import HTMLParser
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import browser  # noqa: F401 - a fixture
from pages_case import RSM, Quiet, Sites, kinds, sites  # noqa: F401 - fixtures
from playwright.sync_api import Browser, Page

# ruff: noqa: E501 - lines of JavaScript
pytestmark = pytest.mark.timeout(120)


class Addresses(HTMLParser):
    """Every address that a page loads from or leads to."""

    def __init__(self, html: str) -> None:
        """Parse `html`."""
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of a tag."""
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.mark.parametrize("name", [RSM, "second-mission", "persian"])
def test_every_address_is_relative_and_leads_to_a_file(sites: Sites, name: str) -> None:  # noqa: F811
    """No page but that of wrong addresses names a file of the site from the root of its host, each names it with its
    ending, and it is there: so it opens from disk and below any path."""
    folder = sites(name)
    count = 0
    for path in sorted(folder.rglob("*.html")):
        for address in Addresses(path.read_text("utf-8")).found:
            parts = urlsplit(address)
            if parts.scheme or not parts.path or path.name == "404.html":
                continue
            count += 1
            assert address[0] != "/", (path, address)
            target = (path.parent / unquote(parts.path)).resolve()
            assert target.is_relative_to(folder.resolve()), (path, address)
            assert target.is_file(), (path, address)
    assert count > 500


def test_reads_the_same_from_disk_and_below_a_path(browser: Browser, sites: Sites, tmp_path: Path) -> None:  # noqa: F811
    """Every kind of page says the same and has its styles, opened as a file without a network and over HTTP five folders
    deep; nothing that it asks for is missing."""
    folder = sites(RSM)
    deep = tmp_path / "a b/ü/c/d/e"
    shutil.copytree(folder, deep)
    offline, online = browser.new_context(offline=True), browser.new_context()
    disk, web = offline.new_page(), online.new_page()
    missing: list[str] = []
    for page in (disk, web):
        page.on("requestfailed", lambda request: missing.append(request.url))
        page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    look = "[document.body.innerText, getComputedStyle(document.body).fontFamily, document.body.scrollWidth].join()"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for url in kinds(folder):
            disk.goto((deep / url).as_uri())
            web.goto(f"http://127.0.0.1:{server.server_address[1]}/{deep.relative_to(tmp_path).as_posix()}/{url}")
            if url != "404.html":  # which a host shows at any address, and so names its files from the root
                assert disk.evaluate(look) == web.evaluate(look), url
                assert missing == [], url
            missing.clear()
        server.shutdown()
    offline.close()
    online.close()


def test_reads_the_same_without_script(browser: Browser, sites: Sites) -> None:  # noqa: F811
    """With JavaScript off every kind of page says the same, but for the buttons that need it."""
    folder = sites(RSM)
    off, on = browser.new_context(java_script_enabled=False), browser.new_context()
    plain, full = off.new_page(), on.new_page()
    words = "main => { for (const each of main.querySelectorAll('button, [role=status]')) each.remove(); return main.textContent }"
    for url in kinds(folder):
        for page in (plain, full):
            page.goto((folder / url).as_uri())
        assert _text(plain, words) == _text(full, words), url
        assert not plain.locator("button:visible, select:visible").count(), url
    off.close()
    on.close()


def _text(page: Page, words: str) -> str:
    # Playwright still evaluates where a page's own scripts are off.
    return " ".join(str(page.locator("main").evaluate(words)).split())
