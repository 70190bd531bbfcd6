"""What changed between two editions, claim by claim, and the same in readers' words."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct, structs

from rsm_site.dates import PartialDate
from rsm_site.edition import Edition, FactAt
from rsm_site.model import Contribution, Event, Fact, Hub, Observation, Scalar, within
from rsm_site.views import SourceView, Viewer, When

Kind = Literal[
    "added", "changed", "confirmed", "superseded", "planned", "disputed", "withdrawn", "removed", "opened", "closed"
]
ClaimRecord = Observation | Event | Hub | Contribution


class Claim(Struct, frozen=True, kw_only=True):
    """A record of an edition; `id` is that of its fact, event or hub, or the date of its table."""

    list: Literal["facts", "timeline", "hubs", "contributions"]
    id: str
    record: ClaimRecord


class FactChange(Struct, frozen=True, kw_only=True):
    """What happened to a fact: its value before and after, None where there was none; `superseded` is one that came
    and went between the two days."""

    kind: Kind
    fact: Fact
    old: Observation | None = None
    new: Observation | None = None


class Changes(Struct, frozen=True, kw_only=True):
    """Claims that came and went between two days, what that did to the facts, and the hubs that closed as their record
    had said before."""

    before: date
    after: date
    added: tuple[Claim, ...]
    removed: tuple[Claim, ...]
    facts: tuple[FactChange, ...]
    closed: tuple[Hub, ...]

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.added or self.removed or self.facts or self.closed)


class Side(Struct, frozen=True, kw_only=True):
    """What an edition says: in words, and for machines; of an event or a place it is the date."""

    words: str
    value: Scalar | None = None
    qualifier: str = ""
    status: str = ""
    date: PartialDate | None = None
    sources: tuple[SourceView, ...] = ()

    def as_plain(self) -> dict[str, object]:
        """The same for machines: dates in EDTF, sources by their ids, null for what is not said."""
        value = float(self.value) if isinstance(self.value, Decimal) else self.value
        return {
            "words": self.words,
            "value": str(value) if isinstance(value, PartialDate) else value,
            "qualifier": self.qualifier or None,
            "status": self.status or None,
            "date": str(self.date) if self.date else None,
            "sources": [source.id for source in self.sources],
        }


class ChangeEntry(Struct, frozen=True, kw_only=True):
    """One change: what was said before and after, None where nothing was; `text` is all of it in a sentence."""

    id: str
    kind: Kind
    kind_label: str
    label: str
    url: str
    old: Side | None = None
    new: Side | None = None
    unit: str = ""
    difference: str = ""
    text: str

    @property
    def sources(self) -> tuple[SourceView, ...]:
        """What both sides rest on, each once."""
        return tuple({source.id: source for side in (self.old, self.new) if side for source in side.sources}.values())

    def as_plain(self) -> dict[str, object]:
        """The same for machines."""
        change = _difference(self.old, self.new) if self.kind == "changed" else None
        return {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "unit": self.unit or None,
            "old": self.old.as_plain() if self.old else None,
            "new": self.new.as_plain() if self.new else None,
            "difference": None if change is None else int(change) if change == int(change) else float(change),
            "text": self.text,
        }


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
        """The same for machines: days as ISO dates."""
        changes = [{"list": group.id, **entry.as_plain()} for group in self.groups for entry in group.entries]
        return {"from": self.before.machine, "to": self.after.machine, "changes": changes}


def claims_of(edition: Edition) -> Iterator[Claim]:
    """Every claim of an edition; counted facts are none, they follow from the others."""
    for fact in edition.facts:
        if not fact.is_counted:
            for observation in fact.observations:
                yield Claim(list="facts", id=fact.fact.id, record=observation)
    for event in edition.events:
        # What an event leads on to depends on the day, not on the event.
        yield Claim(list="timeline", id=event.id, record=structs.replace(event, see=()))
    for hub in (*edition.hubs, *edition.closed_hubs):
        yield Claim(list="hubs", id=hub.id, record=hub)
    for table in edition.contributions:
        yield Claim(list="contributions", id=table.date.text, record=table)


def between(before: Edition, after: Edition) -> Changes:
    """The changes that make the claims of `before` those of `after`."""
    old, new = tuple(claims_of(before)), tuple(claims_of(after))
    added = _without(new, old)
    return Changes(
        before=before.day,
        after=after.day,
        added=added,
        removed=_without(old, new),
        facts=tuple(_fact_changes(before, after, added)),
        closed=tuple(hub for hub in after.closed_hubs if hub in before.hubs),
    )


def apply(claims: Iterable[Claim], changes: Changes) -> tuple[Claim, ...]:
    """The claims after the changes."""
    return (*_without(claims, changes.removed), *changes.added)


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


def _without(claims: Iterable[Claim], others: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims less the others; of equal ones as many stay as there are more of them."""
    less: dict[tuple[str, str], list[ClaimRecord]] = {}
    for claim in others:
        less.setdefault((claim.list, claim.id), []).append(claim.record)
    left = []
    for claim in claims:
        same = less.get((claim.list, claim.id), [])
        if claim.record in same:
            same.remove(claim.record)
        else:
            left.append(claim)
    return tuple(left)


def _fact_changes(before: Edition, after: Edition, added: Iterable[Claim]) -> Iterator[FactChange]:
    came: dict[str, list[Observation]] = {}
    for claim in added:
        if isinstance(claim.record, Observation):
            came.setdefault(claim.id, []).append(claim.record)
    old_facts = {fact.fact.id: fact for fact in before.facts}
    for new in after.facts:
        old = old_facts.pop(new.fact.id, None)
        yield from _fact_change(new, old.current if old else None, came.get(new.fact.id, ()))
    for old in old_facts.values():
        if old.current:
            yield FactChange(kind="removed", fact=old.fact, old=old.current)


def _fact_change(after: FactAt, old: Observation | None, came: Iterable[Observation]) -> Iterator[FactChange]:
    fact, new = after.fact, after.current
    if new and not old:
        yield FactChange(kind="added", fact=fact, new=new)
    elif old and not new:
        yield FactChange(kind="removed", fact=fact, old=old)
    elif old and new and _said(old) != _said(new):
        yield FactChange(kind="changed", fact=fact, old=old, new=new)
    elif old and new and old != new and not after.is_counted:
        yield FactChange(kind="confirmed", fact=fact, old=old, new=new)
    others = list(came)
    if new in others:
        others.remove(new)
    for observation in others:
        kind: Kind = "superseded" if observation.status == "reported" else observation.status
        yield FactChange(kind=kind, fact=fact, new=observation)


def _said(observation: Observation) -> tuple[object, ...]:
    return (observation.value, observation.qualifier, observation.status)


def _describe_fact(change: FactChange, viewer: Viewer) -> ChangeEntry:
    language = viewer.language

    def side(observation: Observation | None, unit: str) -> Side | None:
        if observation is None:
            return None
        # The kind of the change says already that a value is planned or disputed.
        status = "reported" if observation.status == change.kind else observation.status
        words = language.qualified(observation.value, observation.qualifier, status, unit)
        if change.kind == "superseded":
            # It was the value on neither day, so its own is told.
            words = language.word("value_dated", value=words, date=language.date(observation.date))
        return Side(
            words=words,
            value=observation.value,
            qualifier=observation.qualifier,
            status=observation.status,
            date=observation.date,
            sources=viewer.sources(observation.sources),
        )

    new = side(change.new, change.fact.unit)
    old = side(change.old, "" if new else change.fact.unit)
    difference = _difference(old, new) if change.kind == "changed" else None
    return ChangeEntry(
        id=change.fact.id,
        kind=change.kind,
        kind_label=language.word(f"change_{change.kind}"),
        label=change.fact.label,
        url=viewer.addresses.of("fact", change.fact.id),
        old=old,
        new=new,
        unit=change.fact.unit,
        difference=f"{'+' if difference > 0 else '−'}{language.number(abs(difference))}" if difference else "",
        text=language.word(
            f"change_text_{change.kind}",
            label=change.fact.label,
            old=old.words if old else "",
            new=new.words if new else "",
        ),
    )


def _difference(old: Side | None, new: Side | None) -> Decimal | None:
    """How much more the new number is; None when one of the two is none, or meant otherwise than the other: between
    13,079 and about 13,000 there is no 79."""
    if not old or not new or old.qualifier != new.qualifier:
        return None
    if isinstance(old.value, int | Decimal) and isinstance(new.value, int | Decimal):
        return Decimal(new.value) - Decimal(old.value)
    return None


def _describe_event(event: Event, kind: Kind, viewer: Viewer) -> ChangeEntry:
    when = viewer.language.date(event.date)
    return ChangeEntry(
        id=event.id,
        kind=kind,
        kind_label=viewer.language.word(f"change_{kind}"),
        label=event.title,
        url=viewer.addresses.of("event", event.id),
        new=Side(words=when, date=event.date, sources=viewer.sources(event.sources)),
        text=viewer.language.word(f"change_text_event_{kind}", title=event.title, date=when),
    )


def _describe_hubs(changes: Changes, viewer: Viewer) -> Iterator[ChangeEntry]:
    language = viewer.language
    for kind, hub in _hub_changes(changes):
        when, key = (hub.from_, "opened") if kind == "opened" else (hub.until, "closes")
        words = language.word(key, date=language.date(when)) if when else ""
        yield ChangeEntry(
            id=hub.id,
            kind=kind,
            kind_label=language.word(f"change_{kind}"),
            label=hub.name,
            url=viewer.addresses.of("hub", hub.id),
            new=Side(words=words, date=when, sources=viewer.sources(hub.sources)),
            text=language.word(f"change_text_{kind}_hub", name=hub.name, when=words),
        )


def _hub_changes(changes: Changes) -> Iterator[tuple[Kind, Hub]]:
    """What happened to each hub; one that came and went between the two days has opened and closed."""
    was = {claim.id: claim.record for claim in changes.removed if isinstance(claim.record, Hub)}
    now = {claim.id: claim.record for claim in changes.added if isinstance(claim.record, Hub)}
    for id_, hub in (was | now).items():
        is_closed = id_ not in now or not within(None, hub.until, changes.after)
        if id_ not in was:
            yield "opened", hub
        elif not is_closed or not within(None, was[id_].until, changes.before):
            yield "changed", hub
            continue
        if is_closed:
            yield "closed", hub
    for hub in changes.closed:
        yield "closed", hub


def _describe_table(table: Contribution, viewer: Viewer) -> ChangeEntry:
    view = viewer.nations(table)
    return ChangeEntry(
        id=table.date.text,
        kind="added",
        kind_label=viewer.language.word("change_added"),
        label=viewer.language.word("claim_nations", date=view.when.words),
        url="nations.html",
        new=Side(words=view.total, value=table.total, qualifier=table.qualifier, date=table.date, sources=view.sources),
        text=viewer.language.word("change_text_table", date=view.when.words),
    )
