"""How a page or a figure is cited, in words and as BibTeX."""

from msgspec import Struct

from rsm_site.pages.desk import Desk
from rsm_site.tex import escape


class Citation(Struct, frozen=True, kw_only=True):
    """How to cite the page, in words and as BibTeX."""

    plain: str
    bibtex: str


def cite(desk: Desk, url: str, claim: str = "") -> Citation:
    """The citation of the edition, or of a `claim` that stands at `url`."""
    site = desk.site
    author = site.publisher.name if site.publisher else ""
    title = f"{claim}. {site.title}" if claim else site.title
    edition = desk.word("cite_edition", date=desk.language.day(desk.edition.day))
    permanent = f"editions/{desk.edition.day}/index.html"
    where = url if claim else permanent
    address = site.url.rstrip("/") + "/" + where if site.url else ""
    plain = ". ".join(part.rstrip(".") for part in (author, title, edition, address) if part)
    key = f"{(site.short_title or site.title).casefold().replace(' ', '-')}-{desk.edition.day}"
    fields = [("author", f"{{{escape(author)}}}")] if author else []
    fields += [("title", escape(title)), ("note", escape(edition)), ("year", str(desk.edition.day.year))]
    if address:
        fields.append(("url", address))
    body = "".join(f"  {name:<6} = {{{value}}},\n" for name, value in fields)
    return Citation(plain=plain, bibtex=f"@misc{{{_bibtex_key(key)},\n{body}}}")


def _bibtex_key(text: str) -> str:
    kept = (character for character in text if character.isascii() and (character.isalnum() or character == "-"))
    return "".join(kept).strip("-")
