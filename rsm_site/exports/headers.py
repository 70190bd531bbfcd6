"""What a host sends with each file: content types, caching and what a page may do; the one table for every host."""

import re
from collections.abc import Iterable

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "bib": "application/x-bibtex; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
}
FEED_TYPE = "application/atom+xml; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "public, max-age=0, must-revalidate"
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Types that hosts do not know or do not agree on.
_UNSURE = ("geojson", "csv", "ics", "bib", "webmanifest")
_FINGERPRINTED = re.compile(r"(?:^|/)assets/[^/]+\.[0-9a-f]{12}\.[a-z0-9]+")
_DATA = re.compile(r"(?:editions/[^/]+/)?data/[^/]+")


def headers_for(url: str, csp: str = "") -> dict[str, str]:
    """The headers of the file at `url`, seen from the site's root; `csp` is the Content-Security-Policy."""
    made = {"Content-Type": content_type(url), "Cache-Control": FOREVER if is_fingerprinted(url) else REVALIDATE}
    made |= SECURITY
    if csp:
        made["Content-Security-Policy"] = csp
    if _DATA.fullmatch(url):
        made["Access-Control-Allow-Origin"] = "*"
    return made


def content_type(url: str) -> str:
    """The type of a file by its ending; a name without one is plain text."""
    return FEED_TYPE if url == "feed.xml" else TYPES.get(url.rpartition("/")[2].rpartition(".")[2], PLAIN)


def is_fingerprinted(url: str) -> bool:
    """Tell whether the file's name changes with its content."""
    return _FINGERPRINTED.fullmatch(url) is not None


def encode_headers(urls: Iterable[str], csp: str = "") -> bytes:
    """The `_headers` file that Netlify, Cloudflare Pages and others read. They join what several rules say of one
    header, so no two rules that say the same can hold for one file."""
    urls = sorted(urls)
    everywhere = {**SECURITY, **({"Content-Security-Policy": csp} if csp else {})}
    rules = [("/*", everywhere), ("/", {"Cache-Control": REVALIDATE}), ("/*.html", {"Cache-Control": REVALIDATE})]
    if any(is_fingerprinted(url) for url in urls):
        rules.append(("/assets/*", {"Cache-Control": FOREVER}))
    shared = {"Cache-Control": REVALIDATE, "Access-Control-Allow-Origin": "*"}
    rules += [(path, shared) for path in ("/data/*", "/editions/:day/data/*")]
    rules.append(("/.well-known/*", {"Cache-Control": REVALIDATE}))
    for url in urls:
        if "/" not in url and not url.endswith(".html") and not url.startswith(("_", ".")):
            rules.append((f"/{url}", {"Cache-Control": REVALIDATE}))
    rules += [(f"/*.{suffix}", {"Content-Type": TYPES[suffix]}) for suffix in _UNSURE]
    if "feed.xml" in urls:
        rules.append(("/feed.xml", {"Content-Type": FEED_TYPE}))
    merged: dict[str, dict[str, str]] = {}
    for path, headers in rules:
        merged.setdefault(path, {}).update(headers)
    blocks = (
        "\n".join([path, *(f"  {name}: {value}" for name, value in headers.items())])
        for path, headers in merged.items()
    )
    return ("\n".join(blocks) + "\n").encode()


def encode_nginx(csp: str = "") -> bytes:
    """The same for nginx: a file to include in the `server` block whose root is the site."""
    everywhere = {**SECURITY, **({"Content-Security-Policy": csp} if csp else {})}
    plain_types = {suffix: type_.partition(";")[0] for suffix, type_ in TYPES.items()}
    texts = sorted({type_.partition(";")[0] for type_ in (*TYPES.values(), FEED_TYPE) if "charset" in type_})
    lines = [
        "# Include this in the server block that has the site as its root.",
        "index index.html;",
        "error_page 404 /404.html;",
        "charset utf-8;",
        f"charset_types {' '.join(text for text in texts if text != 'text/html')};",
        f"default_type {PLAIN.partition(';')[0]};",
        "types {",
        *(f"    {type_} {suffix};" for suffix, type_ in plain_types.items()),
        "}",
        f'set $factsheet_cache "{REVALIDATE}";',
        'set $factsheet_origin "";',
        'if ($uri ~ "/assets/[^/]+\\.[0-9a-f]{12}\\.[a-z0-9]+$") {',
        f'    set $factsheet_cache "{FOREVER}";',
        "}",
        'if ($uri ~ "/data/[^/]+$") {',
        '    set $factsheet_origin "*";',
        "}",
        "# Not for errors: a missing file may be there tomorrow.",
        "add_header Cache-Control $factsheet_cache;",
        "add_header Access-Control-Allow-Origin $factsheet_origin;",
        *(f'add_header {name} "{_escape(value)}" always;' for name, value in everywhere.items()),
        "location ~ /feed\\.xml$ {",
        "    types { }",
        f"    default_type {FEED_TYPE.partition(';')[0]};",
        "}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
