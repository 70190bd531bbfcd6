"""The content folder -> Factsheet: reads every file, puts the records together and resolves their ids."""

import gc
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, TypeVar

from msgspec import Struct, structs

from rsm_site import outline, proofreading, reader, references, rules, schema
from rsm_site.config import Config
from rsm_site.dates import OPEN_END
from rsm_site.errors import Location, Problem, UsageError, has_error
from rsm_site.folder import Folder, is_as_read
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
from rsm_site.stamps import File

MAX_SUGGESTIONS = 300
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
    nothing is wrong but references in texts that name nothing: other errors may be why more seems to be wrong."""

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
        return _load(_Content(config, memo or Memo(None), changed))
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


def _load(content: "_Content") -> Loaded:
    site = content.site()
    events, longer = content.events()
    factsheet = Factsheet(
        # What can be said of the other files is said even when site.yaml is not usable.
        site=site or _NO_SITE,
        sources=content.records("sources", Source),
        facts=content.facts(),
        events=events,
        longer={id_: text.prose for id_, text in longer.items()},
        hubs=content.records("hubs", Hub),
        contributions=content.records("contributions", Contribution),
        terms=content.records("glossary", Term),
        corrections=content.records("corrections", Correction),
        frozen=content.frozen(),
        pages=content.pages(),
        outline=content.outline(site),
    )
    content.report_unread()
    problems = content.problems
    problems.extend(content.findings.warnings)
    cited = _check_mentions(factsheet, content, longer.values(), knows_site=site is not None)
    if site is not None:
        problems.extend(rules.check_front_page(factsheet, content.findings.ids.get("pages", {})))
    problems.extend(content.memo.once("rules", lambda: tuple(rules.check(factsheet)), *records_of(factsheet)))
    is_sound = not has_error(problems)
    problems.extend(content.unanswered)
    if not has_error(problems):
        # Otherwise the error may be why nothing cites it.
        problems.extend(rules.check_use(factsheet, cited))
    return Loaded(factsheet if site else None, tuple(sorted(set(problems))), content.texts, content.newest, is_sound)


class _Longer(Struct, frozen=True):
    """An event's longer text, the references in it and where they begin, the sources among them, and what is wrong with
    it or its file, which is called `name` and holds `source`."""

    event: str
    name: str
    prose: Prose
    source: str
    named: tuple[tuple[Reference, int], ...]
    sources: tuple[str, ...]
    problems: tuple[Problem, ...]
    is_empty: bool


class _Content(Folder):
    """The records of the content folder, each file read at most once, and what reading them brings to light."""

    def __init__(self, config: Config, memo: Memo, changed: Collection[str] | None) -> None:
        super().__init__(config, memo, changed)
        self.findings = Findings(self.problems)
        self.unanswered: list[Problem] = []
        self.texts: dict[str, str] = {}

    def site(self) -> Site | None:
        """The record of site.yaml, None when it is not usable."""
        if "site.yaml" not in self.files:
            if not any(problem.code == "unreadable" for problem in self.problems):  # it may be there
                hint = "write one: title, language and edition"
                self.refuse("site.yaml", "missing-file", "there is no site.yaml", hint)
            return None
        return self._record("site.yaml", reader.read_yaml, Site)

    def records(self, name: str, record: type[R]) -> tuple[R, ...]:
        """The records of a list: those of its file, then those of its folder's files in order of name."""
        read = [self._records_in(path, name, record) for path in self.matching(name, ".yaml")]
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
        text, records, found = self._records_alone(path, name, record)
        ids = self.findings.ids.setdefault(name, {})
        if found.problems or found.partial or not ids.keys().isdisjoint(found.ids.get(name, ())):
            return schema.read_records(record, name, self._read(path, reader.read_yaml), self.findings)
        self.texts[self.name_of(path)] = text
        self.unread.pop(path, None)
        ids.update(found.ids.get(name, {}))
        self._add(found)
        return records

    def _records_alone(self, path: str, name: str, record: type[R]) -> tuple[str, list[R], Findings]:
        """The text of a file, its records, and what reading them brings to light when there are no other files."""

        def read() -> tuple[str, list[R], Findings]:
            alone = Findings()
            data = self.read_bytes(path, alone.problems)
            key = digest(name.encode(), self.name_of(path).encode(), data)
            kept: tuple[list[R], Findings] | None = self.memo.find("records", key)
            if kept:
                return reader.read_text(self.name_of(path), data, []).text, *kept
            document = reader.read_yaml(self.name_of(path), data, alone.problems)
            records = schema.read_records(record, name, document, alone)
            if not alone.problems and not alone.partial:
                self.memo.keep("records", key, (records, alone))
            return document.text, records, alone

        return self.once("records", path, read)

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
        self.findings.warnings.extend(found.warnings)

    def events(self) -> tuple[tuple[Event, ...], dict[str, _Longer]]:
        """The events, and by their ids the longer texts of timeline/<id>.md."""
        paths = self.matching("timeline", ".md")
        known: dict[str, tuple[File, int, _Longer]] = self.memo.last.get("longer", {})
        files = self.files
        new = [
            path
            for path in paths
            # Nothing has looked at the file since, or nothing has changed in it.
            if not ((was := known.get(path)) and (was[0] is files[path] or is_as_read(files[path], was[0], was[1])))
        ]
        lists = self.matching("timeline", ".yaml") if len(new) >= _MANY else []
        # The other process begins with the lists: what is parsed in it takes no room here.
        read = zip((*lists, *new), self.memo.map_in_two(self._read_ahead, (*lists, *new), _MANY), strict=True)
        fresh = {path: (files[path], self.newest, text) for path, text in read if text}
        now = self.memo.last["longer"] = {path: fresh.get(path) or known[path] for path in paths}
        # There may be thousands, of which nearly all are as they were.
        longer = {text.event: text for _, _, text in now.values()}
        self.texts.update({text.name: text.source for text in longer.values()})
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
        self._records_alone(path, "timeline", Event)
        return None

    def _longer(self, path: str) -> _Longer:
        found: list[Problem] = []
        name = self.name_of(path)
        data = self.read_bytes(path, found)
        document = Document(file=name, text="", is_text=False) if found else reader.read_text(name, data, found)
        prose = Prose(document.body, Location(name))
        named, wrong = _named(prose, document.text, self.memo)
        if _FRONT_MATTER.match(document.body):
            hint = "write its fields in timeline.yaml and delete the lines from '---' to '---'"
            found.append(Problem(Location(name, 1, 1, 3), "front-matter", "an event's text has no front matter", hint))
        sources = tuple(dict.fromkeys(reference.id for reference, _ in named if reference.kind == "source"))
        is_empty = document.is_text and not document.body.strip()
        event = PurePosixPath(path).stem
        return _Longer(event, name, prose, document.text, named, sources, (*found, *wrong), is_empty=is_empty)

    def pages(self) -> tuple[ProsePage, ...]:
        """The pages of prose in the order of the navigation."""
        pages = []
        for path in self.matching("pages", ".md"):
            stem = PurePosixPath(path).stem
            page = self._record(path, reader.read_page, ProsePage, id=stem)
            if not schema.is_id(stem):
                hint = "name the file in lowercase letters, digits and hyphens"
                self.refuse(path, "bad-id", f"'{stem}' cannot be an id", hint)
            elif stem in (*rules.RESERVED_PAGES, *rules.BUILT_IN_SECTIONS, *rules.LAST_SECTIONS):
                self.refuse(path, "bad-id", f"'{stem}' is a page of the site itself", "rename the file")
            self.findings.ids.setdefault("pages", {})[stem] = Location(self.name_of(path))
            pages.append(page)
        made = sorted((page for page in pages if page), key=lambda page: (page.order, page.id))
        return self.memo.once("pages", lambda: tuple(made), *made)

    def frozen(self) -> tuple[Frozen, ...]:
        """The editions that were frozen, oldest first."""
        documents = [self._read(path, reader.read_text) for path in self.matching("editions", ".json")]
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

    def _read(self, path: str, read: Callable[[str, bytes, list[Problem]], Document]) -> Document:
        """Read one file; what is wrong with it is added to the problems."""
        name = self.name_of(path)

        def read_now() -> tuple[Document, list[Problem]]:
            found: list[Problem] = []
            data = self.read_bytes(path, found)
            return read(name, data, found) if not found else Document(file=name, text=""), found

        document, found = self.once(read.__name__, path, read_now)
        self.problems.extend(found)
        self.unread.pop(path, None)
        self.texts[name] = document.text
        return document


def _frozen(document: Document) -> Frozen:
    return Frozen(day=PurePosixPath(document.file).stem, text=document.text, location=Location(document.file))


def _with_texts(events: tuple[Event, ...], named: dict[str, tuple[str, ...]]) -> tuple[Event, ...]:
    """The events, those with a longer text with the sources that it has `named`."""
    return tuple(
        structs.replace(event, has_text=True, named=named[event.id]) if event.id in named else event for event in events
    )


def _check_mentions(
    factsheet: Factsheet, content: _Content, longer: Iterable[_Longer], *, knows_site: bool
) -> set[tuple[str, str]]:
    """Add a problem for each id that names nothing, in records and in texts; kind and id of what the texts cite."""
    findings, problems = content.findings, content.problems
    ids: dict[str, dict[str, Any]] = {name: findings.ids.get(name, {}) for name in schema.LISTS}
    ids |= {"groups": factsheet.site.groups, "categories": factsheet.site.categories}
    for mention in findings.mentions:
        if mention.list in ("groups", "categories") and not (knows_site and ids[mention.list]):
            if not schema.is_id(mention.id):
                hint = "use lowercase letters, digits and hyphens"
                problems.append(Problem(mention.location, "bad-id", f"'{mention.id}' cannot be an id", hint))
        elif mention.id not in ids[mention.list]:
            problems.extend(_check_mention(mention, ids, content))
    cited = set()
    texts = [(each.prose, each.named) for each in longer if each.named]
    for text in findings.texts:
        source = content.texts.get(text.location.file, "")
        named, wrong = content.memo.once("named", partial(_named, text, source, content.memo), text)
        problems.extend(wrong)
        texts.append((text, named))
    for text, named in texts:
        for reference, start in named:
            cited.add((reference.kind, reference.id))
            list_ = _LISTS.get(reference.kind, "")
            if is_country(reference.id) if reference.kind == "nation" else reference.id in ids[list_]:
                continue
            source = content.texts.get(text.location.file, "")
            place = references.locate(text, source, start, start + len(reference.raw) + 4)
            if list_:
                content.unanswered.extend(_check_mention(Mention(list_, reference.id, place), ids, content))
            else:
                message, hint = f"'{reference.id}' is not a country code", schema.suggest_country(reference.id)
                content.unanswered.append(Problem(place, "bad-country", message, hint))
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


def _check_mention(mention: Mention, ids: dict[str, dict[str, Any]], content: _Content) -> Iterator[Problem]:
    known = ids[mention.list]
    if mention.id in known or mention.list in content.findings.partial:
        return
    what = _ONE_OF[mention.list]
    listed = f"known: {', '.join(known)}" if 0 < len(known) <= 8 else f"define the {what} first"
    # Looking for what is near takes its time; where everything is unknown it helps nobody.
    is_one_of_few = len(content.problems) + len(content.unanswered) < MAX_SUGGESTIONS
    near = schema.suggest(mention.id, known) if is_one_of_few else ""
    hint = near or listed
    yield Problem(mention.location, "unknown-id", f"there is no {what} '{mention.id[:60]}'", hint)
