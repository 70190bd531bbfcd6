"""The records that content is made of, and for each field the sentence that tells an editor what to put there."""

from array import array
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from dateutil.relativedelta import relativedelta
from msgspec import Struct

from rsm_site.dates import PartialDate
from rsm_site.errors import Location

# What a text can refer to: [[kind:id]].
REFERENCE_KINDS = ("fact", "event", "date", "hub", "source", "term", "nation")


class Field(NamedTuple):
    """What an editor puts into a field; `kind` says how it is written where the Python type does not, `to` which list
    an id is of."""

    doc: str
    kind: str = ""
    to: str = ""


class Prose(Struct, frozen=True, gc=False):
    """Markdown text and the place where it begins; `style` is how YAML writes it (plain is empty; `'`, `"`, `|` or
    `>`), None for the body of a Markdown file."""

    text: str
    location: Location
    style: str | None = None


Scalar = int | Decimal | PartialDate | str


class Marks(Struct, frozen=True, gc=False):
    """Line, column and length of each key's value, packed: there may be thousands of records, and most have the same
    keys."""

    keys: tuple[str, ...] = ()
    places: bytes = b""

    def __contains__(self, key: str) -> bool:
        """Tell whether it is known where the key's value stands."""
        return key in self.keys

    def find(self, key: str) -> tuple[int, int, int] | None:
        """Line, column and length of the key's value."""
        if key not in self.keys:
            return None
        start = 3 * self.keys.index(key)
        line, column, length = memoryview(self.places).cast("I")[start : start + 3]
        return line, column, length

    def refused(self) -> "Marks":
        """The same, and that a value was refused."""
        return Marks((*self.keys, "!"), self.places + self.places[: len(self.places) // len(self.keys)])


def pack_marks(places: Mapping[str, tuple[int, int, int]]) -> Marks:
    """Marks with these places."""
    return Marks(_shared(tuple(places)), array("I", chain.from_iterable(places.values())).tobytes())


@lru_cache(maxsize=1024)
def _shared(keys: tuple[str, ...]) -> tuple[str, ...]:
    return keys


class Record(Struct, frozen=True, kw_only=True):
    """A mapping of content: its `marks` have the key `""` for the record itself, and `"!"` when a value was refused."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset({"file", "marks"})

    file: str = ""
    marks: Marks = Marks()

    def located(self, field: str = "") -> Location:
        """Where the value of `field` stands; the record's own place when the field is not given there."""
        return Location(self.file, *(self.marks.find(field) or self.marks.find("") or (1, 1, 1)))

    @property
    def is_whole(self) -> bool:
        """False when a value of it was refused, so that it does not say all that was meant."""
        return "!" not in self.marks


class Mission(Record, frozen=True, kw_only=True):
    """The mission that the factsheet is about."""

    name: Annotated[str, Field("Its full name.")]
    organisation: Annotated[str, Field("Who leads it.")] = ""
    country: Annotated[str, Field("Where it works: ISO 3166-1 alpha-2.", "country")] = ""
    start: Annotated[PartialDate | None, Field("Its first day, month or year.")] = None
    end: Annotated[PartialDate | None, Field("Its last day, month or year, once it is known.")] = None


class Publisher(Record, frozen=True, kw_only=True):
    """Who answers for the factsheet."""

    name: Annotated[str, Field("A person or body.")]
    url: Annotated[str, Field("Its web site.", "url")] = ""
    email: Annotated[str, Field("An address for corrections.", "email")] = ""


class MapSettings(Record, frozen=True, kw_only=True):
    """What the map of hubs is drawn on."""

    outline: Annotated[str, Field("A GeoJSON file below content/, WGS84 degrees.", "path")]
    highlight: Annotated[str, Field("The feature that is the mission's country (its id or iso2).")] = ""


class Security(Record, frozen=True, kw_only=True):
    """Where a weakness of the published site is reported: security.txt, RFC 9116."""

    contact: Annotated[str, Field("An https: or mailto: address.", "contact")]
    expires: Annotated[date, Field("The last day on which the address holds.")]


class FolderTarget(Record, frozen=True, kw_only=True):
    """Releases in a folder of this machine or of a mounted disk."""

    kind: Annotated[Literal["folder"], Field("The kind of host.")]
    path: Annotated[str, Field("The folder that holds the releases.")]
    keep: Annotated[int, Field("How many releases stay.", "count")] = 5
    url: Annotated[str, Field("The address at which this target is read back.", "url")] = ""


class SshTarget(Record, frozen=True, kw_only=True):
    """Releases on another machine, by ssh and rsync."""

    kind: Annotated[Literal["ssh"], Field("The kind of host.")]
    host: Annotated[str, Field("Its name, as ssh knows it.", "host")]
    path: Annotated[str, Field("The folder that holds the releases there.")]
    user: Annotated[str, Field("The user to log in as.", "host")] = ""
    port: Annotated[int, Field("The port of sshd.", "count")] = 22
    keep: Annotated[int, Field("How many releases stay.", "count")] = 5
    url: Annotated[str, Field("The address at which this target is read back.", "url")] = ""


class GitTarget(Record, frozen=True, kw_only=True):
    """A branch of a repository, as hosts of pages serve it."""

    kind: Annotated[Literal["git"], Field("The kind of host.")]
    repository: Annotated[str, Field("The repository, as git push knows it.", "repository")]
    branch: Annotated[str, Field("The branch that is served.", "host")] = "gh-pages"
    cname: Annotated[str, Field("The domain name for the CNAME file.", "host")] = ""
    url: Annotated[str, Field("The address at which this target is read back.", "url")] = ""


class S3Target(Record, frozen=True, kw_only=True):
    """A bucket of any S3-compatible store."""

    kind: Annotated[Literal["s3"], Field("The kind of host.")]
    bucket: Annotated[str, Field("The bucket's name.", "host")]
    prefix: Annotated[str, Field("The folder in the bucket, with or without a slash at its end.")] = ""
    endpoint: Annotated[str, Field("The store's address, when it is not Amazon's.", "url")] = ""
    region: Annotated[str, Field("The store's region.", "host")] = ""
    keep: Annotated[int, Field("How many releases stay for rollback.", "count")] = 5
    url: Annotated[str, Field("The address at which this target is read back.", "url")] = ""


Target = FolderTarget | SshTarget | GitTarget | S3Target


_DEFAULT_FRONT_PAGE = ("overview", "figures", "strength", "hubs", "timeline", "nations", "sources")


class Site(Record, frozen=True, kw_only=True):
    """site.yaml: the site, the mission, the edition."""

    title: Annotated[str, Field("The factsheet's name.")]
    language: Annotated[str, Field("BCP 47; sets direction, dates, numbers and interface words.", "locale")]
    edition: Annotated[date, Field("The day the factsheet describes.")]
    short_title: Annotated[str, Field("The name for narrow places.")] = ""
    tagline: Annotated[str, Field("One sentence that says what the mission is for.")] = ""
    url: Annotated[str, Field("The published address, ending in '/'; what needs absolute links needs it.", "url")] = ""
    editions: Annotated[tuple[date, ...], Field("Days of archived factsheets.")] = ()
    mission: Annotated[Mission | None, Field("The mission.")] = None
    publisher: Annotated[Publisher | None, Field("Who answers for the factsheet.")] = None
    licence: Annotated[str, Field("The licence of the text and data: an SPDX id.", "spdx")] = ""
    notice: Annotated[str, Field("A sentence shown on every page.")] = ""
    front_page: Annotated[tuple[str, ...] | None, Field("The sections of index.html, in order.", "section")] = None
    strength: Annotated[str, Field("The fact that the strength drawing shows.", "ref", "facts")] = ""
    groups: Annotated[dict[str, str], Field("Groups of facts: id and label, in order.")] = {}
    categories: Annotated[dict[str, str], Field("Categories of events: id and label, in order.")] = {}
    map: Annotated[MapSettings | None, Field("What the map is drawn on.")] = None
    security: Annotated[Security | None, Field("Makes .well-known/security.txt.")] = None
    publish: Annotated[dict[str, Target], Field("Where the site is published, by name; secrets never here.")] = {}

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections of the front page, in order; those that have nothing to show are left out of it."""
        return _DEFAULT_FRONT_PAGE if self.front_page is None else self.front_page

    @property
    def licence_url(self) -> str:
        """Where the licence is explained, empty for none."""
        return f"https://spdx.org/licenses/{self.licence}.html" if self.licence else ""


class Source(Record, frozen=True, kw_only=True):
    """sources.yaml: a publication that is cited."""

    id: Annotated[str, Field("Permanent; lowercase words with hyphens.", "id")]
    title: Annotated[str, Field("The publication's title.")]
    publisher: Annotated[str, Field("Who published it.")]
    kind: Annotated[
        Literal[
            "web page",
            "resolution",
            "treaty",
            "declaration",
            "statement",
            "report",
            "dataset",
            "news",
            "reference",
            "other",
        ],
        Field("What sort of publication it is."),
    ] = "other"
    published: Annotated[PartialDate | None, Field("When it was published; left out when it bears no date.")] = None
    url: Annotated[str, Field("Its address.", "url")] = ""
    accessed: Annotated[PartialDate | None, Field("When it was last read.")] = None
    archived_url: Annotated[str, Field("The address of a stored copy.", "url")] = ""
    reliability: Annotated[
        Literal["official", "press", "secondary"],
        Field("official: a body on its own doings; press: reporting; secondary: anything else."),
    ] = "secondary"
    verified: Annotated[bool, Field("false when nobody has checked the claims against it; shown to the reader.")] = True
    language: Annotated[str, Field("BCP 47.", "language")] = ""
    note: Annotated[str, Field("What a reader should know of it.")] = ""

    @property
    def known_from(self) -> date | None:
        """The first day it can have been known: published, else accessed, else never said."""
        known = self.published or self.accessed
        return known.earliest if known else None


class Citation(Record, frozen=True, kw_only=True):
    """A source that a claim rests on, and where in it."""

    id: Annotated[str, Field("The source.", "ref", "sources")]
    at: Annotated[str, Field("Where in it: page, paragraph, table.")] = ""


class Observation(Record, frozen=True, kw_only=True):
    """A dated value of a fact."""

    date: Annotated[PartialDate, Field("The day, month or year that the value is of.")]
    value: Annotated[Scalar, Field("The value, of the fact's type.", "value")]
    sources: Annotated[tuple[Citation, ...], Field("What says so.", "citations")]
    qualifier: Annotated[Literal["exactly", "about", "over", "under"], Field("How the value is meant.")] = "exactly"
    status: Annotated[
        Literal["reported", "planned", "disputed", "withdrawn"],
        Field("reported: was so; planned: was to be so; disputed: another source differs; withdrawn: taken back."),
    ] = "reported"
    note: Annotated[str, Field("What a reader should know of the value.")] = ""


class CountOf(Record, frozen=True, kw_only=True):
    """A fact that is counted in the content itself."""

    list: Annotated[
        Literal["hubs", "timeline", "sources", "glossary", "contributions", "facts"], Field("The list that is counted.")
    ]
    where: Annotated[dict[str, str], Field("Fields and the values they must have.", "hidden")] = {}


class Fact(Record, frozen=True, kw_only=True):
    """facts.yaml: a figure or statement with its dated observations."""

    id: Annotated[str, Field("Permanent; lowercase words with hyphens.", "id")]
    label: Annotated[str, Field("What the value is of.")]
    group: Annotated[str, Field("One of the site's groups.", "ref", "groups")] = ""
    type: Annotated[
        Literal["number", "date", "text"] | None, Field("Left out: number if every value is one, else text.")
    ] = None
    unit: Annotated[str, Field("What is counted.")] = ""
    featured: Annotated[bool, Field("true: among the figures of the front page.")] = False
    stale_after: Annotated[
        relativedelta | None, Field("The age at which the page says that it is old: '12 months'.")
    ] = None
    observations: Annotated[tuple[Observation, ...], Field("Its values over time.")] = ()
    count_of: Annotated[CountOf | None, Field("Counts records instead of stating a value.", "count_of")] = None


class Event(Record, frozen=True, kw_only=True):
    """timeline.yaml: something that happened."""

    id: Annotated[str, Field("Permanent; lowercase words with hyphens.", "id")]
    date: Annotated[PartialDate, Field("When it happened.")]
    title: Annotated[str, Field("What happened, in a few words.")]
    category: Annotated[str, Field("One of the site's categories.", "ref", "categories")]
    sources: Annotated[tuple[Citation, ...], Field("What says so.", "citations")]
    place: Annotated[str, Field("A hub's id or plain words.")] = ""
    summary: Annotated[Prose | None, Field("A sentence or two of Markdown.")] = None
    see: Annotated[tuple[str, ...], Field("Events to read on with.", "ref", "timeline")] = ()
    featured: Annotated[bool, Field("true: on the front page's timeline.")] = False
    aliases: Annotated[tuple[str, ...], Field("Old addresses that lead here.", "alias")] = ()
    has_text: Annotated[bool, Field("Whether there is a timeline/<id>.md.", "hidden")] = False
    named: Annotated[tuple[str, ...], Field("The sources that this text names.", "hidden")] = ()


class Place(Record, frozen=True, kw_only=True):
    """A point on the map."""

    name: Annotated[str, Field("Its name.")]
    latitude: Annotated[Decimal, Field("WGS84 degrees, north positive.", "latitude")]
    longitude: Annotated[Decimal, Field("WGS84 degrees, east positive.", "longitude")]
    sources: Annotated[tuple[Citation, ...], Field("What says where it is.", "citations")] = ()
    precision: Annotated[Literal["site", "city", "district", "province"], Field("How exact the point is.")] = "city"


class Hub(Record, frozen=True, kw_only=True):
    """hubs.yaml: a place that the mission works from."""

    id: Annotated[str, Field("Permanent; lowercase words with hyphens.", "id")]
    name: Annotated[str, Field("Its name.")]
    role: Annotated[Literal["hub", "spoke", "functional"], Field("Its part in the mission.")]
    places: Annotated[tuple[Place, ...], Field("Where it is.")]
    sources: Annotated[tuple[Citation, ...], Field("What says so.", "citations")]
    from_: Annotated[PartialDate | None, Field("When it opened.")] = None
    until: Annotated[PartialDate | None, Field("When it closed; it stands to the last day of that.")] = None
    lead_nation: Annotated[str, Field("ISO 3166-1 alpha-2, or XK.", "country")] = ""
    summary: Annotated[Prose | None, Field("A sentence or two of Markdown.")] = None


class Contribution(Record, frozen=True, kw_only=True):
    """contributions.yaml: strength by nation as published on a date."""

    date: Annotated[PartialDate, Field("The day, month or year that the table is of.")]
    sources: Annotated[tuple[Citation, ...], Field("What says so.", "citations")]
    troops: Annotated[
        dict[str, int], Field("Country code and number; what they leave open is shown as the rest.", "country")
    ]
    total: Annotated[int | None, Field("The stated total.", "count")] = None
    qualifier: Annotated[Literal["exactly", "about", "over", "under"], Field("How the total is meant.")] = "exactly"
    nations: Annotated[int | None, Field("The stated number of nations.", "count")] = None
    note: Annotated[str, Field("What a reader should know of the table.")] = ""


class Term(Record, frozen=True, kw_only=True):
    """glossary.yaml: an abbreviation or term."""

    id: Annotated[str, Field("Permanent; lowercase words with hyphens.", "id")]
    term: Annotated[str, Field("The short form.")]
    expansion: Annotated[str, Field("The words it stands for.")]
    definition: Annotated[Prose | None, Field("What it is, in Markdown.")] = None


class ProsePage(Record, frozen=True, kw_only=True):
    """pages/<id>.md: front matter, then Markdown."""

    id: Annotated[str, Field("The file's name without its ending.", "hidden")]
    title: Annotated[str, Field("The page's heading.")]
    body: Annotated[Prose, Field("The Markdown below the front matter.", "hidden")]
    summary: Annotated[Prose | None, Field("A sentence or two of Markdown.")] = None
    sources: Annotated[tuple[Citation, ...], Field("What the page as a whole rests on.", "citations")] = ()
    order: Annotated[int, Field("Its place in the navigation.", "count")] = 0
    from_: Annotated[PartialDate | None, Field("Editions before this leave the page out.")] = None
    until: Annotated[PartialDate | None, Field("Editions after this leave the page out.")] = None
    layout: Annotated[Literal["prose", "blocks"], Field("blocks: each second-level heading begins a block.")] = "prose"
    aliases: Annotated[tuple[str, ...], Field("Old addresses that lead here.", "alias")] = ()


class Correction(Record, frozen=True, kw_only=True):
    """corrections.yaml: why a frozen edition now reads differently."""

    edition: Annotated[date, Field("The frozen day.")]
    claim: Annotated[
        str, Field("What was corrected, as changes.html names it: facts/<id>, timeline/<id>, hubs/<id> ...")
    ]
    reason: Annotated[str, Field("Why.")]


class Frozen(Struct, frozen=True, kw_only=True):
    """editions/<day>.json: an edition's claims as `freeze` wrote them, not yet read."""

    day: str
    text: str
    location: Location


class Factsheet(Struct, frozen=True, kw_only=True):
    """Everything that content says, of every day; `longer` are the texts of timeline/<id>.md by the ids of events."""

    site: Site
    sources: tuple[Source, ...] = ()
    facts: tuple[Fact, ...] = ()
    events: tuple[Event, ...] = ()
    longer: Mapping[str, Prose] = {}
    hubs: tuple[Hub, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    terms: tuple[Term, ...] = ()
    pages: tuple[ProsePage, ...] = ()
    outline: dict[str, Any] | None = None
    corrections: tuple[Correction, ...] = ()
    frozen: tuple[Frozen, ...] = ()


def within(from_: PartialDate | None, until: PartialDate | None, day: date) -> bool:
    """Tell whether something that holds `from_` and `until`, both inclusive and open when None, holds on `day`."""
    return (from_ is None or from_.earliest <= day) and (until is None or until.latest >= day)
