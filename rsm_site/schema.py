"""Plain values -> records: the rules of each field, taken from the model."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from dateutil.relativedelta import relativedelta
from msgspec import NODEFAULT, Struct, structs
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rsm_site import dates, model
from rsm_site.dates import PartialDate
from rsm_site.errors import Location, Problem
from rsm_site.language import is_country, is_language
from rsm_site.model import REFERENCE_KINDS, CountOf, Fact, Observation, Prose, Record, Scalar
from rsm_site.reader import Document, locate, span

MAX_TEXT = 100_000
MAX_COMPARED = 500
R = TypeVar("R", bound=Record)

MAX_ID = 100
ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_REFERENCE = re.compile(rf"\[\[\s*(?:{'|'.join(REFERENCE_KINDS)}):[^\[\]]*\]\]")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:[,'’\u00a0 ]\d{3})+(?:\.\d+)?", re.ASCII)
PATTERNS: dict[str, tuple[str, str, str]] = {
    "url": (r"https?://[^\s<>\"{}|\\^`/?#][^\s<>\"{}|\\^`]*", "an address", "write it whole, beginning with https://"),
    "email": (r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+", "an e-mail address", "write name@example.org"),
    "contact": (r"(?:https://|mailto:)[^\s<>\"]+", "a contact", "begin with https:// or mailto:"),
    "language": (r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", "a language", "write a BCP 47 tag such as en or pt-BR"),
    "spdx": (r"[A-Za-z0-9.+-]+", "a licence id", "write an SPDX id such as CC-BY-4.0"),
    "host": (r"[A-Za-z0-9_][A-Za-z0-9._/-]*", "a name", "use letters, digits, dots and hyphens"),
    "repository": (r"[^\s-]\S*", "a repository", "write what 'git push' takes"),
    "path": (
        r"(?!.*(?:^|/)\.)[\w.-]+(?:/[\w.-]+)*",
        "a path below content/",
        "write it from content/, without '..' and without a leading '/'",
    ),
    "alias": (
        r"(?:[\w-]+/)*[\w-][\w.-]*\.html",
        "an old address",
        "write it from the top of the site, ending in .html",
    ),
}
_MEANT = {"UK": "GB", "EL": "GR"}


class Invalid:
    """Stands for a value that was reported as a problem."""


INVALID = Invalid()
Convert = Callable[[Node, "Reading", "FieldRule"], Any]


class FieldRule(NamedTuple):
    """One field of a record as content writes it."""

    key: str
    name: str
    required: bool
    annotation: Any
    doc: model.Field
    convert: Convert


class Mention(NamedTuple):
    """An id that a record names, the list it is of, and where it stands."""

    list: str
    id: str
    location: Location


class Findings(Struct):
    """What reading brings to light beside the records, from broken records too: the problems, the ids of each list and
    where each was first given, what is mentioned, every Markdown text, the lists of which some id is not known, and
    warnings."""

    problems: list[Problem] = []
    ids: dict[str, dict[str, Location]] = {}
    mentions: list[Mention] = []
    texts: list[Prose] = []
    partial: set[str] = set()
    warnings: list[Problem] = []


class Reading(NamedTuple):
    """The file that is being converted, and what was found so far."""

    file: str
    findings: Findings

    def refuse(self, node: Node, code: str, message: str, hint: str = "") -> Invalid:
        """Add a problem at `node`."""
        self.findings.problems.append(Problem(locate(self.file, node), code, message, hint))
        return INVALID

    def warn(self, node: Node, code: str, message: str, hint: str) -> None:
        """Add a warning at `node`, whose value is taken all the same."""
        self.findings.warnings.append(Problem(locate(self.file, node), code, message, hint, "warning"))


@cache
def fields_of(record: type[Record]) -> dict[str, FieldRule]:
    """The fields of `record` by the key that content uses."""
    hints = get_type_hints(record, include_extras=True)
    rules = {}
    for field in structs.fields(record):
        if field.name in record.HIDDEN:
            continue
        annotation, doc = get_args(hints[field.name])
        if doc.kind != "hidden":
            key, bare = field.name.rstrip("_"), _bare(annotation)
            required = field.default is NODEFAULT and field.default_factory is NODEFAULT
            rules[key] = FieldRule(key, field.name, required, bare, doc, _converter(bare, doc))
    return rules


def read_records(record: type[R], name: str, document: Document, findings: Findings) -> list[R]:
    """Convert a file of the list `name`; records that lack something required are left out."""
    reading = Reading(document.file, findings)
    root = document.root
    if not isinstance(root, SequenceNode):
        findings.partial.add(name)
        if root is not None:
            reading.refuse(root, "not-a-list", "a list of records is expected", "begin each record with '- '")
        return []
    found = []
    for node in root.value:
        if "id" in fields_of(record):
            _note_id(name, node, reading)
        found.append(read_record(record, node, reading))
    return [value for value in found if value is not None]


def read_record(record: type[R], node: Node, reading: Reading, **known: Any) -> R | None:
    """Convert one mapping to `record`, None when it lacks something required; a refused value is left out of it.
    `known` are values that do not stand in it."""
    if not isinstance(node, MappingNode):
        message = f"{_what(node)} stands where 'key: value' is expected"
        reading.refuse(node, "not-a-mapping", message, "write 'key: value'")
        return None
    rules = fields_of(record)
    count = len(reading.findings.problems)
    marks = {"": span(node)}
    values: dict[str, Any] = {}
    # Of a key that stands twice, which the reader reports, the first counts.
    pairs = {key.value: value for key, value in reversed(node.value) if isinstance(key, ScalarNode)}
    meant = _check_unknown_keys(node, reading, rules) if pairs.keys() - rules.keys() else set()
    for key, rule in rules.items():
        if key in pairs:
            value_node = pairs[key]
            marks[rule.name] = span(value_node)
            before = len(reading.findings.problems)
            value = rule.convert(value_node, reading, rule)
            if not isinstance(value_node, ScalarNode):
                refused = {problem.location for problem in reading.findings.problems[before:]}
                marks.update(_inner_marks(rule.name, value_node, reading.file, refused))
            if value is not INVALID:
                values[rule.name] = value
        elif rule.required and key not in meant:
            reading.refuse(node, "missing-key", f"'{key}' is missing", f"add '{key}: ...' ({rule.doc.doc})")
    if len(reading.findings.problems) > count:
        marks["!"] = marks[""]
    if any(rule.required and rule.name not in values for rule in rules.values()):
        return None
    return record(**values, **known, file=reading.file, marks=model.pack_marks(marks))


def finish_facts(facts: Iterable[Fact], problems: list[Problem]) -> tuple[Fact, ...]:
    """Give each fact its type, and its observations values of that type; a value of another type is left out."""
    finished = []
    for fact in facts:
        raw = [str(observation.value) for observation in fact.observations]
        kind = fact.type or ("number" if all(_NUMBER.fullmatch(value) for value in raw) else "text")
        observations = []
        for observation in fact.observations:
            # Beside words such as "several hundred" a number stays one: it is drawn, and written with separators.
            is_number = not fact.type and _NUMBER.fullmatch(str(observation.value))
            value = _typed("number" if is_number else kind, observation, problems)
            if value is not INVALID:
                observations.append(structs.replace(observation, value=value))
            if not fact.type and kind == "text" and _THOUSANDS.fullmatch(str(value)):
                message = f"'{value}' makes this fact a text, so that nothing can be drawn of it"
                hint = "write digits without separators, or say 'type: text'"
                problems.append(Problem(observation.located("value"), "bad-number", message, hint, "warning"))
        marks = fact.marks if len(observations) == len(raw) else fact.marks.refused()
        finished.append(structs.replace(fact, type=kind, observations=tuple(observations), marks=marks))
    return tuple(finished)


def suggest(word: str, known: Iterable[str]) -> str:
    """The remedy that names the nearest of `known`, empty when none is near."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that is most like `word`, empty when none is."""
    from difflib import get_close_matches

    names = list(known)
    if len(names) > MAX_COMPARED:
        ends = (word[:2].casefold(), word[-2:].casefold())
        names = [name for name in names if name[:2].casefold() == ends[0] or name[-2:].casefold() == ends[1]]
        names = names[:MAX_COMPARED]
    alike = {name.casefold(): name for name in reversed(names)}
    return next((alike[found] for found in get_close_matches(word[:100].casefold(), alike, n=1, cutoff=0.6)), "")


def suggest_country(text: str) -> str:
    """The remedy for what is no country code."""
    meant = _MEANT.get(text) or (text.upper() if is_country(text.upper()) else "")
    return f"did you mean '{meant}'?" if meant else "write two capital letters of ISO 3166-1"


def is_id(text: str) -> bool:
    """Tell whether the text is lowercase words with hyphens."""
    return len(text) <= MAX_ID and bool(ID.fullmatch(text))


def _note_id(name: str, node: Node, reading: Reading) -> None:
    """Keep the id of a record, whatever else is wrong with it; an id that stands twice is a problem."""
    pairs = node.value if isinstance(node, MappingNode) else []
    given = next((value for key, value in pairs if key.value == "id"), None)
    if not isinstance(given, ScalarNode) or not given.value.strip():
        reading.findings.partial.add(name)
        return
    ids, id_ = reading.findings.ids.setdefault(name, {}), given.value.strip()
    if id_ in ids:
        message = f"the id '{_short(id_)}' is taken; first in {ids[id_].file}:{ids[id_].line}"
        reading.refuse(given, "repeated-id", message, "choose another; ids become addresses")
    ids.setdefault(id_, locate(reading.file, given))


def _check_unknown_keys(node: MappingNode, reading: Reading, rules: Mapping[str, FieldRule]) -> set[str]:
    """Refuse every key that is no field; the fields that were probably meant."""
    written = {key.value for key, _value in node.value if isinstance(key, ScalarNode)}
    meant = set()
    for key, _value in node.value:
        if isinstance(key, ScalarNode) and key.value not in rules:
            near = nearest(key.value, [name for name in rules if name not in written])
            hint = f"did you mean '{near}'?" if near else f"the keys are {', '.join(rules)}"
            if key.value == "<<":
                hint = "write the keys out; nothing is merged"
            reading.refuse(key, "unknown-key", f"unknown key '{_short(key.value)}'", hint)
            meant.add(near)
    return meant


def _inner_marks(
    name: str, node: Node, file: str, refused: Set[Location]
) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Where the items of a list, those left out that were refused, or the keys of a mapping stand."""
    if isinstance(node, SequenceNode):
        items = [item for item in node.value if locate(file, item) not in refused] if refused else node.value
        yield from ((f"{name}.{index}", span(item)) for index, item in enumerate(items))
    elif isinstance(node, MappingNode):
        yield from ((f"{name}.{key.value}", span(key)) for key, _value in node.value)


def _typed(kind: str, observation: Observation, problems: list[Problem]) -> Scalar | Invalid:
    text = str(observation.value)
    place = observation.located("value")
    if kind == "text":
        return text
    if kind == "date":
        try:
            return dates.parse_date(text)
        except dates.NotADateError as error:
            problems.append(Problem(place, "bad-date", str(error), error.hint))
            return INVALID
    if not _NUMBER.fullmatch(text):
        hint = (
            "write digits without separators: 13000" if _THOUSANDS.fullmatch(text) else "write digits, or 'type: text'"
        )
        problems.append(Problem(place, "bad-number", f"'{_short(text)}' is not a number", hint))
        return INVALID
    return Decimal(text) if "." in text else int(text)


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is UnionType:
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) == 1:
            return options[0]
    return annotation


def _converter(annotation: Any, doc: model.Field) -> Convert:
    special: dict[str, Convert] = {
        "value": _words,
        "id": _id,
        "ref": _ref,
        "country": _country,
        "locale": _language,
        "latitude": _degrees,
        "longitude": _degrees,
        "citations": _citations,
        "count_of": _count_of,
    }
    origin = get_origin(annotation)
    if origin is dict:
        return _mapping
    if origin is tuple and doc.kind != "citations":
        return _sequence
    if doc.kind in special:
        return special[doc.kind]
    if origin is Literal:
        return _choice
    if annotation in _BY_TYPE:
        return _BY_TYPE[annotation]
    if doc.kind in PATTERNS:
        return _pattern
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return _record
    return _words


def _scalar(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    if not isinstance(node, ScalarNode):
        message = f"'{rule.key}' takes one value, not {_what(node)}"
        return reading.refuse(node, "wrong-type", message, "put it in quotes if it begins with [ or {")
    text: str = node.value.strip()
    if not text:
        return reading.refuse(node, "no-value", f"'{rule.key}' has no value", "give one, or delete the key")
    if len(text) > MAX_TEXT:
        return reading.refuse(node, "too-long", f"'{rule.key}' has more than {MAX_TEXT:,} characters", "shorten it")
    return text


def _text(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _scalar(node, reading, rule)
    return text if isinstance(text, Invalid) else " ".join(text.split())


def _words(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and (match := _REFERENCE.search(text)):
        message = f"'{_short(match[0])}' would be shown as it is: '{rule.key}' is plain text"
        reading.warn(node, "plain-reference", message, "write the words; references are for longer texts")
    return text


def _prose(node: Node, reading: Reading, rule: FieldRule) -> Prose | Invalid:
    text = _scalar(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    prose = Prose(text, locate(reading.file, node), (node.style or "") if isinstance(node, ScalarNode) else None)
    reading.findings.texts.append(prose)
    return prose


def _record(node: Node, reading: Reading, rule: FieldRule) -> Record | Invalid:
    if not isinstance(node, MappingNode):
        first = next(iter(fields_of(rule.annotation)))
        message = f"'{rule.key}' takes 'key: value' pairs, not {_what(node)}"
        return reading.refuse(node, "not-a-mapping", message, f"write them below it, beginning with '{first}: ...'")
    return read_record(rule.annotation, node, reading) or INVALID


def _ref(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str):
        reading.findings.mentions.append(Mention(rule.doc.to, text, locate(reading.file, node)))
    return text


def _id(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not is_id(text):
        hint = (
            "use lowercase letters, digits and hyphens" if len(text) <= MAX_ID else f"use at most {MAX_ID} characters"
        )
        return reading.refuse(node, "bad-id", f"'{_short(text)}' cannot be an id", hint)
    return text


def _pattern(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _scalar(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    pattern, what, hint = PATTERNS[rule.doc.kind]
    if not re.fullmatch(pattern, text):
        return reading.refuse(node, f"bad-{rule.doc.kind}", f"'{_short(text)}' is not {what}", hint)
    return text


def _choice(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    allowed = get_args(rule.annotation)
    if isinstance(text, str) and text not in allowed:
        near = suggest(text, allowed)
        return reading.refuse(
            node, "not-allowed", f"'{_short(text)}' is not a value of '{rule.key}'", near or f"write {_or(allowed)}"
        )
    return text


def _flag(node: Node, reading: Reading, rule: FieldRule) -> bool | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and text not in ("true", "false"):
        return reading.refuse(node, "not-allowed", f"'{_short(text)}' is neither true nor false", "write true or false")
    return text if isinstance(text, Invalid) else text == "true"


def _count(node: Node, reading: Reading, rule: FieldRule) -> int | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        hint = "write digits without separators" if _THOUSANDS.fullmatch(text) else "write digits"
        return reading.refuse(node, "bad-number", f"'{_short(text)}' is not a whole number", hint)
    return int(text)


def _degrees(node: Node, reading: Reading, rule: FieldRule) -> Decimal | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    bound = 90 if rule.doc.kind == "latitude" else 180
    if not _NUMBER.fullmatch(text) or abs(Decimal(text)) > bound:
        return reading.refuse(
            node, "bad-coordinate", f"'{_short(text)}' is not a {rule.key}", f"write degrees from -{bound} to {bound}"
        )
    return Decimal(text)


def _partial_date(node: Node, reading: Reading, rule: FieldRule) -> PartialDate | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_date(text)
    except dates.NotADateError as error:
        return reading.refuse(node, "bad-date", str(error), error.hint)


def _day(node: Node, reading: Reading, rule: FieldRule) -> date | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_day(text)
    except dates.NotADateError as error:
        return reading.refuse(node, "bad-date", str(error), "write YYYY-MM-DD")


def _duration(node: Node, reading: Reading, rule: FieldRule) -> relativedelta | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, Invalid):
        return text
    try:
        return dates.parse_duration(text)
    except ValueError as error:
        return reading.refuse(node, "bad-duration", str(error), "write a number and days, weeks, months or years")


def _country(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not is_country(text):
        return reading.refuse(node, "bad-country", f"'{_short(text)}' is not a country code", suggest_country(text))
    return text


def _language(node: Node, reading: Reading, rule: FieldRule) -> str | Invalid:
    text = _text(node, reading, rule)
    if isinstance(text, str) and not is_language(text):
        return reading.refuse(
            node, "bad-language", f"'{_short(text)}' is not a language", "write a BCP 47 tag such as en or pt-BR"
        )
    return text


def _items(node: Node, reading: Reading, rule: FieldRule) -> list[Node] | Invalid:
    if not isinstance(node, SequenceNode):
        value = node.value if isinstance(node, ScalarNode) and len(node.value) <= 60 else "..."
        return reading.refuse(node, "not-a-list", f"'{rule.key}' takes a list", f"write {rule.key}: [{value}]")
    items: list[Node] = node.value
    return items


def _sequence(node: Node, reading: Reading, rule: FieldRule) -> tuple[Any, ...] | Invalid:
    items = _items(node, reading, rule)
    if isinstance(items, Invalid):
        return items
    if not items and rule.required:
        return reading.refuse(node, "no-value", f"'{rule.key}' is empty", "give at least one")
    inner = get_args(rule.annotation)[0]
    item_rule = rule._replace(annotation=inner, convert=_converter(inner, rule.doc))
    values = (item_rule.convert(item, reading, item_rule) for item in items)
    return tuple(value for value in values if value is not INVALID)


def _citations(node: Node, reading: Reading, rule: FieldRule) -> tuple[model.Citation, ...] | Invalid:
    """Read a list of ids, each alone or as `{id: ..., at: ...}`."""
    items = _items(node, reading, rule)
    if isinstance(items, Invalid):
        return items
    if not items:
        return reading.refuse(node, "no-source", "a claim needs a source", "name the id of at least one source")
    id_rule = fields_of(model.Citation)["id"]
    values: list[model.Citation] = []
    for item in items:
        citation: model.Citation | None = None
        if isinstance(item, ScalarNode):
            text = _ref(item, reading, id_rule)
            if isinstance(text, str):
                here = span(item)
                citation = model.Citation(id=text, file=reading.file, marks=model.pack_marks({"": here, "id": here}))
        else:
            citation = read_record(model.Citation, item, reading)
        if citation and any((citation.id, citation.at) == (other.id, other.at) for other in values):
            reading.refuse(item, "repeated-source", f"the source '{_short(citation.id)}' is named twice", "delete one")
        elif citation:
            values.append(citation)
    return tuple(values) or INVALID


def _mapping(node: Node, reading: Reading, rule: FieldRule) -> dict[str, Any] | Invalid:
    if not isinstance(node, MappingNode):
        message = f"'{rule.key}' takes 'key: value' pairs, not {_what(node)}"
        return reading.refuse(node, "not-a-mapping", message, "write them below it, one a line")
    inner = get_args(rule.annotation)[1]
    convert: Convert = _target if inner == model.Target else _count if inner is int else _text
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = (_country if rule.doc.kind == "country" else _id)(key_node, reading, rule)
        value = convert(value_node, reading, rule._replace(key=str(key_node.value)))
        if isinstance(key, Invalid) or isinstance(value, Invalid):
            reading.findings.partial.add(rule.key)
        else:
            values[key] = value
    return values


def _target(node: Node, reading: Reading, _rule: FieldRule) -> model.Target | Invalid:
    kinds: dict[str, type[model.Target]] = {
        get_args(fields_of(target)["kind"].annotation)[0]: target for target in get_args(model.Target)
    }
    pairs = node.value if isinstance(node, MappingNode) else []
    given = next((value for key, value in pairs if key.value == "kind"), None)
    if given is None:
        return reading.refuse(node, "missing-key", "'kind' is missing", f"write kind: {_or(kinds)}")
    kind = given.value if isinstance(given, ScalarNode) else _what(given)
    if kind not in kinds:
        hint = suggest(kind, kinds) or f"write {_or(kinds)}"
        return reading.refuse(given, "not-allowed", f"'{_short(kind)}' is not a kind of host", hint)
    return read_record(kinds[kind], node, reading) or INVALID


def _count_of(node: Node, reading: Reading, _rule: FieldRule) -> CountOf | Invalid:
    """Read `{list: hubs, role: spoke}`: every key but `list` is a field that the counted records must have."""
    if not isinstance(node, MappingNode):
        return reading.refuse(node, "not-a-mapping", "'count_of' takes 'key: value' pairs", "write {list: hubs}")
    pairs = [(key, value) for key, value in node.value if key.value == "list"]
    count = read_record(CountOf, MappingNode(node.tag, pairs, node.start_mark, node.end_mark), reading)
    if count is None:
        return INVALID
    rules = {key: rule for key, rule in fields_of(LISTS[count.list]).items() if _is_scalar(rule.annotation)}
    where: dict[str, str] = {}
    for key, value in node.value:
        rule = rules.get(str(key.value))
        if rule:
            where[rule.name] = str(rule.convert(value, reading, rule))
        elif key.value != "list":
            hint = suggest(str(key.value), rules) or f"the fields are {', '.join(rules)}"
            reading.refuse(
                key, "unknown-key", f"{count.list} have no field '{_short(str(key.value))}' to count by", hint
            )
    return structs.replace(count, where=where)


def _is_scalar(annotation: Any) -> bool:
    return get_origin(annotation) is Literal or annotation in (str, bool, int, date, PartialDate)


_BY_TYPE: dict[Any, Convert] = {
    bool: _flag,
    int: _count,
    date: _day,
    PartialDate: _partial_date,
    relativedelta: _duration,
    Prose: _prose,
}

LISTS: dict[str, type[Record]] = {
    "sources": model.Source,
    "facts": model.Fact,
    "timeline": model.Event,
    "hubs": model.Hub,
    "contributions": model.Contribution,
    "glossary": model.Term,
    "corrections": model.Correction,
}
SINGLE: dict[str, type[Record]] = {"site": model.Site, "page": model.ProsePage}


def _what(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "'key: value' pairs"
    return "a list" if isinstance(node, SequenceNode) else "a text" if node.value else "nothing"


def _or(allowed: Iterable[str]) -> str:
    words = list(allowed)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
