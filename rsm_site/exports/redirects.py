"""Aliases of pages and events -> redirects: rules for hosts that read `_redirects`, a small page for all others."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from markupsafe import escape
from msgspec import Struct

from rsm_site.edition import Edition, Later
from rsm_site.exports.records import absolute
from rsm_site.language import Language
from rsm_site.model import Event, ProsePage, Site
from rsm_site.views import Addresses, relative


class Redirect(Struct, frozen=True, kw_only=True):
    """An old address and where it leads, both from the site's root."""

    alias: str
    url: str
    title: str


def redirects_of(edition: Edition, later: Later | None, addresses: Addresses) -> Iterator[Redirect]:
    """The aliases of what the newest edition shows."""
    front = edition.site.sections
    shown: dict[str, Event | ProsePage] = {
        addresses.of("event", event.id): event for event in (*edition.events, *(later.events if later else ()))
    }
    for page in edition.pages:
        shown[f"index.html#{page.id}" if page.id in front else f"{page.id}.html"] = page
    for url, record in shown.items():
        for alias in record.aliases:
            yield Redirect(alias=alias, url=url, title=record.title)


def encode_rules(redirects: Iterable[Redirect]) -> bytes:
    """The `_redirects` file that Netlify, Cloudflare Pages and others read."""
    lines = (f"/{quote(redirect.alias)} /{quote(redirect.url, safe='/#')} 301\n" for redirect in redirects)
    return "".join(lines).encode()


def encode_page(redirect: Redirect, site: Site, language: Language) -> bytes:
    """A page that leads on, at once and by a link."""
    url = escape(relative(redirect.alias, redirect.url))
    whole = absolute(site.url, redirect.url)
    canonical = f'<link rel="canonical" href="{escape(whole)}">\n' if whole else ""
    return (
        f'<!doctype html>\n<html lang="{escape(site.language)}" dir="{language.direction}">\n<meta charset="utf-8">\n'
        f'<title>{escape(redirect.title)}</title>\n<meta name="robots" content="noindex">\n'
        f'<meta http-equiv="refresh" content="0; url={url}">\n{canonical}<a href="{url}">{escape(redirect.title)}</a>\n'
        "</html>\n"
    ).encode()
