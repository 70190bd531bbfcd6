"""A built page -> the page as the preview serves it, and whether two pages differ in their styles only."""

import re
from hashlib import sha256
from html import unescape

SCRIPT_URL = "/-/preview.js"

_POLICY = re.compile(
    r"""(<meta\b[^>]*http-equiv=["']?content-security-policy\b[^>]*\bcontent=)("[^"]*"|'[^']*')""", re.IGNORECASE
)
_STYLES = re.compile(
    rb"<style\b.*?</style>|<link\b[^>]*\.css\b[^>]*>|<meta\b[^>]*content-security-policy\b[^>]*>",
    re.IGNORECASE | re.DOTALL,
)


def add_script(page: bytes) -> bytes:
    """The page with the preview's script, and its policy as far as it has to allow it; nothing else is changed."""
    head, end, rest = page.decode().partition("</head>")
    head = _POLICY.sub(lambda match: f'{match[1]}"{_as_attribute(allow_script(unescape(match[2][1:-1])))}"', head)
    script = f'<script src="{SCRIPT_URL}" defer data-version="{version_of(page)}"></script>'
    return f"{head}{script}{end}{rest}".encode()


def allow_script(policy: str) -> str:
    """The content security policy with what the preview's script needs: itself, and its requests to this server."""
    directives = {words[0].lower(): words[1:] for part in policy.split(";") if (words := part.split())}
    for name in ("script-src", "connect-src"):
        sources = directives.get(name, directives.get("default-src"))
        if sources is not None and "'self'" not in sources:
            directives[name] = [*(source for source in sources if source != "'none'"), "'self'"]
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _as_attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;")


def version_of(data: bytes) -> str:
    """A short name of exactly these bytes."""
    return sha256(data).hexdigest()[:16]


def differ_in_styles_only(before: bytes, after: bytes) -> bool:
    """Whether a browser can go from one page to the other by taking its style sheets."""
    return _STYLES.sub(b"", before) == _STYLES.sub(b"", after)
