"""Records -> sources.bib: BibTeX that BibLaTeX reads too."""

from collections.abc import Iterator

from rsm_site.dates import parse_date
from rsm_site.exports.records import Record, Source
from rsm_site.tex import escape, in_one_line

_TYPES = {"web page": "online", "dataset": "dataset", "report": "report"}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def encode_sources(record: Record) -> bytes:
    """An entry for each source, its id as key (UTF-8)."""
    site = record.site
    # Outside of an entry everything is a comment, but for the sign that begins one.
    head = f"% {in_one_line(site.title).replace('@', '(at)')}, edition of {site.edition}"
    head += f"; licence {site.licence}" if site.licence else ""
    return "\n".join([head, "", *(_entry(source) for source in record.sources)]).encode()


def _entry(source: Source) -> str:
    lines = "".join(f"  {name} = {value},\n" for name, value in _fields(source))
    return f"@{_TYPES.get(source.kind, 'misc')}{{{source.id},\n{lines}}}\n"


def _fields(source: Source) -> Iterator[tuple[str, str]]:
    # The inner braces keep a title's capitals and make the publisher one name.
    yield "title", f"{{{{{escape(source.title)}}}}}"
    yield "author", f"{{{{{escape(source.publisher)}}}}}"
    yield "publisher", f"{{{{{escape(source.publisher)}}}}}"
    if source.published:
        yield "date", f"{{{source.published}}}"
        point = parse_date(source.published)
        if point.machine:
            yield "year", f"{{{point.machine[:4]}}}"
        if point.machine and point.start.precision != "year":
            yield "month", _MONTHS[point.earliest.month - 1]
    if source.url:
        yield "url", f"{{{source.url}}}"
    if source.accessed:
        yield "urldate", f"{{{source.accessed}}}"
    if source.archived_url:
        yield "addendum", f"{{\\url{{{source.archived_url}}}}}"
    if source.language:
        yield "language", f"{{{source.language}}}"
    yield "keywords", f"{{{escape(source.kind)}, {source.reliability}}}"
    if source.note:
        yield "note", f"{{{escape(source.note)}}}"
