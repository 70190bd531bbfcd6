"""What a publish is going to do to a target, file by file, and the same in readers' words."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from rsm_site.errors import PublishError
from rsm_site.manifest import MANIFEST, FileRecord, Manifest
from rsm_site.publish.history import ASSETS, HISTORY, History, Live, encode_history, next_history
from rsm_site.report import printable

FEEDS = ("feed.xml", "sitemap.xml", "robots.txt")
FACTSHEET = "data/factsheet.json"
MOST_DELETED = 1 / 3  # of the pages and data files that stand there


class Plan(Struct, frozen=True, kw_only=True):
    """A publish: `files` are all that shall stand, manifest and history among them, but for what `history` keeps;
    `to_send` is in the order of sending, and empty when there is nothing to do."""

    live: Live
    manifest: Manifest
    history: History
    files: Mapping[str, bytes]
    to_send: tuple[str, ...]
    to_delete: tuple[str, ...]
    claims: tuple[str, ...]

    @property
    def expected(self) -> Mapping[str, FileRecord]:
        """Every file that shall stand there, but for the manifest and the history."""
        return {**self.manifest.files, **self.history.kept}

    @property
    def size(self) -> int:
        """How many bytes are to be sent."""
        return sum(len(self.files[path]) for path in self.to_send)


def make_plan(
    live: Live,
    files: Mapping[str, bytes],
    manifest: Manifest,
    *,
    published: str,
    keep: int,
    extras: Mapping[str, bytes],
    old_factsheet: bytes | None,
) -> Plan:
    """The plan that puts `files` with their `manifest` in the place of what is `live`."""
    history = next_history(live, manifest, published=published, keep=keep, extras=extras)
    expected = {**manifest.files, **history.kept}
    new = {**files, **extras}
    changed = {path for path in new.keys() & expected.keys() if live.files.get(path) != expected[path]}
    changed |= live.uncertain & new.keys()
    deleted = (live.files.keys() | live.uncertain) - expected.keys()
    deleted -= {MANIFEST, HISTORY}
    unchanged = live.manifest == manifest and not changed and not live.uncertain
    unchanged = unchanged and all(path.startswith(ASSETS) for path in deleted)
    return Plan(
        live=live,
        manifest=manifest,
        history=history,
        files={**new, HISTORY: encode_history(history)},
        to_send=() if unchanged else _in_order(changed | {HISTORY, MANIFEST}, live),
        to_delete=() if unchanged else tuple(sorted(deleted)),
        claims=tuple(printable(claim) for claim in describe_claims(old_factsheet, files.get(FACTSHEET))),
    )


def check_deletions(plan: Plan) -> None:
    """Raise PublishError if the plan deletes more pages and data than a slip of the hand should."""
    standing = [path for path in plan.live.files if not path.startswith(ASSETS)]
    deleted = [path for path in plan.to_delete if path in plan.live.files and not path.startswith(ASSETS)]
    if len(deleted) > max(2, len(standing) * MOST_DELETED):
        raise PublishError(
            f"this would delete {len(deleted)} of the {len(standing)} files that stand there; nothing was sent; "
            "add --allow-deletions if that is meant"
        )


def describe(plan: Plan) -> Iterator[str]:
    """The plan in lines: claims first, then files."""
    if not plan.to_send:
        return
    yield from (f"  {claim}" for claim in plan.claims)
    sent = f"{_count_kinds(plan.to_send)}, {size_in_words(plan.size)} to send"
    deleted = f"; {_count_kinds(plan.to_delete)} to delete" if plan.to_delete else ""
    yield f"  {sent}{deleted}"


def describe_claims(old: bytes | None, new: bytes | None) -> Iterator[str]:
    """What data/factsheet.json of `new` says otherwise than that of `old`, a line a claim."""
    before, after = _decode(old), _decode(new)
    if before is None or after is None:
        return
    if before.site.edition != after.site.edition:
        yield f"Edition: {before.site.edition} to {after.site.edition}"
    old_facts = {fact.id: fact for fact in before.facts}
    for fact in after.facts:
        yield from _describe_fact(old_facts.pop(fact.id, None), fact)
    yield from (f"{fact.label}: no longer told" for fact in old_facts.values())
    yield from _describe_named("event", before.events, after.events)
    yield from _describe_named("hub", before.hubs, after.hubs)
    yield from _describe_named("table of nations", before.contributions, after.contributions)


def size_in_words(size: int) -> str:
    """A number of bytes for people."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


class _Observation(Struct, frozen=True):
    date: str
    words: str
    status: str = "reported"
    current: bool = False

    @property
    def said(self) -> tuple[str, str, str]:
        """What it says, whether or not it is the last to say so."""
        return self.date, self.status, self.words


class _Fact(Struct, frozen=True):
    id: str
    label: str
    observations: tuple[_Observation, ...] = ()


class _Named(Struct, frozen=True, omit_defaults=True):
    """An event, a hub or a table, as far as a line of text needs it."""

    id: str = ""
    title: str = ""
    name: str = ""
    date: str = ""
    total: int | None = None
    troops: Mapping[str, int] = {}

    @property
    def key(self) -> str:
        return self.id or self.date

    @property
    def words(self) -> str:
        called = self.title or self.name
        return f"{called} ({self.date})" if called and self.date else called or f"of {self.date}"


class _Site(Struct, frozen=True):
    edition: str = ""


class _Factsheet(Struct, frozen=True):
    """The part of data/factsheet.json that is compared."""

    site: _Site = _Site()
    facts: tuple[_Fact, ...] = ()
    events: tuple[_Named, ...] = ()
    hubs: tuple[_Named, ...] = ()
    contributions: tuple[_Named, ...] = ()


def _decode(data: bytes | None) -> _Factsheet | None:
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=_Factsheet)
    except (msgspec.MsgspecError, RecursionError):  # of a version of this tool that wrote it otherwise
        return None


def _describe_fact(old: _Fact | None, new: _Fact) -> Iterator[str]:
    if old is None:
        now = _current(new)
        yield f"{new.label}: new{f', {now.words}' if now else ''}"
        return
    was, now = _current(old), _current(new)
    if was != now:
        before, after = (value.words if value else "no value" for value in (was, now))
        if before == after and was and now:
            yield f"{new.label}: {after}, of {now.date} (was of {was.date})"
        else:
            yield f"{new.label}: {before} to {after}"
    yield from _describe_history(new.label, old, new)


def _describe_history(label: str, old: _Fact, new: _Fact) -> Iterator[str]:
    """What is said otherwise beside the current value."""
    stays = {value.said for value in old.observations} & {value.said for value in new.observations}
    gone = [value for value in old.observations if value.said not in stays and not value.current]
    for value in new.observations:
        if value.said in stays or value.current:
            continue
        was = next((one for one in gone if (one.date, one.status) == (value.date, value.status)), None)
        if was:
            gone.remove(was)
            yield f"{label}: {was.words} to {value.words} of {value.date}, {value.status}"
        else:
            yield f"{label}: also {value.words} of {value.date}, {value.status}"
    yield from (f"{label}: no longer {value.words} of {value.date}, {value.status}" for value in gone)


def _current(fact: _Fact) -> _Observation | None:
    return next((value for value in fact.observations if value.current), None)


def _describe_named(kind: str, old: Iterable[_Named], new: Iterable[_Named]) -> Iterator[str]:
    before = {record.key: record for record in old}
    for record in new:
        was = before.pop(record.key, None)
        if was is None:
            yield f"New {kind}: {record.words}"
        elif was != record:
            yield f"Changed {kind}: {was.words}{f' to {record.words}' if record.words != was.words else ''}"
    yield from (f"No longer told, {kind}: {record.words}" for record in before.values())


def _in_order(paths: Iterable[str], live: Live) -> tuple[str, ...]:
    """The paths so that what is linked comes before what links to it, and the manifest last."""

    def rank(path: str) -> tuple[int, bool, bool, str]:
        stages = (
            path.startswith(ASSETS),
            False,
            path.endswith(".html"),
            path in FEEDS,
            path == HISTORY,
            path == MANIFEST,
        )
        stage = next((number for number, is_it in enumerate(stages) if is_it), 1)
        return stage, path in live.files, path == "index.html", path

    return tuple(sorted(paths, key=rank))


def _count_kinds(paths: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for path in paths:
        if path in (MANIFEST, HISTORY):
            continue
        kind = "page" if path.endswith(".html") else "data file" if "data/" in path else "other file"
        kind = "asset" if path.startswith(ASSETS) else kind
        counts[kind] = counts.get(kind, 0) + 1
    words = [
        f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}"
        for kind in ("page", "data file", "asset", "other file")
        if kind in counts
    ]
    return ", ".join(words) or "the record of releases"
