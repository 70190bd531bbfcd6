"""Static files of the templates -> bytes under fingerprinted names."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from rsm_site.errors import SiteError

_CSS_ORDER = ("tokens.css", "base.css", "layout.css", "components", "pages", "print.css")


class Assets(Struct, frozen=True):
    """Files by their URL, the style sheet that the front page carries within it, and the URLs that other pages name."""

    files: Mapping[str, bytes]
    css: str
    css_url: str
    script_url: str

    @property
    def css_hash(self) -> str:
        """The hash of the front page's style sheet as a content security policy has it."""
        return f"sha256-{b64encode(sha256(self.css.encode()).digest()).decode()}"

    @property
    def script(self) -> str:
        """The script's text, empty when there is none."""
        return self.files[self.script_url].decode() if self.script_url else ""


def make_assets(templates: Path) -> Assets:
    """Join and minify the style sheets (tokens, base, layout, components, pages, print; the front page has no need of
    pages), take the script as it is."""
    folder = templates / "assets"
    if not folder.is_dir():
        raise SiteError(f"the templates have no folder assets/ at {folder}")
    sheets = {path: _read(path) for path in _style_sheets(folder / "css")}
    css = _minify("\n".join(text for path, text in sheets.items() if path.parent.name != "pages"))
    whole = _minify("\n".join(sheets.values())).encode()
    script = (folder / "js" / "site.js").read_bytes() if (folder / "js" / "site.js").is_file() else b""
    files = {}
    css_url = fingerprinted("assets/site.css", whole)
    files[css_url] = whole
    script_url = ""
    if script:
        script_url = fingerprinted("assets/site.js", script)
        files[script_url] = script
    return Assets(files=files, css=css, css_url=css_url, script_url=script_url)


def fingerprinted(url: str, data: bytes) -> str:
    """The URL with the beginning of the content's SHA-256 before its ending, so that it can be cached for ever."""
    stem, _, suffix = url.rpartition(".")
    return f"{stem}.{sha256(data).hexdigest()[:12]}.{suffix}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SiteError(f"the style sheet {path} is not UTF-8; save it with that encoding") from error


def _style_sheets(folder: Path) -> list[Path]:
    found = []
    for name in _CSS_ORDER:
        path = folder / name
        found.extend(sorted(path.glob("*.css")) if path.is_dir() else [path] if path.is_file() else [])
    return found


def _minify(css: str) -> str:
    from rcssmin import cssmin

    minified: str = cssmin(css)
    return minified
