"""The small files that hosts, robots and browsers look for."""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec
from markupsafe import escape

from rsm_site.exports.records import absolute
from rsm_site.language import Language
from rsm_site.model import Security, Site

PAPER, INK = "#fbf8f1", "#0e4a87"


def encode_sitemap(pages: Iterable[tuple[str, date]]) -> bytes:
    """The addresses of pages, each with the day its content is of (sitemaps.org, 0.9)."""
    entries = "".join(f"<url><loc>{escape(url)}</loc><lastmod>{day}</lastmod></url>\n" for url, day in pages)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{head}{entries}</urlset>\n".encode()


def encode_robots(site: Site) -> bytes:
    """Everything is allowed, and where the sitemap is (RFC 9309)."""
    sitemap = f"\nSitemap: {absolute(site.url, 'sitemap.xml')}\n" if site.url else ""
    return f"User-agent: *\nAllow: /\n{sitemap}".encode()


def encode_webmanifest(site: Site, language: Language, icons: Mapping[int, str]) -> bytes:
    """What a browser shows of the site among programs; `icons` are URLs by their size in pixels."""
    manifest = {
        "name": site.title,
        "short_name": site.short_title or site.title,
        "description": site.tagline or site.title,
        "lang": site.language,
        "dir": language.direction,
        "start_url": "index.html",
        "scope": "./",
        "display": "browser",
        "background_color": PAPER,
        "theme_color": INK,
        "icons": [{"src": url, "sizes": f"{size}x{size}", "type": "image/png"} for size, url in sorted(icons.items())],
    }
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def encode_security(security: Security, site: Site) -> bytes:
    """Where a weakness is reported (RFC 9116)."""
    url = ".well-known/security.txt"
    lines = [
        f"Contact: {security.contact}",
        f"Expires: {security.expires}T23:59:59Z",
        f"Preferred-Languages: {site.language}",
        *([f"Canonical: {absolute(site.url, url)}"] if site.url else []),
    ]
    return ("\n".join(lines) + "\n").encode()
