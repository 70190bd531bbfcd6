"""What the tests of exports share: exports of a content folder, and a content folder of hostile texts."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import structs

from rsm_site.book import Book, Workshop
from rsm_site.config import make_config
from rsm_site.edition import Edition, days_of, edition_of, later_than
from rsm_site.exports import Exports
from rsm_site.language import Language
from rsm_site.loader import load_factsheet
from rsm_site.material import Material
from rsm_site.memo import Memo
from rsm_site.model import Factsheet
from rsm_site.prose import Converter
from rsm_site.strings import read_strings
from rsm_site.views import Viewer

PROJECT = Path(__file__).parent.parent
CONTENT = PROJECT / "content"
SITES = PROJECT / "tests" / "sites"

LONG = "Nothing but a title, " * 400
HOSTILE = (
    "commas, \"quotes\", 'apostrophes'; semicolons",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1|cmd",
    "@SUM(A1:A9)",
    "＝1＋1",
    "'= apostrophe",
    ";=1;-2;'3",
    "</script><script>alert(1)</script><!--",
    "]]> &amp; &#60; <b onclick='x'>",
    "😀 emoji 👩‍👩‍👧‍👦 and 𝔄 beyond the plane",
    "\u200fright to left\u200e \u202babc\u202c العربية",
    "back\\slash {brace {} }unbalanced { % # $ _ ^ ~ & @misc{x,",
    "line\u2028paragraph\u2029next\u0085end",
    "line\nbreak and\ttab",
    "{{ 7 * 7 }} {% raw %} ${x} %s {0}",
    "BEGIN:VEVENT\nSUMMARY:injected\nEND:VEVENT",
    LONG,
)


class Case:
    """A content folder, its editions, and what they are exported as."""

    def __init__(self, content: Path, *, day: date | None = None, cache: Path | None = None, **site: Any) -> None:
        """Load the content; `site` replaces fields of the site, `day` asks for an edition."""
        config = make_config(project=content.parent, content=content, templates=PROJECT / "templates")
        loaded = load_factsheet(config)
        assert loaded.factsheet, loaded.problems
        assert not [problem for problem in loaded.problems if problem.severity == "error"], loaded.problems
        self.factsheet: Factsheet = structs.replace(
            loaded.factsheet, site=structs.replace(loaded.factsheet.site, **site)
        )
        newest = day or self.factsheet.site.edition
        self.editions: tuple[Edition, ...] = tuple(
            edition_of(self.factsheet, each) for each in days_of(self.factsheet.site, newest)
        )
        later = None if day else later_than(self.factsheet, newest)
        tag = self.factsheet.site.language
        self.language = Language(tag, read_strings(config.templates, tag)[0])
        self.texts = loaded.texts
        book = Book(Workshop(Memo(None)), b"")
        self.material = Material(
            factsheet=self.factsheet,
            editions=self.editions,
            later=later,
            language=self.language,
            texts=loaded.texts,
            converter=Converter(),
            reads=book.reads,
            memo=Memo(None),
        )
        self.exports = Exports(self.material, book, templates=PROJECT / "templates", cache=cache)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The data files."""
        return self.exports.data_files

    def json(self, edition: Edition | None = None) -> dict[str, Any]:
        """factsheet.json of an edition, or with None that of data/."""
        folder = f"editions/{edition.day}/data" if edition else "data"
        found: dict[str, Any] = json.loads(self.files[f"{folder}/factsheet.json"], parse_float=Decimal)
        return found

    def write(self, folder: Path, prefix: str = "data/") -> Path:
        """Put the files of one edition into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for url, data in self.files.items():
            if url.startswith(prefix):
                (folder / url.removeprefix(prefix)).write_bytes(data)
        return folder

    def viewer(self, edition: Edition) -> Viewer:
        """What the pages of an edition are made with."""
        return self.material.viewer(edition, self.material.addresses())


@cache
def shipped() -> Case:
    """The content that ships."""
    return Case(CONTENT)


@cache
def published() -> Case:
    """The content that ships, with an address."""
    return Case(CONTENT, url="https://example.org/sheet/")


def write_content(folder: Path, **files: Any) -> Path:
    """Write a content folder; a value is what its file holds."""
    folder.mkdir(parents=True, exist_ok=True)
    site = {"title": "A mission", "language": "en", "edition": "2020-06-15", "licence": "CC-BY-4.0"}
    files["site"] = {**site, **files.get("site", {})}
    for name, value in files.items():
        text = yaml.safe_dump(value, allow_unicode=False, sort_keys=False, width=10**6)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def hostile_content(folder: Path) -> Path:
    """A content folder that has hostile texts in every field that takes any text."""
    ids = [f"text-{number}" for number in range(len(HOSTILE))]
    cited = {"sources": [{"id": ids[0], "at": HOSTILE[0]}]}
    return write_content(
        folder,
        site={
            "title": HOSTILE[8],
            "tagline": HOSTILE[1],
            "notice": HOSTILE[12],
            "url": "https://example.org/",
            "publisher": {"name": HOSTILE[11]},
            "mission": {"name": HOSTILE[2], "organisation": HOSTILE[14], "country": "AF", "start": "2015-01"},
        },
        sources=[
            {
                "id": id_,
                "title": text,
                "publisher": text,
                "note": text,
                "url": "https://example.org/?a=1&b=%7B(c)#d,e;f",
            }
            for id_, text in zip(ids, HOSTILE, strict=True)
        ],
        facts=[
            {
                "id": id_,
                "label": text,
                "unit": text,
                "type": "text",
                "featured": True,
                "observations": [{"date": "2019", "value": text, "note": text, "sources": ids}],
            }
            for id_, text in zip(ids, HOSTILE, strict=True)
        ],
        timeline=[
            {"id": id_, "date": "2019-02", "title": text, "category": "a", "place": text, "sources": ids}
            for id_, text in zip(ids, HOSTILE, strict=True)
        ],
        hubs=[
            {
                "id": id_,
                "name": text,
                "role": "hub",
                "places": [{"name": text, "latitude": "34.5", "longitude": "-69.123456"}],
                **cited,
            }
            for id_, text in zip(ids, HOSTILE, strict=True)
        ],
        contributions=[{"date": "2019-03", "troops": {"NO": 5, "XK": 0}, "total": 9, "note": HOSTILE[1], **cited}],
        glossary=[{"id": id_, "term": text, "expansion": text} for id_, text in zip(ids, HOSTILE, strict=True)],
    )
