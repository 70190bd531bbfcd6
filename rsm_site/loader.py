"""The content folder -> Factsheet: walks it, reads every file, puts the records together and resolves their ids."""

import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from rsm_site import prose, reader, rules, schema
from rsm_site.config import Config
from rsm_site.errors import Location, Problem, UsageError
from rsm_site.model import Event, Factsheet, Prose, ProsePage, Record, Site
from rsm_site.reader import Document

BUILT_IN_SECTIONS = ("figures", "strength", "timeline", "hubs", "nations", "sources")
DEFAULT_FRONT_PAGE = ("overview", "figures", "strength", "hubs", "timeline", "nations", "sources")
RESERVED_PAGES = frozenset(
    "index timeline facts hubs nations changes sources glossary data about 404 factsheet events editions assets".split()
)

_LEFT_BEHIND = re.compile(r"\..*|.*~|#.*#|.*\.(?:swp|tmp|bak)")
_PAGE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
R = TypeVar("R", bound=Record)


class Loaded(Struct, frozen=True):
    """What the content folder holds: the factsheet (None when site.yaml is not usable), every problem, and the text of
    each file by the name that problems use."""

    factsheet: Factsheet | None
    problems: tuple[Problem, ...]
    texts: dict[str, str]


def load_factsheet(config: Config) -> Loaded:
    """Read the whole content folder and check it; UsageError when there is none."""
    reader.require_c_parser()
    if not config.content.is_dir():
        raise UsageError(f"there is no content folder at {config.content}; 'rsm-site new DIR' makes one to start from")
    folder = _Folder(config)
    site = _read_site(folder)
    lists = {name: _read_list(folder, name, record) for name, record in schema.LISTS.items()}
    lists["facts"] = schema.finish_facts(lists["facts"], folder.problems)
    pages = _read_pages(folder)
    lists["timeline"] = _attach_texts(folder, lists["timeline"])
    outline = _read_outline(folder, site)
    folder.report_unread()
    factsheet = None
    if site is not None:
        factsheet = Factsheet(
            site=site,
            sources=tuple(lists["sources"]),
            facts=tuple(lists["facts"]),
            events=tuple(lists["timeline"]),
            hubs=tuple(lists["hubs"]),
            contributions=tuple(lists["contributions"]),
            terms=tuple(lists["glossary"]),
            pages=tuple(pages),
            outline=outline,
        )
        folder.problems.extend(_check_ids(factsheet, folder))
        folder.problems.extend(rules.check(factsheet))
        if not folder.unusable:
            folder.problems.extend(rules.check_use(factsheet, _cited_in_prose(factsheet, folder)))
    folder.problems.extend(_check_prose(lists, pages, folder))
    return Loaded(factsheet, tuple(sorted(set(folder.problems))), folder.texts)


def texts_of(factsheet: Factsheet) -> Iterator[Prose]:
    """Every Markdown text of the content."""
    for event in factsheet.events:
        yield from (text for text in (event.summary, event.text) if text)
    for hub in factsheet.hubs:
        if hub.summary:
            yield hub.summary
    for term in factsheet.terms:
        if term.definition:
            yield term.definition
    for page in factsheet.pages:
        yield from (text for text in (page.summary, page.body) if text)


class _Folder:
    """The files below content/, each read at most once."""

    def __init__(self, config: Config) -> None:
        self.root = config.content
        project = config.project.absolute()
        absolute = config.content.absolute()
        inside = absolute.is_relative_to(project)
        self.shown = PurePosixPath((absolute.relative_to(project) if inside else config.content).as_posix())
        self.problems: list[Problem] = []
        self.texts: dict[str, str] = {}
        self.read: set[str] = set()
        self.unusable = False
        self.files = dict(sorted(self._walk(self.root, "")))

    def name(self, path: str) -> str:
        """What problems call the file at `path` below content/."""
        return str(self.shown / path)

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        real_root = self.root.resolve()
        for entry in sorted(folder.iterdir()):
            if _LEFT_BEHIND.fullmatch(entry.name):
                continue
            path = prefix + entry.name
            if entry.is_symlink() and not entry.resolve().is_relative_to(real_root):
                self.refuse(path, "outside", "the link leads out of the content folder", "copy the file here")
                continue
            if entry.is_symlink() and entry.is_dir():
                self.refuse(path, "outside", "a folder cannot be a link", "move the files here")
                continue
            try:
                mode = entry.stat().st_mode
            except OSError as error:
                self.refuse(path, "unreadable", f"the file cannot be read: {error.strerror}", "check it")
                continue
            if stat.S_ISDIR(mode):
                yield from self._walk(entry, path + "/")
            elif stat.S_ISREG(mode):
                yield path, entry
            else:
                self.refuse(path, "not-a-file", "this is neither a file nor a folder", "delete it")

    def refuse(self, path: str, code: str, message: str, hint: str, severity: str = "error") -> None:
        """Add a problem with a whole file."""
        if severity == "error":
            self.unusable = True
            self.problems.append(Problem(Location(self.name(path)), code, message, hint))
        else:
            self.problems.append(Problem(Location(self.name(path)), code, message, hint, "warning"))

    def document(self, path: str, read: Callable[[str, bytes, list[Problem]], Document]) -> Document:
        """Read one file; a problem of it is added to the list."""
        self.read.add(path)
        name = self.name(path)
        count = len(self.problems)
        try:
            with self.files[path].open("rb") as file:
                data = file.read(reader.MAX_BYTES + 1)
        except OSError as error:
            self.refuse(path, "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions")
            return Document(file=name, text="")
        document = read(name, data, self.problems)
        self.texts[name] = document.text
        self.unusable = self.unusable or len(self.problems) > count
        return document

    def matching(self, top: str, suffixes: tuple[str, ...]) -> list[str]:
        """The files `top`.yaml and `top`/*, with one of the suffixes, in the order they are read."""
        single = [f"{top}{suffix}" for suffix in suffixes if f"{top}{suffix}" in self.files]
        inside = [
            path
            for path in self.files
            if path.startswith(f"{top}/") and path.count("/") == 1 and path.endswith(suffixes)
        ]
        return single + inside

    def report_unread(self) -> None:
        """Warn of every file that nothing has read."""
        known = [f"{name}.yaml" for name in ("site", *schema.LISTS)]
        for path in self.files:
            if path not in self.read:
                near = schema.suggest(path, known) if "/" not in path else ""
                self.refuse(path, "unread-file", "nothing reads this file", near or "move or delete it", "warning")


def _read_site(folder: _Folder) -> Site | None:
    if "site.yaml" not in folder.files:
        folder.refuse("site.yaml", "missing-file", "there is no site.yaml", "write one with title, language and edition")
        return None
    document = folder.document("site.yaml", reader.read_yaml)
    if document.root is None:
        return None
    count = len(folder.problems)
    site = schema.read_record(Site, document.root, schema.Reading(document.file, folder.problems))
    folder.unusable = folder.unusable or len(folder.problems) > count
    return site


def _read_list(folder: _Folder, name: str, record: type[R]) -> list[R]:
    found: list[R] = []
    for path in folder.matching(name, (".yaml",)):
        count = len(folder.problems)
        found.extend(schema.read_records(record, folder.document(path, reader.read_yaml), folder.problems))
        folder.unusable = folder.unusable or len(folder.problems) > count
    return found


def _read_pages(folder: _Folder) -> list[ProsePage]:
    pages = []
    for path in folder.matching("pages", (".md",)):
        document = folder.document(path, reader.read_page)
        stem = PurePosixPath(path).stem
        place = Location(document.file)
        if not _PAGE_ID.fullmatch(stem):
            hint = "name the file in lowercase letters, digits and hyphens"
            folder.problems.append(Problem(place, "bad-id", f"'{stem}' cannot be an id", hint))
        elif stem in (*RESERVED_PAGES, *BUILT_IN_SECTIONS):
            folder.problems.append(Problem(place, "bad-id", f"'{stem}' is a page of the site itself", "rename the file"))
        if document.root is None:
            continue
        body = Prose(document.body, Location(document.file, document.body_line))
        reading = schema.Reading(document.file, folder.problems)
        page = schema.read_record(ProsePage, document.root, reading, id=stem, body=body)
        if page is None:
            folder.unusable = True
        else:
            pages.append(page)
    return sorted(pages, key=lambda page: (page.order, page.id))


def _attach_texts(folder: _Folder, events: list[Event]) -> list[Event]:
    texts = {}
    for path in folder.matching("timeline", (".md",)):
        document = folder.document(path, reader.read_text)
        texts[PurePosixPath(path).stem] = (path, Prose(document.body, Location(document.file)))
    ids = {event.id for event in events}
    for stem, (path, _text) in texts.items():
        if stem not in ids and not folder.unusable:
            near = schema.suggest(stem, dict.fromkeys(ids))
            folder.refuse(path, "unknown-id", f"there is no event '{stem}'", near or "name the file after an event's id")
    return [structs.replace(event, text=texts[event.id][1]) if event.id in texts else event for event in events]


def _read_outline(folder: _Folder, site: Site | None) -> dict[str, Any] | None:
    if site is None or site.map is None:
        return None
    path = site.map.outline
    if path not in folder.files:
        maps = [name for name in folder.files if name.endswith((".geojson", ".json"))]
        hint = schema.suggest(path, maps) or "write its path from content/"
        place = site.map.located("outline")
        folder.problems.append(Problem(place, "missing-file", f"there is no file '{path}' in content/", hint))
        return None
    document = folder.document(path, reader.read_text)
    try:
        outline = msgspec.json.decode(document.text)
    except msgspec.DecodeError as error:
        folder.refuse(path, "bad-json", f"not valid JSON: {error}", "write GeoJSON (RFC 7946)")
        return None
    features = outline.get("features") if isinstance(outline, dict) else None
    if not isinstance(features, list) or not all(_is_area(feature) for feature in features):
        folder.refuse(path, "bad-geojson", "this is not a FeatureCollection of areas", "write GeoJSON (RFC 7946)")
        return None
    names = {str(name) for feature in features for name in _names(feature)}
    if site.map.highlight and site.map.highlight not in names:
        hint = schema.suggest(site.map.highlight, dict.fromkeys(sorted(names))) or "name a feature's id or iso2"
        message = f"the outline has no feature '{site.map.highlight}'"
        folder.problems.append(Problem(site.map.located("highlight"), "unknown-id", message, hint))
    return dict(outline)


def _is_area(feature: Any) -> bool:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return False
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry.get("coordinates")
    try:
        return all(
            -180 <= float(point[0]) <= 180 and -90 <= float(point[1]) <= 90
            for polygon in polygons
            for ring in polygon
            for point in ring
        )
    except (TypeError, ValueError, IndexError, KeyError):
        return False


def _names(feature: dict[str, Any]) -> Iterator[Any]:
    yield feature.get("id")
    yield (feature.get("properties") or {}).get("iso2")


def _check_ids(factsheet: Factsheet, folder: _Folder) -> Iterator[Problem]:
    """Ids that stand twice in a list, and ids that name nothing."""
    known: dict[str, Mapping[str, Record]] = {}
    for name, records in (
        ("sources", factsheet.sources),
        ("facts", factsheet.facts),
        ("timeline", factsheet.events),
        ("hubs", factsheet.hubs),
        ("glossary", factsheet.terms),
        ("pages", factsheet.pages),
    ):
        first: dict[str, Record] = {}
        for record in records:
            id_ = str(getattr(record, "id"))  # noqa: B009 - records share no base with an id
            if id_ in first:
                where = first[id_].located("id")
                yield Problem(
                    record.located("id"),
                    "repeated-id",
                    f"the id '{id_}' is taken; first in {where.file}:{where.line}",
                    "choose another; ids become addresses",
                )
            first.setdefault(id_, record)
        known[name] = first
    if folder.unusable:
        # A record that could not be read would make every reference to it a second problem.
        return
    yield from _check_references(factsheet, known)
    yield from _check_front_page(factsheet)


def _check_references(factsheet: Factsheet, known: Mapping[str, Mapping[str, Record]]) -> Iterator[Problem]:
    site = factsheet.site

    def unknown(what: str, id_: str, record: Record, field: str, names: Iterable[str]) -> Iterator[Problem]:
        names = list(names)
        if id_ and id_ not in names:
            listed = f"known are {', '.join(names[:8])}" if len(names) <= 8 else "define it first"
            hint = schema.suggest(id_, names) or listed
            yield Problem(record.located(field), "unknown-id", f"there is no {what} '{id_}'", hint)

    yield from unknown("fact", site.strength, site, "strength", known["facts"])
    for citing in rules.citing_records(factsheet):
        for citation in citing.sources:
            yield from unknown("source", citation.id, citation, "id", known["sources"])
    for fact in factsheet.facts:
        if site.groups:
            yield from unknown("group", fact.group, fact, "group", site.groups)
    for event in factsheet.events:
        if site.categories:
            yield from unknown("category", event.category, event, "category", site.categories)
        for index, other in enumerate(event.see):
            yield from unknown("event", other, event, f"see.{index}", known["timeline"])


def _check_front_page(factsheet: Factsheet) -> Iterator[Problem]:
    site = factsheet.site
    pages = [page.id for page in factsheet.pages]
    categories = list(site.categories) or sorted({event.category for event in factsheet.events})
    sections = [*BUILT_IN_SECTIONS, *(f"events:{category}" for category in categories), *pages]
    seen: set[str] = set()
    for index, name in enumerate(site.front_page or ()):
        place = site.located(f"front_page.{index}")
        if name not in sections:
            hint = schema.suggest(name, sections) or f"write one of {', '.join(sections)}"
            yield Problem(place, "unknown-section", f"'{name}' is neither a built-in section nor a page", hint)
        elif name in seen:
            yield Problem(place, "repeated-section", f"'{name}' stands twice", "keep one of the two")
        seen.add(name)


def _check_prose(lists: Mapping[str, list[Any]], pages: list[ProsePage], folder: _Folder) -> Iterator[Problem]:
    from rsm_site.language import is_country

    known = {
        "fact": [fact.id for fact in lists["facts"]],
        "event": [event.id for event in lists["timeline"]],
        "hub": [hub.id for hub in lists["hubs"]],
        "source": [source.id for source in lists["sources"]],
        "term": [term.id for term in lists["glossary"]],
    }
    known["date"] = known["event"]
    texts = [event.summary for event in lists["timeline"]] + [event.text for event in lists["timeline"]]
    texts += [hub.summary for hub in lists["hubs"]] + [term.definition for term in lists["glossary"]]
    texts += [page.summary for page in pages] + [page.body for page in pages]
    for text in texts:
        if text is None:
            continue
        source = folder.texts[text.location.file]
        yield from prose.check(text, source)
        if folder.unusable:
            continue
        for reference, place in prose.references(text, source):
            if reference.kind == "nation":
                if not is_country(reference.id):
                    message = f"'{reference.id}' is not a country code"
                    yield Problem(place, "bad-country", message, "write two capital letters of ISO 3166-1")
            elif reference.id not in known[reference.kind]:
                what = "event" if reference.kind == "date" else reference.kind
                hint = schema.suggest(reference.id, known[reference.kind]) or f"define the {what} first"
                yield Problem(place, "unknown-id", f"there is no {what} '{reference.id}'", hint)


def _cited_in_prose(factsheet: Factsheet, folder: _Folder) -> set[tuple[str, str]]:
    """Kind and id of everything that a text refers to."""
    return {
        (reference.kind, reference.id)
        for text in texts_of(factsheet)
        for reference, _place in prose.references(text, folder.texts[text.location.file])
    }
