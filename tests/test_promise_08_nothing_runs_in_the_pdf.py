"""Promise 8 in the PDF: nothing in content can run there or act, and nothing is fetched for it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import PROJECT, Case, make_case
from hostile import TAKEN, hostile_files, mend
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from rsm_site.exports.pdf import SECONDS

pytestmark = pytest.mark.timeout(SECONDS + 120)

# Every way of ISO 32000 for a document to do something, to hold another file or to ask to be filled in.
RUNS = {
    *("/JS", "/JavaScript", "/OpenAction", "/AA", "/AcroForm", "/XFA", "/RichMediaContent", "/Renditions"),
    *("/EmbeddedFiles", "/EF", "/AF", "/F", "/FS", "/Filespec", "/Collection", "/URLS", "/PieceInfo"),
}
# What is heard although nothing is fetched: a drawing in the page itself, and Python's own search for libraries.
HARMLESS = re.compile(r"urllib\.Request 'data:image/|subprocess\.Popen '(?:[\w/.-]*/)?(?:ldconfig|gcc|cc|ld|objdump)'$")
# Python itself tells of whatever the build and the process that sets the PDF do.
WATCH = """\
import os, sys
def hear(event, arguments, log=os.environ["HEARD"], is_open=[]):
    told = event.startswith(("socket.", "urllib.", "http.", "ftplib.", "subprocess.", "os.system", "os.exec"))
    if not is_open and (told or (event == "open" and "passwd" in str(arguments[0]))):
        is_open.append(event)
        with open(log, "a") as file:
            file.write(f"{event} {str(arguments[0])[:200]!r}\\n")
        is_open.clear()
sys.addaudithook(hear)
"""


class Made(Case):
    """The hostile site with its PDF, what was heard while it was made, and how long that took."""

    heard: str
    seconds: float


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The hostile site, each text of which is one payload, with few figures: WeasyPrint is slow with long texts and
    with many in a grid."""
    folder = tmp_path_factory.mktemp("paper")
    case = Made(make_case(folder, "paper", hostile_files(joined=1, figures=30)).project)
    mend(case)
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    log = folder / "heard"
    log.touch()
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}", "HEARD": str(log)}
    command = [sys.executable, "-m", "rsm_site", "build", "--pdf", "--quiet"]
    started = time.monotonic()
    done = subprocess.run(command, cwd=case.project, env=environment, capture_output=True, text=True, check=False)
    case.seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr[-2000:]
    case.heard = log.read_text(encoding="utf-8")
    return case


@pytest.fixture(scope="module")
def reader(made: Made) -> PdfReader:
    """The PDF, read by a library that did not write it."""
    return PdfReader(made.public / "factsheet.pdf")


def dictionaries(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of the file, reached from its root or not."""
    waiting: list[Any] = [reader.trailer]
    waiting += [reader.get_object(IndirectObject(number, 0, reader)) for number in range(1, reader.trailer["/Size"])]
    while waiting:
        each = waiting.pop()
        if isinstance(each, DictionaryObject):
            yield each
            waiting += dict.values(each)  # as they stand: what they lead to is among the objects of the file
        elif isinstance(each, ArrayObject):
            waiting += list.__iter__(each)


def test_the_pdf_shows_the_payloads(reader: PdfReader) -> None:
    """Texts stand there as they were written: at least the titles of what is featured, which is every tenth."""
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    shown = [payload for payload in TAKEN if "".join(payload.split()) in text]
    assert len(shown) >= len(TAKEN) // 10


def test_the_pdf_runs_nothing(reader: PdfReader) -> None:
    """No dictionary of the file has a script, an action of a document, a form or an embedded file; what can be clicked
    is a link, within the document or to a page or a mail address."""
    found = list(dictionaries(reader))
    assert len(found) > 2000
    assert [sorted(RUNS & each.keys()) for each in found if RUNS & each.keys() and each.get("/Type") != "/Annot"] == []
    actions = [each["/A"].get_object() for each in found if "/A" in each and "/S" in each["/A"].get_object()]
    assert {action["/S"] for action in actions} <= {"/URI", "/GoTo"}
    addresses = {str(action["/URI"]) for action in actions if action["/S"] == "/URI"}
    assert addresses
    assert [each for each in addresses if not each.startswith(("https://", "http://", "mailto:"))] == []
    annotations = [each.get_object() for page in reader.pages for each in page.get("/Annots", [])]
    assert {each["/Subtype"] for each in annotations} == {"/Link"}
    assert reader.attachments == {}


def test_nothing_is_fetched_for_the_pdf(made: Made) -> None:
    """While the site and its PDF are made, no socket is opened, no program is started but to find a library, and no
    file is read that a text names; and it ends in time."""
    assert "data:image/" in made.heard
    assert [line for line in made.heard.splitlines() if not HARMLESS.match(line)] == []
    assert made.seconds < SECONDS
