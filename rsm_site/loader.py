"""The content folder -> Factsheet: walks it, reads every file, puts the records together and resolves their ids."""

import gc
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from msgspec import Struct, structs

from rsm_site import outline, proofreading, reader, references, rules, schema
from rsm_site.config import Config
from rsm_site.dates import OPEN_END
from rsm_site.errors import Location, Problem, Severity, UsageError, has_error
from rsm_site.language import is_country
from rsm_site.memo import Memo, digest
from rsm_site.model import (
    Contribution,
    Correction,
    Event,
    Fact,
    Factsheet,
    Frozen,
    Hub,
    Prose,
    ProsePage,
    Record,
    Site,
    Source,
    Term,
)
from rsm_site.reader import Document
from rsm_site.references import Reference
from rsm_site.schema import Findings, Mention
from rsm_site.stamps import File, is_settled, newest_of

MAX_SUGGESTIONS = 300
BUILT_IN_SECTIONS = ("figures", "strength", "timeline", "hubs", "nations", "sources")
RESERVED_PAGES = (
    *("index", "timeline", "facts", "hubs", "nations", "changes", "sources", "glossary", "data", "about", "404"),
    *("factsheet", "events", "editions", "assets"),
)
# Sections of the front page that are there without being named.
_LAST_SECTIONS = ("since", "cite")
RESERVED_FOLDERS = ("assets/", "data/", "editions/")

LEFT_BEHIND = re.compile(r"\..*|.*~|#.*#|.*\.(?:swp|tmp|bak)")
_ENDINGS = {".yml": ".yaml", ".markdown": ".md"}
# Of each kind of reference the list that its ids are of.
_LISTS = {
    "fact": "facts",
    "event": "timeline",
    "date": "timeline",
    "hub": "hubs",
    "source": "sources",
    "term": "glossary",
}
_ONE_OF = {
    "facts": "fact",
    "timeline": "event",
    "hubs": "hub",
    "sources": "source",
    "glossary": "term",
    "groups": "group",
    "categories": "category",
}
R = TypeVar("R", bound=Record)
T = TypeVar("T")
# So many texts that reading them in two processes takes less time.
_MANY = 500
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+:)")
_NO_SITE = Site(title="", language="en", edition=OPEN_END)


class Loaded(Struct, frozen=True):
    """What the content folder holds: the factsheet (None when site.yaml is not usable), every problem, and the text of
    each file by the name that problems use; when the `newest` of them was changed, in nanoseconds. It `is_sound` when
    errors are in nothing but texts: those of records may be why others seem to be wrong."""

    factsheet: Factsheet | None
    problems: tuple[Problem, ...]
    texts: dict[str, str]
    newest: int
    is_sound: bool


def load_factsheet(config: Config, memo: Memo | None = None, changed: Collection[str] | None = None) -> Loaded:
    """Read the whole content folder and check it; UsageError when there is none. Files that were read before, and had
    nothing wrong, are kept in `memo` as the records that they hold; `changed` are the only files, with their whole
    paths, that may be others than when the folder was last read with it, None when that is not known."""
    if not config.content.is_dir():
        raise UsageError(f"there is no content folder at {config.content}; 'rsm-site new DIR' makes one to start from")
    # Reading makes nothing but live objects, in which the collector would look for garbage again and again.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _load(_Folder(config, memo or Memo(None), changed))
    finally:
        if collects:
            gc.enable()


def texts_of(factsheet: Factsheet) -> Iterator[Prose]:
    """Every Markdown text of the content."""
    for event in factsheet.events:
        if event.summary:
            yield event.summary
        if event.has_text:
            yield factsheet.longer[event.id]
    for hub in factsheet.hubs:
        if hub.summary:
            yield hub.summary
    for term in factsheet.terms:
        if term.definition:
            yield term.definition
    for page in factsheet.pages:
        yield from (text for text in (page.summary, page.body) if text)


def records_of(factsheet: Factsheet) -> tuple[object, ...]:
    """All that content says but the longer texts; each the same object as the last time, if it was read with the same
    memo and nothing in it has changed."""
    return tuple(getattr(factsheet, name) for name in factsheet.__struct_fields__ if name != "longer")


def _load(folder: "_Folder") -> Loaded:
    site = folder.site()
    events, longer = folder.events()
    factsheet = Factsheet(
        # What can be said of the other files is said even when site.yaml is not usable.
        site=site or _NO_SITE,
        sources=folder.records("sources", Source),
        facts=folder.facts(),
        events=events,
        longer={id_: text.prose for id_, text in longer.items()},
        hubs=folder.records("hubs", Hub),
        contributions=folder.records("contributions", Contribution),
        terms=folder.records("glossary", Term),
        corrections=folder.records("corrections", Correction),
        frozen=folder.frozen(),
        pages=folder.pages(),
        outline=folder.outline(site),
    )
    folder.report_unread()
    problems = folder.problems
    cited = _check_mentions(factsheet, folder, longer.values(), knows_site=site is not None)
    if site is not None:
        problems.extend(_check_front_page(factsheet, folder.findings))
    problems.extend(folder.memo.once("rules", lambda: tuple(_check_records(factsheet)), *records_of(factsheet)))
    is_sound = not has_error(problems)
    problems.extend(folder.unanswered)
    if not has_error(problems):
        # Otherwise the error may be why nothing cites it.
        problems.extend(rules.check_use(factsheet, cited))
    return Loaded(factsheet if site else None, tuple(sorted(set(problems))), folder.texts, folder.newest, is_sound)


def _check_records(factsheet: Factsheet) -> Iterator[Problem]:
    yield from rules.check(factsheet)
    yield from _check_addresses(factsheet)


class _Listing:
    """The files of a folder by their paths, and the paths of those in each folder at its top."""

    def __init__(self, files: dict[str, File], inside: dict[str, list[str]] | None = None) -> None:
        self.files = files
        self.inside = inside or {}
        for path in () if inside else files:
            top, slash, name = path.partition("/")
            if slash and "/" not in name:
                self.inside.setdefault(top, []).append(path)


def _look_again(known: _Listing, root: Path, changed: Iterable[str]) -> _Listing | None:
    """The listing with what was written to these files since; None when that does not tell all."""
    files = dict(known.files)
    for path in (path.removeprefix(f"{root}{os.sep}") for path in changed if path.startswith(f"{root}{os.sep}")):
        file = files.get(path)
        try:
            status = os.lstat(file.location) if file else None
        except OSError:
            return None
        if file is None or status is None or not stat.S_ISREG(status.st_mode):
            return None
        files[path] = File(file.location, status)
    return _Listing(files, known.inside)


class _Longer(Struct, frozen=True):
    """An event's longer text, the references in it and where they begin, the sources among them, and what is wrong with
    it or its file, which is `source`."""

    prose: Prose
    source: str
    named: tuple[tuple[Reference, int], ...]
    sources: tuple[str, ...]
    problems: tuple[Problem, ...]
    is_empty: bool


class _Folder:
    """The files below content/, each read at most once, and what reading them brings to light."""

    def __init__(self, config: Config, memo: Memo, changed: Collection[str] | None) -> None:
        self.memo = memo
        self.root = config.content
        project, absolute = config.project.absolute(), config.content.absolute()
        inside = absolute.is_relative_to(project)
        self.shown = PurePosixPath((absolute.relative_to(project) if inside else config.content).as_posix())
        self._prefix = f"{self.shown}/" if self.shown.parts else ""
        self.findings = Findings()
        self.problems = self.findings.problems
        self.unanswered: list[Problem] = []
        self.texts: dict[str, str] = {}
        self.has_links = False
        known: _Listing | None = memo.last.get("content")
        listing = known and changed is not None and _look_again(known, self.root.resolve(), changed)
        if not listing:
            listing = _Listing(dict(sorted(self._walk())))
        # What a link leads to changes without it, and what is wrong with the folder has to be told again.
        memo.last["content"] = None if self.has_links or self.problems else listing
        self.files, self._inside = listing.files, listing.inside
        self.unread = dict.fromkeys(self.files)
        self.newest = newest_of(self.files.values())

    def site(self) -> Site | None:
        """The record of site.yaml, None when it is not usable."""
        if "site.yaml" not in self.files:
            self.refuse("site.yaml", "missing-file", "there is no site.yaml", "write one: title, language and edition")
            return None
        return self._record("site.yaml", reader.read_yaml, Site)

    def records(self, name: str, record: type[R]) -> tuple[R, ...]:
        """The records of a list: those of its file, then those of its folder's files in order of name."""
        read = [self._records_in(path, name, record) for path in self._matching(name, ".yaml")]
        return self.memo.once(f"list {name}", lambda: tuple(chain.from_iterable(read)), *read)

    def facts(self) -> tuple[Fact, ...]:
        """The facts, each with values of its type."""

        def finish() -> tuple[tuple[Fact, ...], list[Problem]]:
            found: list[Problem] = []
            return schema.finish_facts(facts, found), found

        facts = self.records("facts", Fact)
        finished, found = self.memo.once("facts", finish, facts)
        self.problems.extend(found)
        return finished

    def _records_in(self, path: str, name: str, record: type[R]) -> list[R]:
        def read() -> tuple[str, list[R], Findings]:
            alone = Findings()
            data = self._bytes(path, alone.problems)
            key = digest(name.encode(), self.name_of(path).encode(), data)
            kept: tuple[list[R], Findings] | None = self.memo.find("records", key)
            if kept:
                return reader.read_text(self.name_of(path), data, []).text, *kept
            document = reader.read_yaml(self.name_of(path), data, alone.problems)
            records = schema.read_records(record, name, document, alone)
            if not alone.problems and not alone.partial:
                self.memo.keep("records", key, (records, alone))
            return document.text, records, alone

        text, records, found = self._once("records", path, read)
        ids = self.findings.ids.setdefault(name, {})
        if found.problems or found.partial or not ids.keys().isdisjoint(found.ids.get(name, ())):
            return schema.read_records(record, name, self._read(path, reader.read_yaml), self.findings)
        self.texts[self.name_of(path)] = text
        self.unread.pop(path, None)
        ids.update(found.ids.get(name, {}))
        self._add(found)
        return records

    def _record(
        self, path: str, read: Callable[[str, bytes, list[Problem]], Document], record: type[R], **known: Any
    ) -> R | None:
        """The record that a whole file is, None when it is not usable."""

        def read_now() -> tuple[R | None, Findings]:
            alone = Findings()
            reading = schema.Reading(document.file, alone)
            body = {"body": Prose(document.body, Location(document.file, document.body_line))} if known else {}
            alone.texts.extend(body.values())
            found = document.root and schema.read_record(record, document.root, reading, **known, **body)
            return found or None, alone

        document = self._read(path, read)
        found, alone = self.memo.once(f"file {path}", read_now, document)
        self._add(alone)
        return found

    def _add(self, found: Findings) -> None:
        self.problems.extend(found.problems)
        self.findings.mentions.extend(found.mentions)
        self.findings.texts.extend(found.texts)
        self.findings.partial |= found.partial

    def events(self) -> tuple[tuple[Event, ...], dict[str, _Longer]]:
        """The events, and by their ids the longer texts of timeline/<id>.md."""
        paths = self._matching("timeline", ".md")
        known: dict[str, tuple[File, int, _Longer]] = self.memo.last.get("longer", {})
        files = self.files
        new = [
            path
            for path in paths
            # Nothing has looked at the file since, or nothing has changed in it.
            if not ((was := known.get(path)) and (was[0] is files[path] or _is_as_read(files[path], was[0], was[1])))
        ]
        lists = self._matching("timeline", ".yaml") if len(new) >= _MANY else []
        # The other process begins with the lists: what is parsed in it takes no room here.
        read = zip((*lists, *new), self.memo.map_in_two(self._read_ahead, (*lists, *new), _MANY), strict=True)
        fresh = {path: (files[path], self.newest, text) for path, text in read if text}
        now = self.memo.last["longer"] = {path: fresh.get(path) or known[path] for path in paths}
        # There may be thousands, of which nearly all are as they were.
        longer = {path[len("timeline/") : -len(".md")]: text for path, (_, _, text) in now.items()}
        self.texts.update({text.prose.location.file: text.source for text in longer.values()})
        self.problems.extend(chain.from_iterable(text.problems for text in longer.values()))
        for path in paths:
            del self.unread[path]
        events = self.records("timeline", Event)
        ids = self.findings.ids.get("timeline", {})
        unknown = set() if "timeline" in self.findings.partial else longer.keys() - ids.keys()
        for stem in unknown:
            hint = schema.suggest(stem, ids) or "name the file after an event's id"
            self.refuse(f"timeline/{stem}.md", "unknown-id", f"there is no event '{stem}'", hint)
        for stem, text in longer.items():
            if text.is_empty and stem not in unknown:
                hint = "write the event's text or delete it"
                self.refuse(f"timeline/{stem}.md", "empty-file", "the file is empty", hint)
        named = {id_: text.sources for id_, text in longer.items()}
        before = self.memo.last.get("named")
        named = self.memo.last["named"] = before if before == named else named
        return self.memo.once("events", partial(_with_texts, events, named), events, named), longer

    def _read_ahead(self, path: str) -> _Longer | None:
        """An event's longer text; of a list of events, which are kept in the memo, nothing."""
        if path.endswith(".md"):
            return self._longer(path)
        self._records_in(path, "timeline", Event)
        return None

    def _longer(self, path: str) -> _Longer:
        found: list[Problem] = []
        name = self.name_of(path)
        data = self._bytes(path, found)
        document = Document(file=name, text="", is_text=False) if found else reader.read_text(name, data, found)
        prose = Prose(document.body, Location(name))
        named, wrong = _named(prose, document.text, self.memo)
        if _FRONT_MATTER.match(document.body):
            hint = "write its fields in timeline.yaml and delete the lines from '---' to '---'"
            found.append(Problem(Location(name, 1, 1, 3), "front-matter", "an event's text has no front matter", hint))
        sources = tuple(dict.fromkeys(reference.id for reference, _ in named if reference.kind == "source"))
        is_empty = document.is_text and not document.body.strip()
        return _Longer(prose, document.text, named, sources, (*found, *wrong), is_empty=is_empty)

    def pages(self) -> tuple[ProsePage, ...]:
        """The pages of prose in the order of the navigation."""
        pages = []
        for path in self._matching("pages", ".md"):
            stem = PurePosixPath(path).stem
            page = self._record(path, reader.read_page, ProsePage, id=stem)
            if not schema.is_id(stem):
                hint = "name the file in lowercase letters, digits and hyphens"
                self.refuse(path, "bad-id", f"'{stem}' cannot be an id", hint)
            elif stem in (*RESERVED_PAGES, *BUILT_IN_SECTIONS, *_LAST_SECTIONS):
                self.refuse(path, "bad-id", f"'{stem}' is a page of the site itself", "rename the file")
            self.findings.ids.setdefault("pages", {})[stem] = Location(self.name_of(path))
            pages.append(page)
        made = sorted((page for page in pages if page), key=lambda page: (page.order, page.id))
        return self.memo.once("pages", lambda: tuple(made), *made)

    def frozen(self) -> tuple[Frozen, ...]:
        """The editions that were frozen, oldest first."""
        documents = [self._read(path, reader.read_text) for path in self._matching("editions", ".json")]
        return self.memo.once("frozen", lambda: tuple(map(_frozen, documents)), *documents)

    def outline(self, site: Site | None) -> dict[str, Any] | None:
        """The GeoJSON that site.yaml names."""
        maps = [name for name in self.files if name.endswith((".geojson", ".json"))]
        if site is None or site.map is None:
            if any(problem.location.file == self.name_of("site.yaml") for problem in self.problems):
                # What is wrong there may be why it names none.
                for name in maps:
                    self.unread.pop(name, None)
            return None
        path = site.map.outline
        if path not in self.files:
            near = schema.nearest(path, maps)
            self.unread.pop(near, None)
            hint = f"did you mean '{near}'?" if near else "write its path from content/"
            place = site.map.located("outline")
            self.problems.append(Problem(place, "missing-file", f"there is no file '{path}' in content/", hint))
            return None

        def read() -> tuple[dict[str, Any] | None, list[Problem]]:
            found: list[Problem] = []
            return outline.read_outline(document, settings, found), found

        document, settings = self._read(path, reader.read_text), site.map
        outlines, found = self.memo.once("outline", read, document, settings)
        self.problems.extend(found)
        return outlines

    def report_unread(self) -> None:
        """Warn of every file that nothing has read."""
        known = ["site", *schema.LISTS]
        for path in self.unread:
            file = PurePosixPath(path)
            ending = _ENDINGS.get(file.suffix, file.suffix)
            near = schema.nearest(file.stem, known) if "/" not in path and ending == ".yaml" else ""
            hint = "move or delete it"
            if near or ending != file.suffix:
                hint = f"should it be '{near or file.stem}{ending}'?"
            self.refuse(path, "unread-file", "nothing reads this file", hint, "warning")

    def refuse(self, path: str, code: str, message: str, hint: str, severity: Severity = "error") -> None:
        """Add a problem with a whole file."""
        self.problems.append(Problem(Location(str(self.shown / path)), code, message, hint, severity))

    def name_of(self, path: str) -> str:
        """A file's name in problems."""
        return self._prefix + path

    def _walk(self) -> Iterator[tuple[str, File]]:
        """Every file by its path below content/; what is no file of this folder is a problem."""
        real_root = self.root.resolve()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self.root / folder) as found:
                    entries = sorted(found, key=attrgetter("name"))
            except OSError as error:
                name = folder.rstrip("/") or "."
                self.refuse(name, "unreadable", f"the folder cannot be read: {error.strerror}", "check its permissions")
                continue
            for entry in entries:
                if LEFT_BEHIND.fullmatch(entry.name):
                    continue
                path = folder + entry.name
                try:
                    status, is_link = entry.stat(), entry.is_symlink()
                    self.has_links |= is_link
                    is_outside = is_link and not Path(entry.path).resolve(strict=True).is_relative_to(real_root)
                except (OSError, RuntimeError):
                    self.refuse(path, "unreadable", "this leads to no file", "check its permissions and where it leads")
                    continue
                if is_outside:
                    self.refuse(path, "outside", "the link leads out of the content folder", "copy the file here")
                elif stat.S_ISDIR(status.st_mode) and is_link:
                    self.refuse(path, "outside", "a folder cannot be a link", "move the files here")
                elif stat.S_ISDIR(status.st_mode):
                    waiting.append(f"{path}/")
                elif stat.S_ISREG(status.st_mode):
                    yield path, File(entry.path, status)
                else:
                    self.refuse(path, "not-a-file", "this is neither a file nor a folder", "delete it")

    def _read(self, path: str, read: Callable[[str, bytes, list[Problem]], Document]) -> Document:
        """Read one file; what is wrong with it is added to the problems."""
        name = self.name_of(path)

        def read_now() -> tuple[Document, list[Problem]]:
            found: list[Problem] = []
            data = self._bytes(path, found)
            return read(name, data, found) if not found else Document(file=name, text=""), found

        document, found = self._once(read.__name__, path, read_now)
        self.problems.extend(found)
        self.unread.pop(path, None)
        self.texts[name] = document.text
        return document

    def _once(self, kind: str, path: str, make: Callable[[], T]) -> T:
        """What `make` makes of a file, or made of it when the file was last read."""
        file = self.files[path]
        if not is_settled(file, self.newest):
            return make()
        return self.memo.same(kind, (path, file.stamp), make)

    def _bytes(self, path: str, problems: list[Problem]) -> bytes:
        """The bytes of one file; none, and a problem is added, when they cannot be had."""
        place = Location(self.name_of(path))
        data = b""
        try:
            # Without a buffer, and without a limit for which room would be made: there may be thousands.
            with open(self.files[path].location, "rb", buffering=0) as file:  # noqa: PTH123
                size = os.fstat(file.fileno()).st_size
                if size <= reader.MAX_BYTES:
                    data = file.read()
        except OSError as error:
            message = f"the file cannot be read: {error.strerror}"
            problems.append(Problem(place, "unreadable", message, "check its permissions"))
            return b""
        if size > reader.MAX_BYTES:
            message = f"the file is larger than {reader.MAX_BYTES // 1024 // 1024} MiB"
            problems.append(Problem(place, "too-large", message, "split it into several files"))
            return b""
        return data

    def _matching(self, top: str, suffix: str) -> list[str]:
        """The files `top`.yaml and `top`/*, with the suffix, in the order they are read."""
        inside = self._inside.get(top, ())
        return [path for path in (f"{top}{suffix}", *inside) if path in self.files and path.endswith(suffix)]


def _is_as_read(now: File, then: File, newest: int) -> bool:
    """Tell whether nothing has changed in a file since it was read, when the `newest` of all was of that time."""
    return now.stamp == then.stamp and is_settled(then, newest)


def _frozen(document: Document) -> Frozen:
    return Frozen(day=PurePosixPath(document.file).stem, text=document.text, location=Location(document.file))


def _with_texts(events: tuple[Event, ...], named: dict[str, tuple[str, ...]]) -> tuple[Event, ...]:
    """The events, those with a longer text with the sources that it has `named`."""
    return tuple(
        structs.replace(event, has_text=True, named=named[event.id]) if event.id in named else event for event in events
    )


def _check_mentions(
    factsheet: Factsheet, folder: _Folder, longer: Iterable[_Longer], *, knows_site: bool
) -> set[tuple[str, str]]:
    """Add a problem for each id that names nothing, in records and in texts; kind and id of what the texts cite."""
    findings, problems = folder.findings, folder.problems
    ids: dict[str, dict[str, Any]] = {name: findings.ids.get(name, {}) for name in schema.LISTS}
    ids |= {"groups": factsheet.site.groups, "categories": factsheet.site.categories}
    for mention in findings.mentions:
        if mention.list in ("groups", "categories") and not (knows_site and ids[mention.list]):
            if not schema.is_id(mention.id):
                hint = "use lowercase letters, digits and hyphens"
                problems.append(Problem(mention.location, "bad-id", f"'{mention.id}' cannot be an id", hint))
        elif mention.id not in ids[mention.list]:
            problems.extend(_check_mention(mention, ids, folder))
    cited = set()
    texts = [(each.prose, each.named) for each in longer if each.named]
    for text in findings.texts:
        source = folder.texts.get(text.location.file, "")
        named, wrong = folder.memo.once("named", partial(_named, text, source, folder.memo), text)
        problems.extend(wrong)
        texts.append((text, named))
    for text, named in texts:
        for reference, start in named:
            cited.add((reference.kind, reference.id))
            list_ = _LISTS.get(reference.kind, "")
            if is_country(reference.id) if reference.kind == "nation" else reference.id in ids[list_]:
                continue
            source = folder.texts.get(text.location.file, "")
            place = references.locate(text, source, start, start + len(reference.raw) + 4)
            if list_:
                folder.unanswered.extend(_check_mention(Mention(list_, reference.id, place), ids, folder))
            else:
                message, hint = f"'{reference.id}' is not a country code", schema.suggest_country(reference.id)
                folder.unanswered.append(Problem(place, "bad-country", message, hint))
    return cited


def _named(text: Prose, source: str, memo: Memo) -> tuple[tuple[tuple[Reference, int], ...], list[Problem]]:
    """The references of a text and where they begin, and what is wrong with the text."""
    key = digest(text.text.encode(), repr(text.style).encode())
    named = memo.find("named", key)
    if named is not None:
        return named, []
    named, wrong = tuple(references.references(text)), list(proofreading.check(text, source))
    if not wrong:
        memo.keep("named", key, named)
    return named, wrong


def _check_mention(mention: Mention, ids: dict[str, dict[str, Any]], folder: _Folder) -> Iterator[Problem]:
    known = ids[mention.list]
    if mention.id in known or mention.list in folder.findings.partial:
        return
    what = _ONE_OF[mention.list]
    listed = f"known: {', '.join(known)}" if 0 < len(known) <= 8 else f"define the {what} first"
    # Looking for what is near takes its time; where everything is unknown it helps nobody.
    is_one_of_few = len(folder.problems) + len(folder.unanswered) < MAX_SUGGESTIONS
    near = schema.suggest(mention.id, known) if is_one_of_few else ""
    hint = near or listed
    yield Problem(mention.location, "unknown-id", f"there is no {what} '{mention.id[:60]}'", hint)


def _check_front_page(factsheet: Factsheet, findings: Findings) -> Iterator[Problem]:
    """The front page's sections exist, and stand once."""
    site = factsheet.site
    categories = list(site.categories) or sorted({event.category for event in factsheet.events})
    sections = [*BUILT_IN_SECTIONS, *(f"events:{name}" for name in categories), *findings.ids.get("pages", {})]
    seen: set[str] = set()
    for index, name in enumerate(site.front_page or ()):
        place = site.located(f"front_page.{index}")
        if name in seen:
            yield Problem(place, "repeated-section", f"'{name}' stands twice", "keep one of the two")
        elif name not in sections:
            hint = schema.suggest(name, sections) or f"write one of {', '.join(sections)}"
            yield Problem(place, "unknown-section", f"'{name}' is neither a built-in section nor a page", hint)
        seen.add(name)


def _check_addresses(factsheet: Factsheet) -> Iterator[Problem]:
    """An old address leads to one place, and is none that the site itself has."""
    front = factsheet.site.sections
    taken = {f"{name}.html": "a page of the site itself" for name in RESERVED_PAGES}
    taken |= {f"{page.id}.html": f"the page '{page.id}'" for page in factsheet.pages if page.id not in front}
    taken |= {f"events/{event.id}.html": f"the event '{event.id}'" for event in factsheet.events if event.has_text}
    records: tuple[Event | ProsePage, ...] = (*factsheet.events, *factsheet.pages)
    for record in records:
        for index, alias in enumerate(record.aliases):
            # Some disks do not tell capitals from small letters.
            address = alias.casefold()
            there = "a folder of the site itself" if address.startswith(RESERVED_FOLDERS) else taken.get(address)
            if there:
                place = record.located(f"aliases.{index}")
                yield Problem(place, "taken-address", f"'{alias}' is {there} already", "delete one of the two")
            taken[address] = f"an old address of '{record.id}'"
