"""Editions -> the same facts as data, and the files that hosts and clients look for."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path

from msgspec import Struct, structs

from rsm_site.assets import fingerprinted
from rsm_site.book import Book
from rsm_site.changes import between, describe
from rsm_site.edition import Edition
from rsm_site.exports import (
    bibtex,
    factsheet_json,
    feed,
    geojson,
    headers,
    hosts,
    ics,
    redirects,
    tables,
)
from rsm_site.exports.linked_data import LinkedData
from rsm_site.exports.painter import Painter
from rsm_site.exports.records import Event as EventRecord
from rsm_site.exports.records import Record, absolute, make_event, make_later, make_record, make_site, make_source
from rsm_site.exports.store import Store
from rsm_site.material import Material
from rsm_site.views import Viewer, When

_ICONS = (192, 512)
# What the linked data of a page is made of, beside what every page reads; "" is all of the edition.
_READS = {
    "facts.html": ("facts", "sources"),
    "timeline.html": ("events", "hubs", "closed_hubs", "sources"),
    "nations.html": ("contributions", "sources"),
    "sources.html": ("sources",),
    **dict.fromkeys(("hubs.html", "glossary.html"), ("facts", "events", "hubs", "closed_hubs", "terms", "sources")),
    **dict.fromkeys(("index.html", "data.html"), ("",)),
}


class DataFile(Struct, frozen=True, kw_only=True):
    """A data file as data.html lists it; `url` is from the site's root."""

    url: str
    name: str
    purpose: str
    size: str
    when: When


class Images(Struct, frozen=True, kw_only=True):
    """Pictures by URL, and the URLs that pages name, empty where there is none; `icons` by their size in pixels."""

    files: Mapping[str, bytes]
    preview: str
    favicon: str
    touch_icon: str
    icons: Mapping[int, str]


class Exports:
    """Makes what an edition and its archive are exported as."""

    def __init__(
        self,
        material: Material,
        book: Book,
        *,
        templates: Path,
        cache: Path | None = None,
    ) -> None:
        """What is later than the newest edition is told apart, in its data alone. A `cache` folder keeps what heavy
        libraries made, and the `book` tells what need not be made again."""
        self._records: dict[date, Record] = {}
        self.front_files: dict[str, bytes] = {}
        self.single_file: dict[str, str] = {}
        self._material = material
        self._editions = material.editions
        self._newest = material.newest
        self._language = material.language
        self._templates = templates
        self._store = Store(cache / "exports" if cache else None)
        self._book = book
        self._reads = material.reads
        self._reads.offer("later", lambda _part: None)
        self._reads.offer("data sizes", lambda folder: tuple(f"{u} {len(d)}" for u, d in self._find_in(folder).items()))
        self._later = self._reads.watched("later", material.later) if material.later else None
        with self._reads.of(""):
            self._addresses = material.addresses()

    @cached_property
    def data_files(self) -> Mapping[str, bytes]:
        """Every data file by its URL: those of the newest edition in data/, those of each edition in its own folder."""
        files: dict[str, bytes] = {}
        made: Mapping[str, bytes] = {}
        for day in (edition.day for edition in self._editions):
            made = self._made(f"editions/{day}/data/", partial(self._data_of, day))
            files.update(made)
        folder = f"editions/{self._newest.day}/"
        now = {url.removeprefix(folder): data for url, data in made.items()}
        now.update(self._made("data/", lambda: {"factsheet.json": factsheet_json.encode_record(self._newest_record)}))
        return {**now, **files}

    def _made(self, folder: str, make: Callable[[], Mapping[str, bytes]]) -> Mapping[str, bytes]:
        """The files of a folder, kept or made now."""
        if kept := self._book.find(folder):
            return kept.files
        with self._reads.of(folder):
            files = {f"{folder}{name}": data for name, data in make().items()}
        self._book.keep(folder, files, self._reads.noted(folder))
        return files

    def add_front_page(self, html: str, script: str, *, single_file: bool, pdf: bool) -> None:
        """Make factsheet.html and factsheet.pdf of the front page, as far as they are asked for."""
        if not (single_file or pdf):
            return
        from rsm_site.exports.single_file import encode_single_file

        site = self._newest.site
        address = absolute(site.url, "index.html")
        whole = encode_single_file(html, address=address, script=script)
        if single_file:
            self.single_file["factsheet.html"] = whole
            self.front_files["factsheet.html"] = whole.encode()
        if pdf:
            from rsm_site.exports.pdf import encode_pdf

            style = self._templates / "assets" / "pdf.css"
            more = style.read_text(encoding="utf-8") if style.is_file() else ""
            self.front_files["factsheet.pdf"] = encode_pdf(whole, day=self._newest.day, style=more)

    def describe_data(self, day: date | None = None) -> tuple[DataFile, ...]:
        """The rows of data.html: the data files of an edition, or with None those of data/ and the front page's."""
        folder = f"editions/{day}/data/" if day else "data/"
        when = self._viewers[self._newest.day].day(day or self._newest.day)
        word, number = self._language.word, self._language.number
        self._reads.note_all(f"edition of {day or self._newest.day}")
        if self.front_files:
            self._reads.spoil()
        return tuple(
            DataFile(
                url=url,
                name=url.removeprefix(folder),
                purpose=word(f"data_{url.removeprefix(folder).replace('.', '_')}"),
                size=word("file_size", size=number(Decimal(len(data)).scaleb(-3).quantize(Decimal("0.1")))),
                when=when,
            )
            for url, data in {**({} if day else self.front_files), **self._data_in(folder)}.items()
        )

    @cached_property
    def images(self) -> Images:
        """The preview image, only of a site that has an address, for it is named by a whole one; and the icons."""
        key = (self._book.theme, id(self._newest))
        return self._material.memo.same("images", key, self._draw, self._newest)

    def linked_data(self, url: str, heading: str, description: str) -> str:
        """The JSON-LD of the page at `url`, fit to stand in a script element; empty for the page of a wrong address."""
        if url == "404.html":
            return ""
        day = self._day_of(url)
        for part in _READS.get(url, ("",) if url == f"editions/{day}/index.html" else ()):
            self._reads.note(f"edition of {day}", part)
            self._reads.note_all("later")
        return self._linked_data.get(url, self._linked_data["index.html"]).describe(url, heading, description)

    def conventions(self, pages: Iterable[str], urls: Iterable[str], csp: str = "") -> dict[str, bytes]:
        """What hosts, robots, feed readers and browsers look for, by URL; `pages` are the URLs of all pages, `urls` of
        every other file made so far, `csp` is the Content-Security-Policy."""
        site, pages = self._newest.site, tuple(pages)
        files = {**self.images.files, "robots.txt": hosts.encode_robots(site), ".nojekyll": b""}
        files["site.webmanifest"] = hosts.encode_webmanifest(site, self._language, self.images.icons)
        if site.url:
            found = ((absolute(site.url, url), self._day_of(url)) for url in pages if url != "404.html")
            files["sitemap.xml"] = hosts.encode_sitemap(found)
            files["feed.xml"] = feed.encode_feed(site, self._language, self._changes(), self._store)
        if site.security:
            files[".well-known/security.txt"] = hosts.encode_security(site.security, site)
        led = tuple(redirects.redirects_of(self._newest, self._later, self._addresses))
        if led:
            files["_redirects"] = redirects.encode_rules(led)
            files.update({each.alias: redirects.encode_page(each, site, self._language) for each in led})
        files["_headers"] = headers.encode_headers({*pages, *urls, *files}, csp)
        files["_nginx.conf"] = headers.encode_nginx(csp)
        return files

    def _draw(self) -> Images:
        painter = Painter(self._templates, self._store)
        files: dict[str, bytes] = {}
        preview = favicon = touch_icon = ""
        if self._newest.site.url and (drawn := painter.preview(self._newest, self._language)):
            files[preview := fingerprinted("assets/preview.png", drawn)] = drawn
        icons = {}
        if svg := painter.favicon():
            files[favicon := "favicon.svg"] = svg
            files[touch_icon := "apple-touch-icon.png"] = painter.icon(180)
            for size in _ICONS:
                drawn = painter.icon(size)
                icons[size] = fingerprinted(f"assets/icon-{size}.png", drawn)
                files[icons[size]] = drawn
        return Images(files=files, preview=preview, favicon=favicon, touch_icon=touch_icon, icons=icons)

    @cached_property
    def _viewers(self) -> dict[date, Viewer]:
        return {edition.day: self._material.viewer(edition, self._addresses) for edition in self._editions}

    def _record(self, day: date) -> Record:
        if day not in self._records:
            with self._reads.of(f"editions/{day}/data/"):
                self._records[day] = make_record(self._viewers[day])
        return self._records[day]

    @cached_property
    def _newest_record(self) -> Record:
        """The newest edition with what is later than it, which is told as of the end of the record."""
        record = self._record(self._newest.day)
        with self._reads.of("data/"):
            self._reads.join(f"editions/{self._newest.day}/data/")
            self._reads.note_all("later")
            return structs.replace(record, later=make_later(self._later, self._hindsight)) if self._later else record

    @cached_property
    def _hindsight(self) -> Viewer:
        return self._material.hindsight(self._addresses)

    @cached_property
    def _linked_data(self) -> dict[str, LinkedData]:
        """By the front page of the edition; all other pages are of the newest."""
        made = {
            f"editions/{edition.day}/index.html": self._describer(
                edition, partial(self._record, edition.day), f"editions/{edition.day}/data/"
            )
            for edition in self._editions
        }
        return {**made, "index.html": self._describer(self._newest, lambda: self._newest_record, "data/")}

    def _describer(self, edition: Edition, whole: Callable[[], Record], folder: str) -> LinkedData:
        return LinkedData(
            make_site(edition),
            self._language,
            whole=whole,
            event=self._event_at,
            source=lambda id_: make_source(self._viewers[edition.day].cited(id_)),
            files=lambda: self._data_in(folder),
        )

    def _event_at(self, url: str) -> EventRecord:
        event = self._material.event_at(url)
        is_later = event.date.earliest > self._newest.day
        return make_event(event, self._hindsight if is_later else self._viewers[self._newest.day])

    def _data_in(self, folder: str) -> dict[str, bytes]:
        """The data files of a folder; pages tell of them by their sizes."""
        self._reads.note("data sizes", folder)
        return self._find_in(folder)

    def _find_in(self, folder: str) -> dict[str, bytes]:
        return {url: data for url, data in self.data_files.items() if url.startswith(folder)}

    def _data_of(self, day: date) -> Mapping[str, bytes]:
        record, viewer = self._record(day), self._viewers[day]
        files = {
            "factsheet.json": factsheet_json.encode_record(record),
            "factsheet.schema.json": factsheet_json.encode_schema(),
            **tables.encode_tables(record),
        }
        if record.hubs or record.closed_hubs:
            files["hubs.geojson"] = geojson.encode_places(record)
        if record.events:
            files["timeline.ics"] = ics.encode_events(record, viewer)
        if record.sources:
            files["sources.bib"] = bibtex.encode_sources(record)
        return files

    def _changes(self) -> Iterable[feed.EditionChanges]:
        before: Edition | None = None
        for edition in self._editions:
            changed = describe(between(before, edition), self._viewers[edition.day]) if before else None
            yield edition.day, changed
            before = edition

    def _day_of(self, url: str) -> date:
        """The day that the content of a page is of."""
        days = {f"editions/{edition.day}/index.html": edition.day for edition in self._editions}
        return days.get(url, self._newest.day)
