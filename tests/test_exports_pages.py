"""What pages and hosts are given: JSON-LD, feed, sitemap, headers, redirects, images."""

import functools
import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from exports_case import PROJECT, SITES, Case, hostile_content, published, shipped, write_content
from pyld import jsonld

from rsm_site.changes import between, describe
from rsm_site.dates import parse_date
from rsm_site.errors import SiteError
from rsm_site.exports.fontfile import FontFile
from rsm_site.exports.headers import FOREVER, REVALIDATE, headers_for, is_fingerprinted
from rsm_site.exports.store import Store
from rsm_site.model import GitTarget, Security

SCHEMA = "https://schema.org/"
ATOM = "{http://www.w3.org/2005/Atom}"
CSP = "default-src 'none'; style-src 'self' 'sha256-abc='; img-src 'self' data:"
PAGES = (
    "index.html",
    "timeline.html",
    "events/chicago-summit.html",
    "facts.html",
    "hubs.html",
    "nations.html",
    "changes.html",
    "editions/index.html",
    "editions/2015-01-01/index.html",
    "sources.html",
    "glossary.html",
    "data.html",
    "about.html",
)


@functools.cache
def conventions(case: Case) -> dict[str, bytes]:
    """The files for hosts and clients, of a site with some pages."""
    pages = (
        "index.html",
        "404.html",
        "facts.html",
        *(f"editions/{edition.day}/index.html" for edition in case.editions),
    )
    return case.exports.conventions(pages, case.files, CSP)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A factsheet with hostile texts in every field."""
    return Case(hostile_content(tmp_path_factory.mktemp("hostile") / "content"))


def expand(text: str) -> list[dict[str, Any]]:
    """The nodes of a page as another library reads them, with the terms of schema.org from a file."""
    context = json.loads((PROJECT / "tests" / "exports" / "schemaorg-context.json").read_text(encoding="utf-8"))

    def load(url: str, _options: object) -> dict[str, Any]:
        assert url == "https://schema.org"
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": context}

    nodes: list[dict[str, Any]] = jsonld.expand(json.loads(text), {"documentLoader": load})
    return nodes


def keys_in(value: Any) -> int:
    """How many keys there are in all, but for those of JSON-LD itself."""
    if isinstance(value, dict):
        return sum((not key.startswith("@")) + keys_in(child) for key, child in value.items())
    return sum(keys_in(child) for child in value) if isinstance(value, list) else 0


def value_of(node: dict[str, Any], name: str) -> Any:
    """The first value of a property, None when there is none."""
    found = node.get(SCHEMA + name)
    return found[0].get("@value", found[0].get("@id")) if found else None


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("make", [shipped, published])
def test_linked_data_expands(make: Any, url: str) -> None:
    """Every term of the JSON-LD of every page is one of schema.org, and the page itself is described."""
    case: Case = make()
    text = case.exports.linked_data(url, "Heading", "Description")
    nodes = expand(text)
    assert keys_in(nodes) == keys_in(json.loads(text)["@graph"])
    page = next(node for node in nodes if SCHEMA + "WebPage" in node["@type"])
    assert (value_of(page, "name"), value_of(page, "description")) == ("Heading", "Description")
    day = url.split("/")[1] if url.count("/") == 2 else case.editions[-1].day.isoformat()
    assert value_of(page, "contentReferenceTime") == day
    crumbs = [node for node in nodes if SCHEMA + "BreadcrumbList" in node["@type"]]
    assert len(crumbs) == (url != "index.html")


def test_linked_data_has_every_kind() -> None:
    """The pages of a site hold each kind of thing that there is, and each citation leads to a source on the page."""
    case = published()
    kinds = set()
    for url in PAGES:
        nodes = expand(case.exports.linked_data(url, "Heading", "Description"))
        kinds |= {kind.removeprefix(SCHEMA) for node in nodes for kind in node["@type"]}
        named = {node["@id"] for node in nodes if "@id" in node}
        cited = {each["@id"] for node in nodes for each in node.get(SCHEMA + "citation", ())}
        assert cited <= named
    assert kinds >= {"WebPage", "Dataset", "Event", "Place", "Organization", "BreadcrumbList", "DefinedTermSet"}
    assert kinds >= {"Observation", "CreativeWork"}


def test_figures_are_observations() -> None:
    """Each reported figure that holds is an Observation with the value, date, unit and sources of the data."""
    case = published()
    told = case.json()
    nodes = expand(case.exports.linked_data("facts.html", "Facts", ""))
    found = {node["@id"]: node for node in nodes if SCHEMA + "Observation" in node["@type"]}
    for fact in told["facts"]:
        node = found.pop(f"https://example.org/sheet/facts.html#{fact['id']}", None)
        current = next((each for each in fact["observations"] if each["current"]), None)
        if current is None or current["status"] != "reported":
            assert node is None
            continue
        assert node is not None
        bound = {"over": "minValue", "under": "maxValue"}.get(current["qualifier"], "value")
        assert str(value_of(node, bound)) == str(current["value"])
        assert value_of(node, "observationDate") == parse_date(current["date"]).machine
        assert value_of(node, "unitText") == fact["unit"]
        sources = [each["@id"].partition("#")[2] for each in node[SCHEMA + "citation"]]
        assert sources == list(dict.fromkeys(source["id"] for source in current["sources"]))
    assert found == {}


def test_linked_data_has_only_true_dates() -> None:
    """An event has a start only where one is known, at its own precision; one that is about a time has none."""
    for name in ("date-precision", "extremes"):
        case = Case(SITES / name / "content")
        nodes = expand(case.exports.linked_data("timeline.html", "Timeline", ""))
        events = [node for node in nodes if SCHEMA + "Event" in node["@type"]]
        shown = [*case.editions[-1].events]
        for event, node in zip(shown, events, strict=False):
            vague = "~" in event.date.text or "?" in event.date.text
            assert value_of(node, "name") == event.title
            assert value_of(node, "startDate") == (None if vague else event.date.text.partition("/")[0])


def test_archived_linked_data_is_of_its_day() -> None:
    """The JSON-LD of an archived edition has the figures of that day, its data files, and as that of the newest no end
    of the mission that came later."""
    case = published()
    nodes = expand(case.exports.linked_data("editions/2015-01-01/index.html", "Heading", ""))
    dates = [value_of(node, "observationDate") for node in nodes]
    assert all(day <= "2015-01-01" for day in dates if day)
    dataset = next(node for node in nodes if SCHEMA + "Dataset" in node["@type"])
    urls = [value_of(each, "contentUrl") for each in dataset[SCHEMA + "distribution"]]
    assert urls
    assert all(url.removeprefix("https://example.org/sheet/") in case.files for url in urls)
    newest = expand(case.exports.linked_data("index.html", "Heading", ""))
    assert not any(value_of(node, "dissolutionDate") for node in (*nodes, *newest))


def test_linked_data_cannot_end_its_script(hostile: Case) -> None:
    """No text can close the script element or begin another, and all come back as they are."""
    text = hostile.exports.linked_data("timeline.html", "</script>", "<!--")
    assert not re.search("[<>&\u2028\u2029]", text)
    events = [node for node in json.loads(text)["@graph"] if node["@type"] == "Event"]
    assert [event["name"] for event in events] == [event.title for event in hostile.editions[-1].events]


def test_without_an_address_nothing_is_absolute() -> None:
    """A site without address has no sitemap, feed or preview, and its JSON-LD no address of its own."""
    files = conventions(shipped())
    assert {"sitemap.xml", "feed.xml"} & set(files) == set()
    assert not any(url.startswith("assets/preview") for url in files)
    assert b"Sitemap" not in files["robots.txt"]
    graph = json.loads(shipped().exports.linked_data("facts.html", "Facts", ""))["@graph"]
    assert all("url" not in node for node in graph if node["@type"] in ("WebPage", "Dataset", "BreadcrumbList"))
    assert all(node.get("@id", "_:").startswith("_:") for node in graph)
    assert shipped().exports.images.preview == ""


def test_feed_is_read() -> None:
    """The feed has an entry for each edition, newest first, with its day and the text of what changed."""
    case = published()
    data = conventions(case)["feed.xml"]
    feed = feedparser.parse(data)
    assert not feed.bozo
    assert feed.feed.id == feed.feed.links[1].href == "https://example.org/sheet/feed.xml"
    assert feed.feed.updated == f"{case.editions[-1].day}T00:00:00Z" or feed.feed.updated.startswith(
        "2021-02-11T00:00:00"
    )
    assert [entry.link for entry in feed.entries] == [
        f"https://example.org/sheet/editions/{edition.day}/index.html" for edition in reversed(case.editions)
    ]
    pairs = zip(case.editions[::-1], case.editions[-2::-1], strict=False)
    for entry, (after, before) in zip(feed.entries, pairs, strict=False):
        assert entry.updated[:10] == entry.published[:10] == after.day.isoformat()
        changes = describe(between(before, after), case.viewer(after))
        text = re.sub(r"<[^>]+>", "\n", entry.content[0].value)
        texts = [line for group in changes.groups for line in (group.label, *(entry.text for entry in group.entries))]
        assert text.split("\n\n")
        assert [line for line in text.split("\n") if line] == [_html(line) for line in texts]


def _html(text: str) -> str:
    from markupsafe import escape

    return str(escape(text)).replace("&#39;", "'").replace("&#34;", '"') if text else text


def test_feed_keeps_to_the_standard(hostile: Case) -> None:
    """Each feed has what RFC 4287 requires of it and of each entry, also with hostile texts."""
    for case in (published(), hostile):
        root = ElementTree.fromstring(conventions(case)["feed.xml"])
        assert root.tag == f"{ATOM}feed"
        for element in (root, *root.findall(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert len(element.findall(ATOM + name)) == 1, name
        assert root.find(f"{ATOM}author/{ATOM}name") is not None
        assert root.findtext(f"{ATOM}title") == case.factsheet.site.title
        ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
        assert len(set(ids)) == len(case.editions)


def test_sitemap_keeps_to_its_schema() -> None:
    """The sitemap lists each page but that of wrong addresses, by its whole address, with a day from the content."""
    case = published()
    root = ElementTree.fromstring(conventions(case)["sitemap.xml"])
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert root.tag == f"{space}urlset"
    assert all([child.tag for child in url] == [f"{space}loc", f"{space}lastmod"] for url in root)
    found = {url[0].text: url[1].text for url in root}
    base = "https://example.org/sheet/"
    assert found == {
        base: "2021-02-11",
        f"{base}facts.html": "2021-02-11",
        **{f"{base}editions/{edition.day}/index.html": edition.day.isoformat() for edition in case.editions},
    }


def test_small_files(tmp_path: Path) -> None:
    """robots.txt, the web manifest, security.txt and .nojekyll say what they have to; a target's CNAME is not the
    site's."""
    targets = {"pages": GitTarget(kind="git", repository="r", cname="sheet.example.org")}
    security = Security(contact="mailto:security@example.org", expires=date(2027, 6, 30))
    case = Case(SITES / "persian" / "content", url="https://example.org", publish=targets, security=security)
    files = conventions(case)
    assert files["robots.txt"].decode().endswith("\nSitemap: https://example.org/sitemap.xml\n")
    assert files[".nojekyll"] == b""
    assert "CNAME" not in files
    lines = files[".well-known/security.txt"].decode().splitlines()
    assert "Contact: mailto:security@example.org" in lines
    assert "Expires: 2027-06-30T23:59:59Z" in lines
    manifest = json.loads(files["site.webmanifest"])
    assert (manifest["lang"], manifest["dir"]) == ("fa", "rtl")
    for icon in manifest["icons"]:
        assert icon["sizes"] == "x".join(map(str, size_of(files[icon["src"]])))


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_headers_file_says_what_the_table_says() -> None:
    """Read as hosts read it, with the values of all rules that match, `_headers` gives what the table gives."""
    files = {**conventions(published()), **published().files, "index.html": b"", "assets/site.0123456789ab.css": b""}
    files[".well-known/security.txt"] = b""
    rules: list[tuple[str, dict[str, str]]] = []
    for line in files["_headers"].decode().splitlines():
        if line.startswith("/"):
            rules.append((re.sub(r":\w+", "[^/]+", re.escape(line).replace(r"\*", ".*").replace(r"\:", ":")), {}))
        else:
            name, _, value = line.strip().partition(": ")
            rules[-1][1][name] = value
    assert len(rules) <= 100
    assert max(map(len, files["_headers"].decode().splitlines())) <= 2000
    for url in files:
        if url.startswith((".nojekyll", "_")):
            continue
        sent: dict[str, str] = {}
        for pattern, headers in rules:
            if re.fullmatch(pattern, f"/{url}"):
                for name, value in headers.items():
                    assert name not in sent, (url, name)
                    sent[name] = value
        wanted = headers_for(url, CSP)
        assert sent.setdefault("Content-Type", wanted["Content-Type"]) == wanted["Content-Type"]
        assert sent == wanted, url


def test_only_fingerprinted_files_are_kept_for_ever() -> None:
    """A file whose name changes with its content is never asked for again; all others always are."""
    for url, cache in (
        ("assets/site.0123456789ab.css", FOREVER),
        ("assets/preview.0123456789ab.png", FOREVER),
        ("assets/site.css", REVALIDATE),
        ("index.html", REVALIDATE),
        ("data/facts.csv", REVALIDATE),
    ):
        assert headers_for(url)["Cache-Control"] == cache
    made = [url for url in conventions(published()) if url.startswith("assets/")]
    assert len(made) == 3
    assert all(map(is_fingerprinted, made))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that exports make, and some pages."""
    files = {**conventions(published()), **published().files}
    for url in ("index.html", "404.html", "facts.html", "events/one.html", "assets/site.0123456789ab.css"):
        files[url] = url.encode()
    for url, data in files.items():
        path = tmp_path / "site" / url
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "site"


def urls_below(folder: Path) -> list[str]:
    """The URL of every file."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def nginx(folder: Path) -> Iterator[str]:
    """The address of an nginx that serves the folder with the snippet in it."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = folder.parent
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {base}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (base / "nginx.conf").write_text(
        f"daemon off; {user} pid {base}/pid; error_log {base}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}; include {folder}/_nginx.conf; }} }}\n"
    )
    running = subprocess.Popen(["nginx", "-c", str(base / "nginx.conf"), "-p", str(base)], stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    running.terminate()
    running.wait(10)


def get(url: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_nginx_sends_the_headers(nginx: str, folder: Path) -> None:
    """Under nginx with the snippet every file is served whole, with exactly the headers of the table."""
    for url in urls_below(folder):
        status, headers, data = get(f"{nginx}/{url}")
        assert (status, data) == (200, (folder / url).read_bytes()), url
        assert {name: headers.get(name) for name in headers_for(url, CSP)} == headers_for(url, CSP), url
    status, headers, data = get(f"{nginx}/")
    assert (status, data) == (200, b"index.html")
    assert headers["Cache-Control"] == REVALIDATE


def test_nginx_has_a_page_for_wrong_addresses(nginx: str) -> None:
    """A wrong address gets the page for it at any depth, protected, and never kept."""
    for url in ("nothing.html", "events/nothing/deeper", "assets/gone.0123456789ab.css"):
        status, headers, data = get(f"{nginx}/{url}")
        assert (status, data) == (404, b"404.html")
        assert headers["Content-Security-Policy"] == CSP
        assert "immutable" not in headers.get("Cache-Control", "")


def test_a_plain_server_serves_it_whole(folder: Path) -> None:
    """Python's own server gives back every file."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_args: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        for url in urls_below(folder):
            assert get(f"{base}/{url}")[2] == (folder / url).read_bytes()
        server.shutdown()


def aliased(tmp_path: Path, *aliases: str, url: str = "https://example.org/") -> Case:
    """A site with an event and a page that carry aliases."""
    content = write_content(
        tmp_path / "content",
        site={"url": url},
        sources=[{"id": "s", "title": "S", "publisher": "P", "published": "2010"}],
        timeline=[
            {
                "id": "event",
                "date": "2019",
                "title": "E & <b>",
                "category": "c",
                "sources": ["s"],
                "aliases": [*aliases],
            },
            {"id": "later", "date": "2030", "title": "L", "category": "c", "sources": ["s"], "aliases": ["l.html"]},
        ],
    )
    (content / "pages").mkdir()
    (content / "pages" / "overview.md").write_text("---\ntitle: O\naliases: [old/über.html]\n---\nText.\n", "utf-8")
    return Case(content)


def test_aliases_lead_to_where_things_are(tmp_path: Path) -> None:
    """An alias is a rule for hosts and a small page for all others; the page's link is relative and escaped."""
    case = aliased(tmp_path, "event-old.html")
    files = conventions(case)
    assert case.material.reads.problems == set()
    assert files["_redirects"].decode().splitlines() == [
        "/event-old.html /timeline.html#event 301",
        "/l.html /timeline.html#later 301",
        "/old/%C3%BCber.html /index.html#overview 301",
    ]
    page = files["old/über.html"].decode()
    assert 'content="0; url=../index.html#overview"' in page
    assert '<link rel="canonical" href="https://example.org/#overview">' in page
    assert "E &amp; &lt;b&gt;" in files["event-old.html"].decode()


def test_an_asked_for_edition_has_no_later_alias(tmp_path: Path) -> None:
    """What an edition does not show has no alias in it."""
    aliased(tmp_path, "event-old.html")
    asked = Case(tmp_path / "content", day=date(2020, 6, 15))
    assert "l.html" not in conventions(asked)


def test_preview_has_the_size_that_is_asked_for() -> None:
    """The preview is 1200 x 630 pixels under a fingerprinted name, the same on every run."""
    images = published().exports.images
    assert size_of(images.files[images.preview]) == (1200, 630)
    again = Case(PROJECT / "content", url="https://example.org/sheet/").exports.images
    assert again.files == images.files


@pytest.mark.parametrize("title", ["Short", "A mission with a title of many words " * 8, "W" * 8000, "x " * 4000])
def test_a_long_title_shrinks(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of the preview is wider than the picture, whatever the title; the size goes down before it is cut."""
    svg = drawn(title, monkeypatch)
    font = FontFile((PROJECT / "templates/assets/fonts/SourceSerif4-SemiBold.ttf").read_bytes(), "font")
    root = ElementTree.fromstring(svg)
    lines = [
        (float(text.get("font-size", "0")), text.text or "") for text in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    widths = [size * sum(font.advances.get(ord(each), 1) for each in line) for size, line in lines]
    assert max(widths) <= 1136 - 64
    sizes = [size for size, line in lines if line[:4].strip("…") in title]
    assert min(sizes) >= 36
    assert (len(title) > 20) == (max(sizes) < 120)


def drawn(title: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The SVG from which the preview of a site with this title is drawn, empty when there is none."""
    seen: list[bytes] = []

    def watch(_self: Store, make: Callable[[bytes], bytes], _library: str, inputs: bytes) -> bytes:
        seen.append(inputs)
        return make(inputs)

    monkeypatch.setattr(Store, "get", watch)
    images = Case(PROJECT / "content", url="https://example.org/", title=title).exports.images
    found = [inputs[inputs.index(b"<svg") :] for inputs in seen if inputs.startswith(b"1200 ")]
    assert len(found) == bool(images.preview)
    return found[0] if found else b""


def test_preview_shows_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markup in a title is text, a sign without a picture in the fonts is left out, Persian is set from the right; a
    script that the fonts do not have makes no preview."""
    assert b"&lt;b&gt; &amp; &lt;/script&gt;" in drawn("😀 <b> & </script>\u200f", monkeypatch)
    assert drawn("任務", monkeypatch) == b""
    persian = Case(SITES / "persian" / "content", url="https://example.org/")
    assert size_of(persian.exports.images.files[persian.exports.images.preview]) == (1200, 630)


def test_font_metrics_are_those_of_the_font() -> None:
    """Widths and characters are those that another reader finds, in both forms of the table."""
    ttlib = pytest.importorskip("fontTools.ttLib")
    for path in (PROJECT / "templates" / "assets" / "fonts").glob("*.ttf"):
        font = FontFile(path.read_bytes(), path.name)
        other = ttlib.TTFont(path)
        widths, units = other["hmtx"], other["head"].unitsPerEm
        wanted = {character: widths[glyph][0] / units for character, glyph in other.getBestCmap().items()}
        assert font.advances == wanted
        segments = dict(font._read_segments(_format_4(font)))
        assert set(segments) == {character for character in wanted if character < 0x10000}
        with pytest.raises(SiteError):
            FontFile(path.read_bytes()[:300], path.name)


def _format_4(font: FontFile) -> int:
    start = font._tables["cmap"]
    (count,) = struct.unpack_from(">2xH", font._data, start)
    offsets = [start + struct.unpack_from(">4xL", font._data, start + 4 + 8 * index)[0] for index in range(count)]
    return next(offset for offset in offsets if struct.unpack_from(">H", font._data, offset)[0] == 4)


SCRIPT = """
import sys, hashlib
sys.path[:0] = ["tests", "."]
from exports_case import Case, CONTENT
from pathlib import Path
import rsm_site.exports
early = {"feedgenerator", "resvg_py", "jinja2", "nh3"} & set(sys.modules)
case = Case(CONTENT, url="https://example.org/", cache=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
files = {**case.files, **case.exports.conventions(["index.html"], case.files, "csp")}
pages = [case.exports.linked_data(url, "H", "D") for url in ("index.html", "facts.html", "timeline.html")]
print(sorted(early), sorted({"feedgenerator", "resvg_py"} & set(sys.modules)))
print(hashlib.sha256(repr([sorted(files.items()), pages]).encode()).hexdigest())
"""


def run(*arguments: str, **environment: str) -> list[str]:
    """What a fresh interpreter prints of the libraries it loaded, and a digest of everything it made."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        check=True,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return done.stdout.splitlines()


def test_same_bytes_and_no_library_too_early(tmp_path: Path) -> None:
    """Two environments make the same bytes; heavy libraries are loaded late, and not at all when what they made is
    still there."""
    cache = str(tmp_path / "cache")
    libraries, digest = run(cache, PYTHONHASHSEED="1", TZ="Pacific/Kiritimati", LC_ALL="C")
    assert libraries == "[] ['feedgenerator', 'resvg_py']"
    assert run(cache, PYTHONHASHSEED="2", TZ="America/Adak", LC_ALL="de_DE.UTF-8") == ["[] []", digest]


def test_what_was_kept_is_made_again_when_damaged(tmp_path: Path) -> None:
    """A file of the cache that is cut short, empty or changed is never served; other inputs are other files."""
    made: list[bytes] = []

    def make(inputs: bytes) -> bytes:
        made.append(inputs)
        return inputs * 2

    store = Store(tmp_path / "cache")
    for _ in range(2):
        assert store.get(make, "msgspec", b"one") == b"oneone"
    assert (store.get(make, "msgspec", b"two"), store.get(make, "jinja2", b"one")) == (b"twotwo", b"oneone")
    assert made == [b"one", b"two", b"one"]
    for damage in (lambda data: data[:-1], lambda _data: b"", lambda data: data[:-1] + b"x"):
        for path in (tmp_path / "cache").iterdir():
            path.write_bytes(damage(path.read_bytes()))
        assert store.get(make, "msgspec", b"one") == b"oneone"
    (tmp_path / "file").write_bytes(b"")
    assert Store(tmp_path / "file").get(make, "msgspec", b"one") == b"oneone"
    assert len(made) == 7
