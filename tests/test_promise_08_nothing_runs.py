"""Promise 8: no request leaves the site, and nothing in content can run, in a page, a data file or a terminal; for the
PDF see the file beside this."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import icalendar
import pytest
from browser import browser  # noqa: F401 - a fixture
from conftest import BuildCase, Case, make_case
from hostile import TAKEN, hostile_files, mend
from payloads import ALL, LONG_POSITIONS, PAYLOADS, POSITIONS
from playwright.sync_api import Browser, Page

from rsm_site import prose
from rsm_site.exports.headers import SECURITY
from rsm_site.exports.tables import guard, unguard
from rsm_site.prose import Answer, Converter

pytestmark = pytest.mark.timeout(120)

# What a document may hold that could load or run something; a page's own script and style are of its policy.
ELEMENTS = ("script", "style", "link", "meta", "base", "iframe", "object", "embed", "form", "template", "img", "image")
LOOK = """() => {
  const wrong = [], schemes = ["http:", "https:", "mailto:", "file:", "about:"];
  for (const element of document.querySelectorAll("*")) {
    for (const {name, value} of element.attributes) {
      if (name.startsWith("on") || name === "style" || name === "srcdoc" || name === "formaction" || name === "ping")
        wrong.push(`${element.tagName} ${name}=${value}`);
      if ((name === "href" || name === "src" || name === "xlink:href" || name === "action") &&
          !schemes.includes(new URL(value, document.baseURI).protocol)) wrong.push(`${name}=${value}`);
    }
  }
  const count = (name) => [...document.querySelectorAll(name)].map((element) => element.outerHTML.slice(0, 200));
  return {wrong, pwned: window.pwned === 1, found: Object.fromEntries(NAMES.map((name) => [name, count(name)]))};
}""".replace("NAMES", json.dumps(ELEMENTS))
REPORT = "addEventListener('securitypolicyviolation', (event) => console.error('POLICY ' + event.blockedURI));"
ESCAPES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The hostile site, built, with its front page as a single file too."""
    case = make_case(tmp_path_factory.mktemp("hostile"), "hostile", hostile_files())
    assert mend(case) > 20
    done = case.run("build", "--single-file", "--quiet")
    assert done.status == 0, done.err[-2000:]
    return case


class Watched:
    """A page of the browser, and all that it was heard to do."""

    def __init__(self, page: Page) -> None:
        """Listen to dialogs, requests, windows, complaints and faults."""
        self.page = page
        self.heard: list[str] = []
        page.add_init_script(REPORT)
        page.on("dialog", lambda dialog: (self.heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self._ask(request.url))
        page.on("popup", lambda popup: self.heard.append(f"window {popup.url}"))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.heard.append(f"fault {error}"))

    def open(self, path: Path) -> dict[str, list[str]]:
        """Open a file, touch what could be touched, and give the elements of interest."""
        self.page.goto(path.as_uri(), wait_until="load")
        seen = self.page.evaluate(LOOK)
        assert (seen["wrong"], seen["pwned"], self.heard) == ([], False, []), path
        found: dict[str, list[str]] = seen["found"]
        return found

    def _ask(self, url: str) -> None:
        if not url.startswith("file:"):
            self.heard.append(f"request {url[:200]}")

    def _hear(self, kind: str, text: str) -> None:
        # The page of wrong addresses names files from the root of its host, which a disk has not.
        if kind == "error" and "ERR_FILE_NOT_FOUND" not in text:
            self.heard.append(f"console {text[:200]}")


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:  # noqa: F811
    """A page that is watched."""
    page = browser.new_page()
    yield Watched(page)
    page.close()


def test_there_are_payloads_enough() -> None:
    """At least 150 different payloads of every kind are tried."""
    assert len(set(ALL)) == len(ALL) >= 150
    assert min(map(len, PAYLOADS.values())) >= 5


def test_no_page_runs_or_asks_for_anything(hostile: Case, watched: Watched) -> None:
    """With every payload in every text field, no page has a dialog, a request, a report of its policy or a script but
    the site's own; no element bears a handler or a style."""
    pages = sorted(hostile.public.rglob("*.html"))
    assert len(pages) > 30
    for path in pages:
        text = path.read_text(encoding="utf-8")
        if 'http-equiv="refresh"' in text:
            assert re.findall("<(?!/)([a-z]+)", text) == ["html", "meta", "title", "meta", "meta", "link", "a"], path
            continue
        found = watched.open(path)
        is_single = path.name == "factsheet.html"
        scripts = [tag for tag in found["script"] if "application/ld+json" not in tag]
        assert len(scripts) <= 1, path
        assert is_single or all(
            re.match(r'<script src="[./a-z]*assets/site\.[0-9a-f]+\.js" defer', tag) for tag in scripts
        )
        assert len(found["style"]) <= 1, path
        allowed = {"Content-Security-Policy": 1}
        metas = [match[1] for tag in found["meta"] if (match := re.search(r'http-equiv="([^"]*)"', tag))]
        assert metas == list(allowed), path
        rels = {match[1] for tag in found["link"] if (match := re.search(r'rel="([^"]*)"', tag))}
        assert rels <= {"canonical", "alternate", "icon", "apple-touch-icon", "manifest", "stylesheet"}, path
        for name in ("base", "iframe", "object", "embed", "form", "template", "img", "image"):
            assert found[name] == [], path


def test_each_place_of_markdown_is_harmless_without_a_policy(watched: Watched, tmp_path: Path) -> None:
    """Every payload in each position of a Markdown text, shown by a page that has no policy at all, does nothing."""
    converter = Converter()
    sections = []
    for position in (*POSITIONS.values(), *LONG_POSITIONS.values()):
        for payload in TAKEN:
            compiled = converter.compile(position.format(*[payload] * 3))
            html = prose.render(compiled, lambda reference: Answer(reference.id, "index.html", "x"), lambda url: url)
            sections.append(f"<section>{html}</section>")
    assert len(sections) == len(TAKEN) * (len(POSITIONS) + len(LONG_POSITIONS))
    path = tmp_path / "all.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{''.join(sections)}</body>", encoding="utf-8")
    found = watched.open(path)
    assert {name: tags for name, tags in found.items() if tags} == {"meta": ['<meta charset="utf-8">']}
    # Nothing that a text opens reaches beyond it.
    assert watched.page.evaluate("document.querySelectorAll('body > section').length") == len(sections)


def test_linked_data_stays_in_its_element(hostile: Case) -> None:
    """The JSON-LD of every page is one record that parses and has no sign with which its element could end."""
    pages = [path for path in hostile.public.rglob("*.html") if path.name != "404.html" and "old-" not in path.name]
    for path in pages:
        records = re.findall(r'<script type="application/ld\+json">(.*?)</script', path.read_text(encoding="utf-8"))
        assert len(records) == 1, path
        assert not re.search("[<>\u2028\u2029]", records[0]), path
        assert json.loads(records[0])["@graph"], path


def test_json_stays_whole(hostile: Case) -> None:
    """Every JSON file parses, and has each title as it was written."""
    files = [path for ending in ("json", "geojson", "webmanifest") for path in hostile.public.rglob(f"*.{ending}")]
    assert len(files) > 8
    parsed = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}
    titles = {event["title"] for event in parsed["factsheet.json"]["events"]}
    assert {" ".join(text.split()) for text in TAKEN[:5]} <= titles


def test_tables_stay_whole_and_hold_no_formula(hostile: Case) -> None:
    """Every row of a CSV file has as many cells as the first, and no cell begins as a formula would."""
    files = list(hostile.public.rglob("*.csv"))
    assert len(files) > 8
    for path in files:
        first, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True)
        assert rows, path
        for row in rows:
            assert len(row) == len(first), path
            assert all(not cell or cell[0] not in "=+@\t\r\n＝＋－＠" for cell in row), path
            assert all(guard(unguard(cell)) == cell for cell in row), path


def test_the_calendar_has_no_property_of_a_text(hostile: Case) -> None:
    """The calendar has an entry for each event of the edition, each with the properties that the generator gives."""
    data = (hostile.public / "data/timeline.ics").read_bytes()
    calendar = icalendar.Calendar.from_ical(data)
    properties = {name for entry in calendar.walk() for name in entry}
    assert properties <= {
        *("CALSCALE", "CATEGORIES", "DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART", "LOCATION", "METHOD", "NAME"),
        *("PRODID", "SUMMARY", "TRANSP", "UID", "URL", "VERSION", "X-EDTF", "X-WR-CALDESC", "X-WR-CALNAME"),
    }
    uids = [str(entry["UID"]) for entry in calendar.walk("VEVENT")]
    assert len(set(uids)) == len(uids) > 150
    lines = data.decode().split("\r\n")
    assert not any(re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", line) for line in lines)
    assert all(re.match(r" |[A-Z-]+[;:]", line) for line in lines if line)


def test_xml_stays_whole(hostile: Case) -> None:
    """Feed and sitemap parse; what the feed shows as HTML has headings, lists and paragraphs alone."""
    feed = ElementTree.parse(hostile.public / "feed.xml").getroot()
    ElementTree.parse(hostile.public / "sitemap.xml")
    contents = [each.text or "" for each in feed.iter("{http://www.w3.org/2005/Atom}content")]
    assert contents
    assert set(re.findall(r"<([^>]*)>", "".join(contents))) <= {"p", "/p", "h3", "/h3", "ul", "/ul", "li", "/li"}
    links = {each.get("href", "") for each in feed.iter("{http://www.w3.org/2005/Atom}link")}
    assert all(link.startswith("https://example.org/") for link in links)


def test_bibtex_has_the_entries_of_the_sources(hostile: Case) -> None:
    """Each source is one entry with balanced braces; no text begins another, or a command of TeX."""
    _comment, _, text = (hostile.public / "data/sources.bib").read_text(encoding="utf-8").partition("\n")
    entries = re.findall(r"^@[a-z]+\{([^,]*),$", text, re.MULTILINE)
    assert entries == ["report", *(f"s{number}" for number in range(len(TAKEN)))]
    assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= {
        *("textbackslash", "textasciicircum", "textasciitilde", "textbraceleft", "textbraceright"),
        *("url",),
    }
    for entry in text.split("\n@"):
        assert entry.count("{") == entry.count("}")


def test_rules_of_hosts_have_no_line_of_a_text(hostile: Case, build_case: BuildCase, tmp_path: Path) -> None:
    """`_headers` has the generator's own headers alone, `_redirects` three words a line, and what has no text of the
    content in it is the same as in a harmless site."""
    text = (hostile.public / "_headers").read_text(encoding="utf-8")
    names = {line.split(":")[0].strip() for line in text.splitlines() if line.startswith(" ")}
    assert names <= {
        *SECURITY,
        *("Content-Type", "Cache-Control", "Access-Control-Allow-Origin", "Content-Security-Policy"),
    }
    assert all(line.startswith(("/", "  ")) for line in text.splitlines())
    redirects = (hostile.public / "_redirects").read_text(encoding="utf-8").splitlines()
    assert redirects
    assert all(re.fullmatch(r"/old-\d+\.html /p\d+\.html 301", line) for line in redirects)
    good = build_case(tmp_path, "plain", {"content/site.yaml": "title: A\nlanguage: en\nedition: 2021-02-11\n"})
    assert good.run("build", "--single-file", "--quiet").status == 0
    assert (good.public / "_nginx.conf").read_bytes() == (hostile.public / "_nginx.conf").read_bytes()


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_the_terminal_is_not_steered(form: str, build_case: BuildCase, tmp_path: Path) -> None:
    """Whatever is wrong with whichever text, what is printed has no control or direction character."""
    bad = [
        {"id": payload, "title": payload, payload: payload, "sources": [payload], "date": payload} for payload in ALL
    ]
    escaped = "".join(f"- {_escaped(record)}\n" for record in bad)
    files: dict[str, str | bytes] = {
        "content/site.yaml": "title: A\nlanguage: en\nedition: 2021-02-11\n",
        "content/timeline.yaml": escaped,
        "content/pages/raw.md": "---\ntitle: A\n---\n" + "\n\n".join(PAYLOADS["terminal"]),
        "content/glossary.yaml": "\n".join(PAYLOADS["terminal"]),
        "content/\x1b[31mname.md": "x",
        "content/pages/\x1b]0;\x07\u202e.md": "x",
    }
    done = build_case(tmp_path, "terminal", files).run("check", "--format", form)
    assert done.status == 1
    assert len(done.err) > 20_000
    assert "pwned" in done.err
    assert [line for line in (done.out + done.err).split("\n") if ESCAPES.search(line)] == []
    if form == "github":
        assert all(re.match(r"::(error|warning) file=", line) for line in done.err.splitlines())


def test_changes_are_told_without_escapes(hostile: Case) -> None:
    """`changes` prints hostile texts as plain ones."""
    done = hostile.run("changes", "--from", "2015-01-01", "--to", "2021-02-11")
    assert done.status == 0
    assert len(done.out) > 10_000
    assert [line for line in done.out.split("\n") if ESCAPES.search(line)] == []


def _escaped(record: dict[str, object]) -> str:
    """The record as YAML that says each control character by an escape."""
    text = json.dumps(record, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufdd0\ufdd1]", lambda match: f"\\u{ord(match[0]):04x}", text)
