"""The preview as an editor sees it: a browser beside the files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import browser  # noqa: F401 - a fixture
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from test_serve import PROJECT, Running, lay_out, running, starter

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The preview of the starter's site, with templates of its own."""
    folder = starter(tmp_path_factory.mktemp("preview"), templates=True)
    with running(folder) as server:
        yield server


@pytest.fixture
def page(browser: Browser, site: Running) -> Iterator[Page]:  # noqa: F811
    """The front page, open; nothing it does may be refused by its own policy."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            complaints.append(message.text)

    page = browser.new_page(viewport={"width": 900, "height": 500})
    page.on("console", listen)
    with page.expect_request("**/-/events*"):
        page.goto(site.link)
    yield page
    page.close()
    assert complaints == []


def change(path: Path, old: str, new: str) -> str:
    """Replace `old` in the file and give the text as it was."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text


def test_an_edit_is_seen_without_a_reload_by_hand(page: Page, site: Running) -> None:
    """The open page shows a figure's new value, and stays where it was scrolled to."""
    facts = site.folder / "content" / "facts.yaml"
    expect(page.locator("body")).not_to_contain_text("7,531")
    page.evaluate("scrollTo(0, 700)")
    place = page.evaluate("scrollY")
    assert place > 600
    value = re.search(r"value: \d+", facts.read_text(encoding="utf-8"))
    assert value
    before = change(facts, value[0], "value: 7531")
    expect(page.locator("body")).to_contain_text("7,531")
    page.wait_for_load_state()
    assert page.evaluate("scrollY") == place
    facts.write_text(before, encoding="utf-8")
    expect(page.locator("body")).not_to_contain_text("7,531")


def test_problems_are_shown_over_the_page_until_they_are_mended(page: Page, site: Running) -> None:
    """Broken content shows file, line and the line itself over the last good page; mended, it goes away by itself."""
    facts = site.folder / "content" / "facts.yaml"
    overlay = page.get_by_role("alert")
    heading = page.locator("h1").inner_text()
    text = facts.read_text(encoding="utf-8")
    line = len(text.splitlines()) + 1
    facts.write_text(f"{text}- {{id: Twelve, unheard: of}}\n", encoding="utf-8")
    expect(overlay).to_contain_text(f"content/facts.yaml:{line}:")
    expect(overlay).to_contain_text("- {id: Twelve, unheard: of}")
    assert overlay.evaluate("element => element.innerText").count("error[") >= 2
    assert page.locator("h1").inner_text() == heading
    facts.write_text(text, encoding="utf-8")
    expect(overlay).to_have_count(0)


def test_styles_are_exchanged_without_a_reload(page: Page, site: Running) -> None:
    """A change of a style sheet alone is seen in the page that is open, which is not loaded again."""
    style = site.folder / "templates" / "assets" / "css" / "base.css"
    text = style.read_text(encoding="utf-8")
    page.evaluate("window.marker = 1")
    for colour in ("rgb(1, 2, 3)", "rgb(4, 5, 6)"):
        style.write_text(f"{text}\nbody {{ outline-color: {colour}; }}\n", encoding="utf-8")
        expect(page.locator("body")).to_have_css("outline-color", colour)
    style.write_text(text, encoding="utf-8")
    expect(page.locator("body")).not_to_have_css("outline-color", "rgb(4, 5, 6)")
    assert page.evaluate("window.marker") == 1


def test_problems_can_be_put_aside(page: Page, site: Running) -> None:
    """The problems stand over the lower part of the page alone, and a button hides them."""
    facts = site.folder / "content" / "facts.yaml"
    text = change(facts, "value:", "valeu:")
    overlay = page.get_by_role("alert")
    expect(overlay).to_be_visible()
    box = overlay.bounding_box()
    assert box
    assert box["y"] >= 100
    overlay.get_by_role("button", name="Hide").click()
    expect(overlay).to_have_count(0)
    facts.write_text(text, encoding="utf-8")
    site.hears("Built again: nothing changed")


def test_a_preview_begun_with_broken_content_becomes_the_site(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    """Started with broken content, the page shows the problem, and the site as soon as it is mended."""
    index = lay_out(tmp_path) / "content" / "index.html"
    index.write_text("<p>BROKEN", encoding="utf-8")
    with running(tmp_path, "bare") as server:
        page = browser.new_page()
        page.goto(server.link)
        expect(page.get_by_role("alert")).to_contain_text("content/index.html:1:4: error[bad]: it is broken")
        index.write_text("<h1>Mended</h1>", encoding="utf-8")
        expect(page.locator("h1")).to_have_text("Mended")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.close()


def test_a_page_that_missed_a_change_catches_up(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    """A page that stays open while the preview ends, the content changes and the preview begins again, is the new."""
    lay_out(tmp_path)
    with running(tmp_path, "bare") as server:
        page = browser.new_page()
        page.goto(server.link)
        expect(page.locator("p")).to_have_text("number 0")
        port = server.port
    (tmp_path / "content" / "index.html").write_text("<p>number 1</p>", encoding="utf-8")
    with running(tmp_path, "bare", port=port):
        expect(page.locator("p")).to_have_text("number 1", timeout=15_000)
        page.close()


def test_the_script_is_small() -> None:
    """The preview's script is read on every page view: it stays under 8 kB."""
    assert len((PROJECT / "rsm_site" / "serve" / "client.js").read_bytes()) < 8000
