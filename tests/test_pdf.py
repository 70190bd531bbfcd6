"""The factsheet as PDF: tagged, with bookmarks, the same bytes anywhere, and nothing fetched for it."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Case, make_case
from pypdf import PdfReader

from rsm_site.errors import SiteError
from rsm_site.exports.pdf import encode_pdf

pytest.importorskip("weasyprint")
pytestmark = pytest.mark.timeout(180)

URL = "factsheet.pdf"
DAY = date(2020, 6, 30)
# What a build may meet: time zones, languages, orders of hashes.
SURROUNDINGS = (
    {"TZ": "Asia/Kabul", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "1"},
    {"TZ": "America/Lima", "LC_ALL": "C.UTF-8", "LANGUAGE": "fa", "FC_LANG": "ja", "PYTHONHASHSEED": "2"},
)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """The same site, built with its PDF at the same time in different surroundings and folders."""
    made = [make_case(tmp_path_factory.mktemp(f"pdf{number}"), "components") for number in (1, 2)]
    running = []
    for case, surroundings in zip(made, SURROUNDINGS, strict=True):
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), **surroundings}
        command = [sys.executable, "-m", "rsm_site", "build", "--pdf"]
        running.append(
            subprocess.Popen(command, cwd=case.project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
    for each in running:
        _out, err = each.communicate()
        assert (each.returncode, err) == (0, b"")
    return made


@pytest.fixture(scope="module")
def reader(cases: list[Case]) -> PdfReader:
    """The PDF, read by a library that did not write it."""
    return PdfReader(cases[0].public / URL)


def elements(node: Any) -> Iterator[Any]:
    """Every element of the tree of tags below and with `node`."""
    node = node.get_object()
    if isinstance(node, list):
        for each in node:
            yield from elements(each)
    elif hasattr(node, "get"):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from elements(node["/K"])


def words(text: str) -> str:
    """A text with single spaces, as lines of a PDF end anywhere."""
    return " ".join(text.split())


def test_same_bytes_in_any_surroundings(cases: list[Case]) -> None:
    """Folder, time zone, language and order of hashes leave no trace in the PDF; its page has the same bytes too."""
    assert cases[0].files() == cases[1].files()


def test_is_tagged_for_readers(reader: PdfReader) -> None:
    """The PDF says that it is PDF/UA-1, has a language and a title to show, and is dated as its edition."""
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b'pdfuaid:part="1"' in root["/Metadata"].get_data()
    assert reader.metadata
    assert reader.metadata.title == "Catalogue of Components"
    assert (reader.metadata["/CreationDate"], reader.metadata["/ModDate"]) == ("D:20200630", "D:20200630")
    assert all(page["/Tabs"] == "/S" for page in reader.pages)


def test_tags_tell_what_a_page_tells(reader: PdfReader) -> None:
    """Headings, lists and the table are tagged as such, each drawing has words, and each link stands in the tree."""
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    found = list(elements(root))
    names = [each["/S"] for each in found]
    assert names.count("/H1") == 1
    assert {"/H2", "/H3", "/L", "/LI", "/P", "/Table", "/TH", "/TD", "/Caption", "/Link"} <= set(names)
    figures = [each["/Alt"] for each in found if each["/S"] == "/Figure"]
    assert len(figures) == 2
    assert figures[0].startswith("A number over time, and events. ")
    links = [each.get_object() for page in reader.pages for each in page.get("/Annots", [])]
    assert links
    assert [each for each in links if not each.get("/Contents") or "/StructParent" not in each] == []


def test_bookmarks_are_the_headings(reader: PdfReader, cases: list[Case]) -> None:
    """The bookmarks name the mission and below it every section of the front page, in order."""
    html = (cases[0].public / "index.html").read_text("utf-8")
    found = re.findall(r'<section [^>]*id="([^"]*)">\s*<header[^>]*><h2[^>]*>(.*?)</h2>', html)
    headings = [unescape(words) for id_, words in found if id_ != "changes"]  # which is not printed
    assert len(headings) > 5
    title, below = reader.outline
    assert title["/Title"] == "Catalogue of Components"  # type: ignore[call-overload]
    assert [each["/Title"] for each in below if not isinstance(each, list)] == headings  # type: ignore[union-attr]


def test_says_what_the_page_says(reader: PdfReader, cases: list[Case]) -> None:
    """Every featured figure, every place, each event of the timeline, nation and source stands in the text."""
    text = words(" ".join(page.extract_text() for page in reader.pages))
    data = json.loads((cases[0].public / "data" / "factsheet.json").read_text("utf-8"))
    shown = [
        each["words"] for fact in data["facts"] if fact["featured"] for each in fact["observations"] if each["current"]
    ]
    assert shown
    shown += [hub["name"] for hub in data["hubs"]]
    shown += ["Edition of 30 June 2020"]
    assert [each for each in shown if words(each) not in text] == []


def test_is_set_for_paper(reader: PdfReader) -> None:
    """Pages are A4 upright, and the sources begin on a page of their own, soon."""
    sizes = {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in reader.pages}
    assert sizes == {(595, 842)}
    starts = [number for number, page in enumerate(reader.pages) if words(page.extract_text()).startswith("Sources ")]
    assert len(starts) == 1
    assert starts[0] in (1, 2, 3)


def test_is_one_of_the_files(cases: list[Case]) -> None:
    """The PDF is listed on data.html and in the manifest, and the page that it was made of is not written unasked."""
    files = cases[0].files()
    assert f'href="{URL}"' in files["data.html"].decode()
    assert f'"{URL}"' in files[".well-known/factsheet-manifest.json"].decode()
    assert "factsheet.html" not in files


class _Counter(http.server.BaseHTTPRequestHandler):
    """Counts what it is asked for."""

    asked: tuple[str, ...] = ()

    def do_GET(self) -> None:
        """Note the request and refuse it."""
        type(self).asked += (self.path,)
        self.send_error(404)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """A page that wants pictures and styles from elsewhere, with drawings in two scripts."""
    secret = tmp_path_factory.mktemp("odd") / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9">secret</text></svg>')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Counter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{server.server_port}"
    drawing = '<svg viewBox="0 0 90 20" role="group"><title>{0}</title><a href="#x"><text y="15">{0}</text></a></svg>'
    style = f'@import "{there}/b.css"; p {{ background: url({there}/c.png) }}'
    html = (
        '<!DOCTYPE html><html lang="en"><head><title>Odd</title>'
        f'<link rel="stylesheet" href="{there}/a.css"><style>{style}</style></head><body><h1 id="x">Odd</h1>'
        f'<p>Text</p><img src="{there}/d.png" alt="one"><img src="{secret.as_uri()}" alt="two">'
        f"{drawing.format('Latin')}{drawing.format('شهر ۱۲')}<details><summary>Open</summary><p>closed</p></details>"
        "</body></html>"
    )
    try:
        return PdfReader(BytesIO(encode_pdf(html, day=DAY, style="")))
    finally:
        server.shutdown()


def test_fetches_nothing(odd: PdfReader) -> None:
    """Neither the network nor a file of the machine is read, whatever the page asks for."""
    assert _Counter.asked == ()
    assert "secret" not in odd.pages[0].extract_text()


def test_closed_details_stay_closed(odd: PdfReader) -> None:
    """What a browser hides until it is opened is not printed, only what opens it."""
    text = odd.pages[0].extract_text()
    assert "Open" in text
    assert "closed" not in text


def test_letters_that_join_are_a_picture(odd: PdfReader) -> None:
    """A drawing with Latin words stays a drawing; one whose letters join becomes a picture, with the same words for
    readers."""
    assert "Latin" in odd.pages[0].extract_text()
    assert len(odd.pages[0].images) == 1
    figures = [each["/Alt"] for each in elements(odd.trailer["/Root"]["/StructTreeRoot"]) if each["/S"] == "/Figure"]
    assert figures[-2:] == ["Latin", "شهر ۱۲"]


def test_takes_a_bounded_time() -> None:
    """What is not done in time ends with a sentence, and soon."""
    started = time.monotonic()
    with pytest.raises(SiteError, match="the PDF was not done after 0 seconds; nothing was written"):
        encode_pdf("<html><head></head><body>" + "<p>Text</p>" * 20_000, day=DAY, style="", seconds=0.2)
    assert time.monotonic() - started < 15


def test_without_weasyprint_one_sentence_says_so(good_site: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the command names what to install, and writes nothing."""
    before = good_site.files()
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    done = good_site.run("build", "--pdf")
    assert done == (2, "", "rsm-site: --pdf needs WeasyPrint; install it with: pip install 'rsm-site[pdf]'\n")
    assert good_site.files() == before


def test_without_its_libraries_one_sentence_says_so(good_site: Case, tmp_path: Path) -> None:
    """When WeasyPrint is there but cannot load what it stands on, one sentence says what is missing."""
    fake = tmp_path / "weasyprint.py"
    fake.write_text("print('-----\\nlong talk')\nraise OSError(\"cannot load library 'libpango'\")\n")
    before = good_site.files()
    done = subprocess.run(
        [sys.executable, "-m", "rsm_site", "build", "--pdf"],
        cwd=good_site.project,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{PROJECT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "rsm-site: --pdf needs WeasyPrint 70 with Pango, and that cannot be loaded: cannot load library 'libpango'\n"
    )
    assert good_site.files() == before
