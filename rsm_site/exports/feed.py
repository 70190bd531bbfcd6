"""Editions -> feed.xml: an entry for each, with what changed since the one before (Atom, RFC 4287)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

import msgspec
from markupsafe import escape
from msgspec import Struct

from rsm_site.changes import ChangesView
from rsm_site.exports.records import absolute
from rsm_site.exports.store import Store
from rsm_site.language import Language
from rsm_site.model import Site

EditionChanges = tuple[date, ChangesView | None]


class FeedEntry(Struct, frozen=True, kw_only=True):
    """An edition; `html` is what changed."""

    day: date
    title: str
    url: str
    html: str


class Feed(Struct, frozen=True, kw_only=True):
    """What the feed says, in the language of its readers."""

    title: str
    subtitle: str
    language: str
    url: str
    address: str
    author: str
    author_email: str | None
    author_url: str | None
    rights: str | None
    entries: tuple[FeedEntry, ...]


def encode_feed(site: Site, language: Language, editions: Iterable[EditionChanges], store: Store) -> bytes:
    """The feed of a site that has an address; `editions` are days with what changed, the oldest first and without."""
    publisher = site.publisher
    feed = Feed(
        title=site.title,
        subtitle=site.tagline,
        language=site.language,
        url=absolute(site.url, "changes.html" if len(site.editions) > 1 else "index.html"),
        address=absolute(site.url, "feed.xml"),
        author=publisher.name if publisher else site.title,
        author_email=(publisher.email or None) if publisher else None,
        author_url=(publisher.url or None) if publisher else None,
        rights=f"{site.licence} {site.licence_url}" if site.licence else None,
        entries=tuple(
            FeedEntry(
                day=day,
                title=f"{site.short_title or site.title}: {language.word('edition', date=language.day(day))}",
                url=absolute(site.url, f"editions/{day}/index.html"),
                html=_tell(changes, language) if changes else f"<p>{escape(site.tagline or site.title)}</p>",
            )
            for day, changes in reversed(list(editions))
        ),
    )
    return store.get(_write, "feedgenerator", msgspec.json.encode(feed))


def _tell(changes: ChangesView, language: Language) -> str:
    if not changes.groups:
        return f"<p>{escape(language.word('no_changes'))}</p>"
    return "".join(
        f"<h3>{escape(group.label)}</h3><ul>{''.join(f'<li>{escape(entry.text)}</li>' for entry in group.entries)}</ul>"
        for group in changes.groups
    )


def _write(encoded: bytes) -> bytes:
    from feedgenerator import Atom1Feed

    feed = msgspec.json.decode(encoded, type=Feed)
    atom = Atom1Feed(
        title=feed.title,
        link=feed.url,
        description=None,
        subtitle=feed.subtitle,
        language=feed.language,
        author_name=feed.author,
        author_email=feed.author_email,
        author_link=feed.author_url,
        feed_url=feed.address,
        feed_guid=feed.address,
        feed_copyright=feed.rights,
    )
    for entry in feed.entries:
        moment = datetime.combine(entry.day, time(), UTC)
        atom.add_item(
            title=entry.title,
            link=entry.url,
            description=None,
            content=entry.html,
            pubdate=moment,
            updateddate=moment,
            unique_id=entry.url,
        )
    return (str(atom.writeString("utf-8")) + "\n").encode()
