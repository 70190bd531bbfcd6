"""Every page in Chromium: accessible, whole at any width, silent towards the rest of the world."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from browser import browser  # noqa: F401 - a fixture
from pages_case import RSM, Sites, kinds, sites  # noqa: F401 - a fixture
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

# ruff: noqa: E501 - lines of JavaScript
pytestmark = pytest.mark.timeout(120)

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
OPTIONS = {"resultTypes": ["violations"], "preload": False, "iframes": False}
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR = ["color-contrast", "link-in-text-block"]
# Every source, list and menu that opens in place; the menu of a narrow page covers what is below it.
OPEN = """document.querySelectorAll("details:not(.menu)").forEach((each) => {
  each.removeAttribute("name");
  each.open = true;
})"""
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth] : []"

# Boxes of words that overlap, leave their drawing or are too small to read, in every drawing that is shown.
LABELS = """() => [...document.querySelectorAll(".map__drawing, .strength-chart__drawing")].flatMap((drawing) => {
  if (!drawing.getClientRects().length) return [];
  const frame = drawing.getBoundingClientRect(), wrong = [];
  const words = [...drawing.querySelectorAll("text")].filter((text) => text.getClientRects().length && text.textContent)
    .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect(),
                      size: parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a }));
  words.forEach((one, index) => {
    if (one.box.left < frame.left - 1 || one.box.right > frame.right + 1 || one.box.top < frame.top - 1
        || one.box.bottom > frame.bottom + 1) wrong.push(`${one.text}: leaves the drawing`);
    if (one.size < 11) wrong.push(`${one.text}: ${one.size} px`);
    for (const other of words.slice(index + 1)) {
      const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (width > 1 && height > 1) wrong.push(`${one.text} / ${other.text}: overlap`);
    }
  });
  return wrong;
})"""

# Controls smaller than 24 px that are not words in a sentence and have no 24 px of room around them (WCAG 2.5.8).
TARGETS = """() => {
  const all = [...document.querySelectorAll("a, button, select, summary")]
    .filter((each) => each.getBoundingClientRect().width
                      && each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
                      && !each.classList.contains("skip"));
  const boxes = all.map((each) => {
    const shape = each.querySelector(".strength-chart__target");
    return (shape || each).getBoundingClientRect();
  });
  return all.filter((each, index) => {
    const box = boxes[index];
    if (box.width >= 23.9 && box.height >= 23.9) return false;
    if (each.closest("p, dd, td, th, figcaption, li") && getComputedStyle(each).display === "inline") {
      const words = each.closest("p, dd, td, th, figcaption, li").textContent.trim();
      if (words !== each.textContent.trim()) return false;
    }
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    return boxes.some((other, at) => at !== index && !all[at].contains(each) && !each.contains(all[at])
      && Math.hypot(Math.max(other.left - x, 0, x - other.right), Math.max(other.top - y, 0, y - other.bottom)) < 12);
  }).map((each) => `${each.outerHTML.slice(0, 90)} ${JSON.stringify(each.getBoundingClientRect())}`);
}"""


# Words of less than 7:1 against the ground that they are painted on; and one element of each look that is not `known`
# yet, left in `looks` for axe-core: what has the same colours, size, weight, and for a link the same line and the same
# words around it, has the same contrast.
CONTRAST = r"""(known) => {
  const parse = (colour) => {
    const parts = colour.match(/[\d.]+(?:e-?\d+)?/g).map(Number), unit = colour.startsWith("color") ? 1 : 255;
    return { rgb: parts.slice(0, 3).map((part) => part / unit), alpha: parts[3] ?? 1 };
  };
  const light = ({ rgb }) => rgb.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const grounds = new Map([[null, "rgb(255, 255, 255)"]]);
  const ground = (each) => {
    if (!grounds.has(each)) {
      const colour = getComputedStyle(each).backgroundColor;
      grounds.set(each, parse(colour).alpha > 0.99 ? colour : ground(each.parentElement));
    }
    return grounds.get(each);
  };
  const seen = new Set(known.split("\n")), fresh = [], wrong = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  window.looks = [];
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || each.closest("script, title, desc, option, .quiet, .skip")) continue;
    if (!each.getClientRects().length) continue;
    const style = getComputedStyle(each), colour = each.closest("svg") ? style.fill : style.color, under = ground(each);
    const link = each.closest("a"), beside = link && getComputedStyle(link.parentElement).color;
    const key = [colour, under, parseFloat(style.fontSize) < 18.66, style.fontWeight, beside, link && getComputedStyle(link).textDecorationLine].join();
    if (seen.has(key) || colour === "none") continue;
    seen.add(key);
    fresh.push(key);
    looks.push(each);
    const [low, high] = [light(parse(colour)), light(parse(under))].sort((one, other) => one - other);
    const found = (high + 0.05) / (low + 0.05);
    if (found < 7) wrong.push(`${found.toFixed(2)}: ${colour}: ${each.textContent.slice(0, 40)}`);
  }
  return { fresh, wrong };
}"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:  # noqa: F811
    """A window of its own, wide and light."""
    made = browser.new_context(viewport=WIDE, color_scheme="light")
    made.add_init_script(
        "window.refused = []; addEventListener('securitypolicyviolation', (e) => refused.push(e.violatedDirective + ' ' + e.blockedURI));"
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """The looks whose contrast was judged, by scheme, for all sites together: equal colours have equal contrast."""
    return {}


class Auditor:
    """Holds a page against axe-core, in one state after the other; a look is judged for its contrast once a scheme."""

    def __init__(self, page: Page, known: dict[str, set[str]]) -> None:
        self.page = page
        self.known = known

    def structure(self, *, targets: bool = False) -> list[str]:
        """What axe-core finds with all rules but those of colour, and that of the size of targets if so asked."""
        rules = {**{rule: {"enabled": False} for rule in COLOUR}, "target-size": {"enabled": targets}}
        return self._run("document", {"runOnly": LEVELS, "rules": rules})

    def contrast(self, scheme: str) -> list[str]:
        """Words of less than 7:1, and what axe-core's rules of colour find; what was seen in this scheme on an earlier
        page, of this site or another, or at another width is not looked at again."""
        known = self.known.setdefault(scheme, set())
        found = self.page.evaluate(CONTRAST, "\n".join(sorted(known)))
        known.update(found["fresh"])
        pale: list[str] = found["wrong"]
        if found["fresh"]:
            pale += self._run("{ include: looks }", {"runOnly": COLOUR})
        return pale

    def _run(self, what: str, options: dict[str, Any]) -> list[str]:
        run = f"""(options) => axe.run({what}, options).then(({{ violations }}) =>
          violations.flatMap((each) => each.nodes.map((node) => `${{each.id}}: ${{node.target}}`)))"""
        found: list[str] = self.page.evaluate(run, {**OPTIONS, **options})
        return found


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", [RSM, "second-mission", "persian", "components"])
def test_every_page(context: BrowserContext, sites: Sites, known: dict[str, set[str]], name: str) -> None:  # noqa: F811
    """On one page of each kind, and every page of prose of the site that ships, axe-core finds nothing at 320 px with all
    open that opens in place, from left to right and from right to left, and on one of each kind of the site that ships
    also at 1280 px with all closed and in print; on one of each kind words stand out in the dark at 320 px and in print.
    On every page words stand out in light and dark; nothing scrolls sideways at 320 px, which is also 1280 px at 400 %;
    targets are 24 px; its own policy refuses nothing, and nothing is asked of another host."""
    folder = sites(name)
    one_of_each = kinds(folder)
    page = context.new_page()
    page.add_init_script(AXE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    auditor, wrong = Auditor(page, known), {}
    for path in sorted(folder.rglob("*.html")):
        if 'http-equiv="refresh"' in path.read_text("utf-8"):
            continue  # an alias, which only leads on
        url = path.relative_to(folder).as_posix()
        found: dict[str, list[str]] = {}
        page.set_viewport_size(WIDE)
        page.emulate_media(media="screen", color_scheme="light")
        page.goto(path.as_uri())
        # TARGETS measures at both widths; axe-core's own, slow rule only on one page of each kind, in the least room.
        found["light, wide"] = auditor.contrast("light")
        if name == RSM and url in one_of_each:
            found["wide"] = auditor.structure()
        found["targets, wide"] = page.evaluate(TARGETS)
        # The scheme changes nothing but colours, as test_design.py shows: the rules of colour are enough.
        page.emulate_media(color_scheme="dark")
        found["dark, wide"] = auditor.contrast("dark")
        page.set_viewport_size(NARROW)
        if url in one_of_each:
            found["dark, narrow"] = auditor.contrast("dark")
        page.emulate_media(color_scheme="light")
        page.evaluate(OPEN)
        found["light, narrow"] = auditor.contrast("light")
        found["targets, narrow"] = page.evaluate(TARGETS)
        found["sideways, narrow"] = page.evaluate(SIDEWAYS)
        if url in one_of_each or (name == RSM and "/" not in url):
            found["narrow"] = auditor.structure(targets=name == RSM and url in one_of_each)
        if url in one_of_each:
            page.emulate_media(media="print")
            found["print"] = auditor.contrast("print")
        if name == RSM and url in one_of_each:
            found["on paper"] = auditor.structure()
        found["policy"] = page.evaluate("refused")
        wrong |= {(url, state): each for state, each in found.items() if each}
    assert not wrong
    assert not [url for url in asked if not url.startswith("file:")]


@pytest.mark.parametrize("name", ["extremes", "second-mission"])
def test_nothing_pushes_a_page_wide(context: BrowserContext, sites: Sites, name: str) -> None:  # noqa: F811
    """Titles, words and tables that do not fit stay within 320 px and 768 px on every kind of page."""
    folder = sites(name)
    page = context.new_page()
    wide = []
    for url in kinds(folder):
        page.goto((folder / url).as_uri())
        for width in (320, 768):
            page.set_viewport_size({"width": width, "height": 700})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                wide.append((url, width, over))
    assert not wide


@pytest.mark.parametrize("name", [RSM, "second-mission", "extremes", "persian"])
def test_labels_of_drawings_are_apart(context: BrowserContext, sites: Sites, name: str) -> None:  # noqa: F811
    """Words of map and chart overlap nowhere, stay in the drawing, and are 11 px or larger."""
    folder = sites(name)
    page = context.new_page()
    wrong = {}
    for url in ("index.html", "hubs.html"):
        page.goto((folder / url).as_uri())
        for width in (320, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wrong[url, width] = page.evaluate(LABELS)
    assert not {where: found for where, found in wrong.items() if found}


@pytest.mark.parametrize("name", [RSM, "second-mission", "extremes"])
def test_every_drawn_value_is_in_the_table(context: BrowserContext, sites: Sites, name: str) -> None:  # noqa: F811
    """Each point of the chart has its value and day in the table below it, each place of the map in the list beside
    it, each bar its number in the same row."""
    page = context.new_page()
    page.goto((sites(name) / "index.html").as_uri())
    missing = page.evaluate(
        """() => {
          const rows = [...document.querySelectorAll("#strength tbody tr")].map((row) => row.textContent.replace(/\\s+/g, " "));
          const points = [...document.querySelectorAll(".strength-chart__point > title")].map((title) => title.textContent.replace(/\\s+/g, " "));
          const wrong = points.filter((point) => {
            const [, value, when] = point.match(/^(.*) \\((.*)\\)$/);
            return !rows.some((row) => row.includes(value.replace(/ \\((planned|disputed)\\)$/, "")) && row.includes(when));
          });
          const listed = [...document.querySelectorAll(".hubs, .strength-chart__key")].map((list) => list.textContent).join();
          for (const mark of document.querySelectorAll(".map__layer .map__mark > title")) {
            if (!listed.includes(mark.textContent.split(/[ ,(:]/)[0])) wrong.push(mark.textContent);
          }
          for (const bar of document.querySelectorAll(".nations .bars")) {
            if (!/\\d/.test(bar.closest("tr").querySelector(".nations__number").textContent)) wrong.push(bar.outerHTML);
          }
          if (!points.length) wrong.push("no point");
          return wrong;
        }"""
    )
    assert not missing


def test_reads_without_styles(context: BrowserContext, sites: Sites) -> None:  # noqa: F811
    """With no style sheet the page is in reading order: title, figures, drawing, places, sources; each drawing shows
    one set of words only, and nothing is as wide as to scroll at 800 px."""
    page = context.new_page()
    page.set_viewport_size({"width": 800, "height": 600})
    page.goto((sites(RSM) / "index.html").as_uri())
    page.evaluate("document.querySelectorAll('style, link[rel=stylesheet]').forEach((each) => each.remove())")
    tops = page.evaluate(
        """() => ["h1", "#figures", ".strength-chart__drawing--wide", "#hubs svg", ".hubs", "#nations", "#sources", "footer"]
             .map((each) => document.querySelector(each).getBoundingClientRect().top)"""
    )
    assert tops == sorted(tops)
    shown = "() => [...document.querySelectorAll('.map__layer')].filter((each) => each.getClientRects().length).length"
    assert page.evaluate(shown) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [320, 1280])
def test_keyboard_reaches_everything_in_order(context: BrowserContext, sites: Sites, width: int) -> None:  # noqa: F811
    """Tab goes through every control in the order of the document, each shown and marked while it has the focus."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((sites("components") / "index.html").as_uri())
    total = page.evaluate(
        """() => { window.seen = []; window.controls = [...document.querySelectorAll("a[href], button, select, summary")]
             .filter((each) => each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }));
             return controls.length; }"""
    )
    assert total > 40
    for _ in range(total):
        page.keyboard.press("Tab")
        page.evaluate(
            """() => { const each = document.activeElement, box = each.getBoundingClientRect(), style = getComputedStyle(each);
                 seen.push([controls.indexOf(each), box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
                            style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, each.outerHTML.slice(0, 80)]); }"""
        )
    seen = page.evaluate("seen")
    assert [index for index, *_ in seen] == list(range(total))
    assert not [(where, html) for where, shown, marked, html in seen if not (shown and marked)]
