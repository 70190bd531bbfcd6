"""The front page -> the same page in one file, which asks for nothing and opens from a mail attachment."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from typing import NamedTuple

from markupsafe import escape

# What a page of the site says of one thing, the front page says at the anchor with this before its id.
_ANCHORS = {"facts.html": "fact-", "timeline.html": "event-", "hubs.html": "hub-", "sources.html": "source-"}
# Classes of links whose words say nothing but where they lead.
_WAYS_ON = {"bar__link", "section__more", "cite__more", "footer__link"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_ATTRIBUTES = r"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
_TAG = re.compile(
    rf"<(?P<raw>script|style)\b(?P<of_raw>{_ATTRIBUTES})>.*?</(?P=raw)\s*>"
    rf"|<(?P<end>/)?(?P<name>[a-zA-Z][\w-]*)(?P<attributes>{_ATTRIBUTES})>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""(?P<name>[\w:-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_ID = re.compile(r'\sid="([^"]*)"')
_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


class _Open(NamedTuple):
    """An element whose end is still to come: its name, id and what ends it."""

    name: str
    id: str
    end: str


def encode_single_file(html: str, *, address: str, script: str) -> str:
    """The front page, whose style sheet stands in it, with `script` in it too and without the menu. Links to other
    pages lead to the site at `address` (ending in a slash); without one they lead to the same thing in the file, or
    their words stay alone."""
    return _Rewriter(html, address, _embeddable(script)).rewrite(html)


def hash_of_script(script: str) -> str:
    """The hash that a content security policy needs to let the script of the file run."""
    return _hash(_embeddable(script))


def _embeddable(script: str) -> str:
    """The script as it can stand in a page, which `</script` in it would end."""
    return re.sub(r"</(?=script)", r"<\\/", script.strip(), flags=re.IGNORECASE)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


class _Rewriter:
    """Copies a page and changes what refers to other files."""

    def __init__(self, html: str, address: str, script: str) -> None:
        self._address = address
        self._ids = set(_ID.findall(html))
        self._script = script
        styles = " ".join(f"'{_hash(text)}'" for text in _STYLE.findall(html)) or "'none'"
        scripts = f"'{_hash(script)}'" if script else "'none'"
        self._policy = (
            f"default-src 'none'; style-src {styles}; script-src {scripts}; base-uri 'none'; form-action 'none'"
        )
        self._made: list[str] = []
        self._open: list[_Open] = []
        self._left_out_at = 0  # how many elements are open at the one that is left out; 0 when none is

    def rewrite(self, html: str) -> str:
        """The page as it is in the file."""
        position = 0
        for match in _TAG.finditer(html):
            self._copy(html[position : match.start()])
            position = match.end()
            if match["raw"]:
                self._copy("" if "src" in _read(match["of_raw"]) else match[0])
            elif match["end"]:
                self._end(match["name"])
            else:
                self._begin(match["name"], match["attributes"], match[0])
        self._copy(html[position:])
        return "".join(self._made)

    def _copy(self, text: str) -> None:
        if not self._left_out_at:
            self._made.append(text)

    def _begin(self, name: str, attributes: str, text: str) -> None:
        given = _read(attributes)
        classes = set(given.get("class", "").split())
        end = f"</{name}>"
        is_left_out = "menu" in classes
        if name == "a" and "href" in given:
            href = self._lead(given["href"])
            kept = {"class": given["class"]} if classes else {}
            if href:
                text = _tag(name, {**given, "href": href})
            elif any(each.name == "svg" for each in self._open):
                text = _tag(name, kept)
            else:
                text, end = _tag("span", kept), "</span>"
                is_left_out = bool(classes & _WAYS_ON)
        elif name == "link" and given.get("rel") != "canonical":
            text = ""
        elif given.get("http-equiv") == "Content-Security-Policy":
            text = _tag(name, {**given, "content": self._policy})
        if name not in _VOID and not attributes.endswith("/"):
            self._open.append(_Open(name, given.get("id", ""), end))
            if is_left_out and not self._left_out_at:
                self._left_out_at = len(self._open)
        self._copy(text)

    def _end(self, name: str) -> None:
        if name == "body" and self._script:
            # At the end, as a script that stands in the page does not wait for it.
            self._copy(f"<script>{self._script}</script>\n")
        depth = len(self._open)
        self._copy(self._open.pop().end)
        if self._left_out_at == depth:
            self._left_out_at = 0

    def _lead(self, href: str) -> str:
        """Where a link leads from the file, empty when nowhere or to what it stands in."""
        if _OUTSIDE.match(href):
            return href
        url, _, fragment = href.partition("#")
        if url and self._address:
            return self._address + href.removeprefix("index.html")
        anchor = fragment
        if url.startswith("events/"):
            anchor = f"event-{url.removeprefix('events/').removesuffix('.html')}"
        elif url:
            anchor = f"{_ANCHORS[url]}{fragment}" if url in _ANCHORS else ""
        is_here = anchor in self._ids and all(each.id != anchor for each in self._open)
        return f"#{anchor}" if is_here else ""


def _read(attributes: str) -> dict[str, str]:
    found = _ATTRIBUTE.finditer(attributes)
    return {each["name"]: unescape(each["double"] if each["double"] is not None else each["single"]) for each in found}


def _tag(name: str, attributes: dict[str, str]) -> str:
    return "<" + "".join([name, *(f' {key}="{escape(value)}"' for key, value in attributes.items())]) + ">"
