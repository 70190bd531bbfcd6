"""What changed between two editions, claim by claim, and the same in readers' words."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct, structs

from rsm_site.edition import Edition, FactAt
from rsm_site.model import Contribution, Event, Fact, Hub, Observation
from rsm_site.views import SourceView, Viewer, When

Kind = Literal["added", "changed", "confirmed", "planned", "disputed", "withdrawn", "removed", "opened", "closed"]
ClaimRecord = Observation | Event | Hub | Contribution


class Claim(Struct, frozen=True, kw_only=True):
    """A record of an edition; `id` is that of its fact, event or hub, or the date of its table."""

    list: Literal["facts", "timeline", "hubs", "contributions"]
    id: str
    record: ClaimRecord


class FactChange(Struct, frozen=True, kw_only=True):
    """What happened to a fact: its value before and after, None where there was none."""

    kind: Kind
    fact: Fact
    old: Observation | None = None
    new: Observation | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """Claims that came and went between two days, and what that did to the facts."""

    before: date
    after: date
    added: tuple[Claim, ...]
    removed: tuple[Claim, ...]
    facts: tuple[FactChange, ...]

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.added or self.removed or self.facts)


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """One change in words; `old` and `new` are values with their qualifiers, empty where there is none."""

    id: str
    kind: Kind
    kind_label: str
    label: str
    url: str
    old: str = ""
    old_when: When | None = None
    old_sources: tuple[SourceView, ...] = ()
    new: str = ""
    new_when: When | None = None
    new_sources: tuple[SourceView, ...] = ()
    unit: str = ""
    difference: str = ""
    text: str


class ChangeGroup(Struct, frozen=True, kw_only=True):
    """Changes of one list."""

    id: str
    label: str
    entries: tuple[ChangeEntry, ...]


class ChangesView(Struct, frozen=True, kw_only=True):
    """What changed between two editions, grouped."""

    before: When
    after: When
    groups: tuple[ChangeGroup, ...]
    count: int

    def as_plain(self) -> dict[str, object]:
        """The same for machines: days as ISO dates, sources by their ids."""
        return {
            "from": self.before.machine,
            "to": self.after.machine,
            "changes": [
                {
                    "list": group.id,
                    "id": entry.id,
                    "kind": entry.kind,
                    "label": entry.label,
                    "old": entry.old,
                    "new": entry.new,
                    "difference": entry.difference,
                    "old_sources": [source.id for source in entry.old_sources],
                    "new_sources": [source.id for source in entry.new_sources],
                    "text": entry.text,
                }
                for group in self.groups
                for entry in group.entries
            ],
        }


def claims_of(edition: Edition) -> Iterator[Claim]:
    """Every claim of an edition; counted facts are none, they follow from the others."""
    for fact in edition.facts:
        if not fact.is_counted:
            for observation in fact.observations:
                yield Claim(list="facts", id=fact.fact.id, record=observation)
    for event in edition.events:
        # What an event leads on to depends on the day, not on the event.
        yield Claim(list="timeline", id=event.id, record=structs.replace(event, see=()))
    for hub in edition.hubs:
        yield Claim(list="hubs", id=hub.id, record=hub)
    for table in edition.contributions:
        yield Claim(list="contributions", id=table.date.text, record=table)


def between(before: Edition, after: Edition) -> Changes:
    """The changes that make the claims of `before` those of `after`."""
    old, new = list(claims_of(before)), list(claims_of(after))
    return Changes(
        before=before.day,
        after=after.day,
        added=tuple(claim for claim in new if claim not in _keyed(old, claim)),
        removed=tuple(claim for claim in old if claim not in _keyed(new, claim)),
        facts=tuple(_fact_changes(before, after)),
    )


def apply(claims: Iterable[Claim], changes: Changes) -> list[Claim]:
    """The claims after the changes."""
    return [claim for claim in claims if claim not in changes.removed] + list(changes.added)


def describe(changes: Changes, viewer: Viewer) -> ChangesView:
    """The changes in the page's language, grouped for readers."""
    word = viewer.language.word
    events = [claim.record for claim in changes.added if isinstance(claim.record, Event)]
    gone = [claim.record for claim in changes.removed if isinstance(claim.record, Event)]
    tables = [claim.record for claim in changes.added if isinstance(claim.record, Contribution)]
    groups = (
        ("facts", [_describe_fact(change, viewer) for change in changes.facts]),
        (
            "timeline",
            [_describe_event(event, "added", viewer) for event in events]
            + [_describe_event(event, "removed", viewer) for event in gone],
        ),
        ("hubs", list(_describe_hubs(changes, viewer))),
        ("contributions", [_describe_table(table, viewer) for table in tables]),
    )
    return ChangesView(
        before=viewer.day(changes.before),
        after=viewer.day(changes.after),
        groups=tuple(
            ChangeGroup(id=name, label=word(f"changes_{name}"), entries=tuple(entries))
            for name, entries in groups
            if entries
        ),
        count=sum(len(entries) for _name, entries in groups),
    )


def _keyed(claims: list[Claim], like: Claim) -> list[Claim]:
    return [claim for claim in claims if claim.id == like.id and claim.list == like.list]


def _fact_changes(before: Edition, after: Edition) -> Iterator[FactChange]:
    old_facts = {fact.fact.id: fact for fact in before.facts}
    for new in after.facts:
        old = old_facts.pop(new.fact.id, None)
        yield from _fact_change(old, new)
    for old in old_facts.values():
        if old.current:
            yield FactChange(kind="removed", fact=old.fact, old=old.current)


def _fact_change(before: FactAt | None, after: FactAt) -> Iterator[FactChange]:
    fact, old, new = after.fact, before.current if before else None, after.current
    known = before.observations if before else ()
    if new and not old:
        yield FactChange(kind="added", fact=fact, new=new)
    elif old and not new:
        yield FactChange(kind="removed", fact=fact, old=old)
    elif old and new and _said(old) != _said(new):
        yield FactChange(kind="changed", fact=fact, old=old, new=new)
    elif old and new and old != new and not after.is_counted:
        yield FactChange(kind="confirmed", fact=fact, old=old, new=new)
    for observation in after.observations:
        if observation in known or observation is new:
            continue
        match observation.status:
            case "planned" | "disputed" | "withdrawn" as status:
                yield FactChange(kind=status, fact=fact, new=observation)
            case _:
                continue


def _said(observation: Observation) -> tuple[object, ...]:
    return (observation.value, observation.qualifier, observation.status)


def _describe_fact(change: FactChange, viewer: Viewer) -> ChangeEntry:
    language = viewer.language
    old, new = change.old, change.new

    def words(observation: Observation | None) -> str:
        if observation is None:
            return ""
        # The kind of the change says already that a value is planned or disputed.
        status = "reported" if observation.status == change.kind else observation.status
        return language.qualified(observation.value, observation.qualifier, status)

    texts = {"label": change.fact.label, "old": words(old), "new": words(new)}
    if change.fact.unit:
        last = "new" if new else "old"
        texts[last] = f"{texts[last]} {change.fact.unit}"
    difference = ""
    if change.kind == "changed" and old and new:
        difference = _difference(old.value, new.value, viewer)
    return ChangeEntry(
        id=change.fact.id,
        kind=change.kind,
        kind_label=language.word(f"change_{change.kind}"),
        label=change.fact.label,
        url=viewer.addresses.of("fact", change.fact.id),
        old=words(old),
        old_when=viewer.when(old.date) if old else None,
        old_sources=viewer.sources(old.sources) if old else (),
        new=words(new),
        new_when=viewer.when(new.date) if new else None,
        new_sources=viewer.sources(new.sources) if new else (),
        unit=change.fact.unit,
        difference=difference,
        text=language.word(f"change_text_{change.kind}", **texts),
    )


def _difference(old: object, new: object, viewer: Viewer) -> str:
    if not isinstance(old, int | Decimal) or not isinstance(new, int | Decimal):
        return ""
    change = Decimal(new) - Decimal(old)
    return f"{'+' if change > 0 else '−'}{viewer.language.number(abs(change))}" if change else ""


def _describe_event(event: Event, kind: Kind, viewer: Viewer) -> ChangeEntry:
    when = viewer.language.date(event.date)
    return ChangeEntry(
        id=event.id,
        kind=kind,
        kind_label=viewer.language.word(f"change_{kind}"),
        label=event.title,
        url=viewer.addresses.of("event", event.id),
        new=when,
        new_when=viewer.when(event.date),
        new_sources=viewer.sources(event.sources),
        text=viewer.language.word(f"change_text_event_{kind}", title=event.title, date=when),
    )


def _describe_hubs(changes: Changes, viewer: Viewer) -> Iterator[ChangeEntry]:
    came = {claim.id: claim.record for claim in changes.added if isinstance(claim.record, Hub)}
    went = {claim.id: claim.record for claim in changes.removed if isinstance(claim.record, Hub)}
    for id_, hub in (came | went).items():
        kind: Kind = "changed" if id_ in came and id_ in went else "opened" if id_ in came else "closed"
        yield ChangeEntry(
            id=id_,
            kind=kind,
            kind_label=viewer.language.word(f"change_{kind}"),
            label=hub.name,
            url=viewer.addresses.of("hub", id_),
            new_sources=viewer.sources(hub.sources),
            text=viewer.language.word(f"change_text_{kind}_hub", name=hub.name),
        )


def _describe_table(table: Contribution, viewer: Viewer) -> ChangeEntry:
    view = viewer.nations(table)
    return ChangeEntry(
        id=table.date.text,
        kind="added",
        kind_label=viewer.language.word("change_added"),
        label=viewer.language.word("claim_nations", date=view.when.words),
        url="nations.html",
        new=view.total,
        new_when=view.when,
        new_sources=view.sources,
        text=viewer.language.word("change_text_table", date=view.when.words),
    )
