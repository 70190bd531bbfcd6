"""Records -> CSV files (RFC 4180), and the Frictionless data package that describes them."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from rsm_site.exports.factsheet_json import definitions
from rsm_site.exports.records import Citation, Hub, Observation, Record

Row = Mapping[str, Any]

GUARD = (
    "Text that a spreadsheet might take for a formula has an apostrophe before it. To have it as it was written, take "
    "away an apostrophe at the beginning of a cell, and one after a semicolon, a tab or a line break."
)
# Full-width forms too: spreadsheets with an East Asian setting read them like the plain ones.
_SIGNS = "=+-@\t\r\n'＝＋－＠"
_BREAK = re.compile(r"[;\t\r\n]")
_FORMULA = re.compile(rf"(\A|[;\t\r\n])(?=[{re.escape(_SIGNS)}])")
_GUARDED = re.compile(r"(?:\A|(?<=[;\t\r\n]))'")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


class Table(Struct, frozen=True, kw_only=True):
    """A kind of CSV file: columns are fields of the record `of`, or described in _COLUMNS; `keys` leads from a column
    to the table whose `id` it names."""

    name: str
    of: str
    columns: str
    rows: Callable[[Record], Iterable[Row]]
    keys: Mapping[str, str] = {}


# Type and meaning of the columns that are no field of a record of factsheet.json, or not in that form.
_COLUMNS = {
    "id": ("string", "Its id in this table."),
    "citations.id": ("string", "Its id in this table."),
    "sources": ("string", "Ids of sources, separated by spaces."),
    "number": ("number", "The value, if it is a number."),
    "open": ("boolean", "Whether it is open on the day of the edition."),
    "fact": ("string", "The fact that it is a value of."),
    "hub": ("string", "The hub."),
    "table": ("string", "The table that it stands in."),
    "nation": ("string", "ISO 3166-1 alpha-2, or XK."),
    "troops": ("integer", "The nation's strength."),
    "named": ("integer", "How many nations the table names."),
    "claim": ("string", "The id of what rests on the source, in its table."),
    "source": ("string", "The source."),
    "at": ("string", "Where in the source: page, paragraph, table."),
}


def encode_tables(record: Record) -> dict[str, bytes]:
    """The CSV files by name, and datapackage.json; a table without rows is left out."""
    made = {}
    for table in TABLES:
        if rows := list(table.rows(record)):
            made[table.name] = _encode(table.columns.split(), rows)
    files = {f"{name}.csv": data for name, data in made.items()}
    return {**files, "datapackage.json": _encode_package(record, made)} if made else {}


def guard(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet could begin to read a formula."""
    if not text or (text[0] not in _SIGNS and not _BREAK.search(text)) or _PLAIN_NUMBER.fullmatch(text):
        return text
    return _FORMULA.sub(r"\1'", text)


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return _GUARDED.sub("", text)


def _encode(columns: list[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    match value:
        case str():
            return guard(value)
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return " ".join(citation.id for citation in value)
        case _:
            return str(value)


def _encode_package(record: Record, files: Mapping[str, bytes]) -> bytes:
    site = record.site
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": f"{slug(site.title)}-{site.edition}",
        "title": site.title,
        "description": f"{site.tagline or site.title}\n\n{GUARD}",
        "version": site.edition,
        "homepage": site.url,
        "licenses": [{"name": site.licence, "path": site.licence_url}] if site.licence else None,
        "contributors": [_contributor(site.publisher)] if site.publisher else None,
        "sources": [_given(title=f"{each.publisher}: {each.title}", path=each.url) for each in record.sources] or None,
        "resources": [_resource(table, files) for table in TABLES if table.name in files],
    }
    return msgspec.json.format(msgspec.json.encode(_given(**package)), indent=2) + b"\n"


@cache
def slug(title: str) -> str:
    """The title as a name in lowercase ASCII, a hash of it when nothing is left."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower())[:60].strip("-")
    return name or f"factsheet-{sha256(title.encode()).hexdigest()[:8]}"


def _contributor(publisher: Any) -> dict[str, Any]:
    return _given(title=publisher.name, path=publisher.url, email=publisher.email, role="publisher")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _resource(table: Table, files: Mapping[str, bytes]) -> dict[str, Any]:
    data = files[table.name]
    keys = [
        {"fields": column, "reference": {"resource": other, "fields": "id"}}
        for column, other in table.keys.items()
        if other in files
    ]
    schema = _given(fields=_fields(table.name), primaryKey="id", foreignKeys=keys or None)
    return {
        "name": table.name,
        "description": definitions()[table.of]["description"],
        "path": f"{table.name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "schema": schema,
    }


@cache
def _fields(name: str) -> list[dict[str, Any]]:
    table = next(table for table in TABLES if table.name == name)
    return [_field(table, column) for column in table.columns.split()]


def _field(table: Table, name: str) -> dict[str, Any]:
    own = definitions()[table.of]["properties"].get(name, {})
    if own.get("type") in ("array", "object"):
        own = {}
    if f"{table.name}.{name}" in _COLUMNS or (name in _COLUMNS and not own):
        type_, doc = _COLUMNS.get(f"{table.name}.{name}") or _COLUMNS[name]
        constraints: dict[str, Any] = {"required": True} if name in ("id", *table.keys) else {}
        return _given(name=name, type=type_, description=doc, constraints=constraints or None)
    described = own or definitions()["Observation"]["properties"][name]
    choices = [choice for choice in described.get("anyOf", [described]) if choice["type"] != "null"]
    types = {"number" if choice["type"] == "integer" and len(choices) > 1 else choice["type"] for choice in choices}
    constraints = _given(
        required=True if own and "anyOf" not in described else None,
        enum=[word for word in described.get("enum", ()) if word is not None] or None,
        pattern=choices[0].get("pattern"),
    )
    return _given(
        name=name,
        type=types.pop() if len(types) == 1 else "string",
        description=described["description"],
        constraints=constraints or None,
    )


def _facts(record: Record) -> Iterator[Row]:
    for fact in record.facts:
        current = next((each for each in fact.observations if each.current), None)
        value = _value(current) if current else dict.fromkeys(Observation.__struct_fields__) | {"number": None}
        yield {**value, **structs.asdict(fact)}


def _observations(record: Record) -> Iterator[Row]:
    for fact in record.facts:
        for id_, each in _numbered(f"{fact.id}@", fact.observations):
            yield {"id": id_, "fact": fact.id, **_value(each)}


def _value(observation: Observation) -> Row:
    value = observation.value
    return {**structs.asdict(observation), "value": str(value), "number": None if isinstance(value, str) else value}


def _events(record: Record) -> Iterator[Row]:
    return (structs.asdict(event) for event in record.events)


def _all_hubs(record: Record) -> tuple[Hub, ...]:
    return (*record.hubs, *record.closed_hubs)


def _hubs(record: Record) -> Iterator[Row]:
    for hub in _all_hubs(record):
        yield {**structs.asdict(hub), "from": hub.from_, "open": hub in record.hubs}


def _places(record: Record) -> Iterator[Row]:
    for hub in _all_hubs(record):
        for number, place in enumerate(hub.places, 1):
            yield {"id": f"{hub.id}-{number}", "hub": hub.id, **structs.asdict(place)}


def _contribution_tables(record: Record) -> Iterator[Row]:
    for id_, table in _numbered("", record.contributions):
        yield {"id": id_, "named": len(table.troops), **structs.asdict(table)}


def _contributions(record: Record) -> Iterator[Row]:
    for id_, table in _numbered("", record.contributions):
        for nation, troops in table.troops.items():
            yield {"id": f"{id_}-{nation}", "table": id_, "date": table.date, "nation": nation, "troops": troops}


def _sources(record: Record) -> Iterator[Row]:
    return (structs.asdict(source) for source in record.sources)


def _citations(record: Record) -> Iterator[Row]:
    for table, claim, citations in _cited(record):
        for number, each in enumerate(citations, 1):
            yield {"id": f"{table}/{claim}/{number}", "table": table, "claim": claim, "source": each.id, "at": each.at}


def _cited(record: Record) -> Iterator[tuple[str, str, tuple[Citation, ...]]]:
    for row in _observations(record):
        yield "observations", row["id"], row["sources"]
    for event in record.events:
        yield "events", event.id, event.sources
    for hub in _all_hubs(record):
        yield "hubs", hub.id, hub.sources
    for row in _places(record):
        yield "places", row["id"], row["sources"]
    for id_, table in _numbered("", record.contributions):
        yield "contribution_tables", id_, table.sources


def _numbered(prefix: str, dated: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each record with an id of its date; from the second of the same date on it has a number."""
    seen: dict[str, int] = {}
    for each in dated:
        seen[each.date] = seen.get(each.date, 0) + 1
        count = f"#{seen[each.date]}" if seen[each.date] > 1 else ""
        yield f"{prefix}{each.date}{count}", each


TABLES = (
    Table(
        name="facts",
        of="Fact",
        columns="id label group type unit featured counted stale date value number words qualifier status sources",
        rows=_facts,
    ),
    Table(
        name="observations",
        of="Observation",
        columns="id fact date value number words qualifier status current sources note",
        rows=_observations,
        keys={"fact": "facts"},
    ),
    Table(
        name="events",
        of="Event",
        columns="id date title category place hub summary featured page sources",
        rows=_events,
        keys={"hub": "hubs"},
    ),
    Table(name="hubs", of="Hub", columns="id name role open from until lead_nation summary page sources", rows=_hubs),
    Table(
        name="places",
        of="Place",
        columns="id hub name latitude longitude precision sources",
        rows=_places,
        keys={"hub": "hubs"},
    ),
    Table(
        name="contribution_tables",
        of="Contribution",
        columns="id date total qualifier nations named rest note sources",
        rows=_contribution_tables,
    ),
    Table(
        name="contributions",
        of="Contribution",
        columns="id table date nation troops",
        rows=_contributions,
        keys={"table": "contribution_tables"},
    ),
    Table(
        name="sources",
        of="Source",
        columns="id title publisher kind published url accessed archived_url reliability verified language note",
        rows=_sources,
    ),
    Table(
        name="citations", of="Citation", columns="id table claim source at", rows=_citations, keys={"source": "sources"}
    ),
)
