"""What changed from edition to edition, what was corrected, and the archive."""

from datetime import date

from msgspec import Struct

from rsm_site.changes import ChangesView
from rsm_site.dates import parse_date
from rsm_site.pages.desk import Desk
from rsm_site.views import When


class CorrectionView(Struct, frozen=True, kw_only=True):
    """Something that was rewritten after it was published; `claim` is in words as far as it is one of the edition's,
    `field` is empty for a whole claim."""

    when: When
    claim: str
    field: str
    kind: str
    kind_label: str
    old: str
    new: str
    reason: str
    url: str


class ChangesPageView(Struct, frozen=True, kw_only=True):
    """What changed from edition to edition, newest first, and the corrections of what was published."""

    pairs: tuple[ChangesView, ...]
    corrections: tuple[CorrectionView, ...]
    contents: tuple[tuple[str, str], ...]


class ArchiveEntry(Struct, frozen=True, kw_only=True):
    """An edition in the archive; `values` are those of the columns, `changes` how much is new in it."""

    when: When
    url: str
    is_newest: bool
    values: tuple[str, ...]
    changes: str


class ArchiveView(Struct, frozen=True, kw_only=True):
    """Every edition, newest first, with the facts that stand in its columns."""

    columns: tuple[str, ...]
    entries: tuple[ArchiveEntry, ...]


def make_changes(desk: Desk) -> ChangesPageView:
    """Every change, and every correction of what was published."""
    corrections = []
    for rewriting in desk.rewritings:
        list_, id_ = rewriting.claim.split("/")[:2]
        kind = {"facts": "fact", "timeline": "event", "hubs": "hub"}.get(list_, "")
        corrections.append(
            CorrectionView(
                when=desk.viewer.day(rewriting.day),
                claim=_claim(desk, rewriting.claim),
                field=rewriting.field,
                kind=rewriting.kind,
                kind_label=desk.word(f"change_{rewriting.kind}"),
                old=rewriting.old,
                new=rewriting.new,
                reason=rewriting.reason,
                url=desk.addresses.of(kind, id_),
            )
        )
    pairs = tuple(reversed(desk.changed))
    contents = [(f"to-{changed.after.machine}", changed.after.words) for changed in pairs]
    if corrections:
        contents.append(("corrections", desk.word("corrections_title")))
    return ChangesPageView(pairs=pairs, corrections=tuple(corrections), contents=tuple(contents))


def _claim(desk: Desk, key: str) -> str:
    """A claim in words: what the record is called, and of a value its date."""
    list_, id_, *rest = key.split("/")
    names = {
        **{("facts", fact.fact.id): fact.fact.label for fact in desk.edition.facts},
        **{("timeline", event.id): event.title for event in desk.edition.events},
        **{("hubs", hub.id): hub.name for hub in (*desk.edition.hubs, *desk.edition.closed_hubs)},
    }
    date_ = "/".join(rest[:-2])
    name = names.get((list_, id_), key)
    return f"{name}, {desk.language.date(parse_date(date_))}" if date_ and name != key else name


def make_archive(desk: Desk) -> ArchiveView:
    """Every edition with its first two figures and its number of events."""
    word, number = desk.word, desk.language.number
    shown = [fact.fact.id for fact in desk.edition.facts if fact.fact.featured][:2]
    labels = {fact.fact.id: fact.fact.label for fact in desk.edition.facts}
    counts = (0, *(changed.count for changed in desk.changed))
    entries = []
    for edition, count in zip(desk.editions, counts, strict=True):
        figures = {fact.fact.id: desk.viewer.figure(fact) for fact in edition.facts if fact.fact.id in shown}
        values = [current.words if (current := figures[id_].current) else word("no_figure") for id_ in shown]
        entries.append(
            ArchiveEntry(
                when=desk.viewer.day(edition.day),
                url=f"editions/{edition.day}/index.html",
                is_newest=edition.day == desk.edition.day,
                values=(*values, number(len(edition.events))),
                changes=word("change_count", count=count) if count else "",
            )
        )
    columns = (*(labels[id_] for id_ in shown), word("changes_timeline"))
    return ArchiveView(columns=columns, entries=tuple(reversed(entries)))


def list_days(desk: Desk) -> tuple[tuple[When, date], ...]:
    """The days of the editions, newest first, in words and as they are."""
    return tuple((desk.viewer.day(edition.day), edition.day) for edition in reversed(desk.editions))
