"""The one-file page -> the same as PDF, in the print design, by WeasyPrint in a process of its own."""

import locale
import os
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from datetime import date
from hashlib import sha256
from importlib.util import find_spec
from io import StringIO
from typing import Any
from xml.etree import ElementTree

from rsm_site.errors import SiteError, UsageError

SECONDS = 240
_LEAST = 70  # the version from which on what is made is PDF/UA
_SVG = "{http://www.w3.org/2000/svg}"
_VARIANT = "pdf/ua-1"
# What fontconfig and Pango take the reader's language from, and with it the choice of a font.
_OF_THE_MACHINE = ("FC_LANG", "PANGO_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LANG")
_SHEET_WIDTH = 1200  # CSS px that a drawing without a width of its own is drawn for, then scaled to the sheet
_PICTURE_WIDTH = 2400  # px: about 300 to the inch across the sheet
_DRAWN = re.compile(r"(?:^|[;{\s])(?:fill|stroke|display|font|text-)[\w-]*:")
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_LIGHT_DARK = re.compile(r"light-dark\(([^(),]+),[^(),]+\)")
_MIX = re.compile(r"color-mix\(in srgb,\s*(#[0-9a-f]+)\s+([\d.]+)%,\s*(#[0-9a-f]+)\)", re.IGNORECASE)


def require_weasyprint() -> None:
    """UsageError, with the command that installs it, when WeasyPrint is not there."""
    if find_spec("weasyprint") is None:
        raise UsageError("--pdf needs WeasyPrint; install it with: pip install 'rsm-site[pdf]'")


def encode_pdf(html: str, *, day: date, style: str, seconds: float = SECONDS) -> bytes:
    """The page as PDF/UA-1, dated `day`, with `style` after its own style sheet; SiteError after so many seconds."""
    import multiprocessing
    import signal

    # The process is stopped by this one, never by a key.
    ignored = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(1, signal.signal, ignored) as pool:
        try:
            return pool.apply_async(_render, (html, day, style)).get(seconds)
        except multiprocessing.TimeoutError:
            raise SiteError(f"the PDF was not done after {seconds:.0f} seconds; nothing was written") from None


def _render(html: str, day: date, style: str) -> bytes:
    for name in _OF_THE_MACHINE:
        os.environ.pop(name, None)
    locale.setlocale(locale.LC_ALL, "C")
    try:
        with redirect_stdout(StringIO()):  # where WeasyPrint tells at length of a library that it lacks
            from weasyprint import HTML
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise UsageError(f"--pdf needs WeasyPrint {_LEAST} with Pango, and that cannot be loaded: {error}") from None

    whole = html.replace("</head>", f"<style>{style}</style></head>", 1)
    page = HTML(string=whole, url_fetcher=URLFetcher(allowed_protocols=["data"]))
    sheets = "".join(sheet.text or "" for sheet in page.etree_element.iter("style"))
    _prepare(page.etree_element, _style_of_drawings(sheets))
    options = {"pdf_variant": _VARIANT, "pdf_tags": True}
    document = page.render(font_config=FontConfiguration(), **options)
    document.metadata.created = document.metadata.modified = day.isoformat()
    identifier = sha256(whole.encode()).hexdigest()[:32].encode()
    made: bytes = document.write_pdf(pdf_identifier=identifier, finisher=_finish, **options)
    return made


def _prepare(element: Any, style: str, classes: str = "") -> None:
    """Take away what closed details hide, and make drawings pictures with the style sheet in them, as WeasyPrint gives
    them nothing of the page's."""
    classes = f"{classes} {element.get('class', '')}".strip()
    for index, child in reversed(list(enumerate(element))):
        if (element.tag == "details" and child.tag != "summary") or child.get("display") == "none":
            element.remove(child)
        elif child.tag == f"{_SVG}svg":
            element[index] = _make_picture(child, style, classes)
        else:
            _prepare(child, style, classes)


def _make_picture(svg: Any, style: str, classes: str) -> Any:
    title, description = (svg.findtext(f"{_SVG}{name}", "") for name in ("title", "desc"))
    picture = svg.makeelement(
        "img", {"class": svg.get("class", ""), "alt": ". ".join(filter(None, [title, description]))}
    )
    picture.tail, svg.tail = svg.tail, None
    around = svg.makeelement(f"{_SVG}g", {"class": classes})  # as rules may begin with what is around the drawing
    around.extend(svg)
    for link in around.iter(f"{_SVG}a"):
        link.tag = f"{_SVG}g"  # WeasyPrint takes it for text
    rules = svg.makeelement(f"{_SVG}style", {})
    rules.text = style
    svg[:] = [rules, around]
    if svg.get("width") == "100%" and title:
        svg.attrib |= {"viewBox": f"0 0 {_SHEET_WIDTH} {svg.get('height')}", "width": str(_SHEET_WIDTH)}
    texts = [text for text in around.iter(f"{_SVG}text") if text.text]
    joins = any(_joins(character) for text in texts for character in text.text)
    kind, data = ("png", _pixels(svg, texts)) if joins else ("svg+xml", ElementTree.tostring(svg))
    picture.set("src", f"data:image/{kind};base64,{b64encode(data).decode()}")
    return picture


def _joins(character: str) -> bool:
    """Tell whether a character is set by those around it, which WeasyPrint does not do in drawings."""
    return _direction(character) == "rtl" or unicodedata.category(character)[0] == "M"


def _direction(character: str) -> str:
    """Where a letter wants a text to run; empty for what is no letter."""
    return {"L": "ltr", "R": "rtl", "AL": "rtl"}.get(unicodedata.bidirectional(character), "")


def _pixels(svg: Any, texts: Iterable[Any]) -> bytes:
    """The drawing as PNG."""
    import resvg_py

    for text in texts:
        if next(filter(None, map(_direction, text.text)), "") == "rtl":
            text.text = f"\u202b{text.text}\u202c"  # what `unicode-bidi: plaintext` says in a browser
    return bytes(resvg_py.svg_to_bytes(svg_string=ElementTree.tostring(svg, "unicode"), width=_PICTURE_WIDTH))


def _style_of_drawings(css: str) -> str:
    """The rules that drawings can need, with custom properties and mixed colours worked out."""
    import tinycss2  # type: ignore[import-untyped]

    rules = [rule for rule in tinycss2.parse_stylesheet(css) if rule.type == "qualified-rule"]
    texts = (f"{tinycss2.serialize(rule.prelude)}{{{tinycss2.serialize(rule.content)}}}" for rule in rules)
    drawn = "".join(text for text in texts if _DRAWN.search(text))
    variables = dict(re.findall(r"(--[\w-]+):\s*([^;}]+)", css))
    while _VARIABLE.search(drawn):
        drawn = _VARIABLE.sub(lambda match: variables.get(match[1], "unset"), drawn)
    return _MIX.sub(_mixed, _LIGHT_DARK.sub(r"\1", drawn))


def _mixed(match: re.Match[str]) -> str:
    share = float(match[2]) / 100
    pairs = zip(_channels(match[1]), _channels(match[3]), strict=True)
    return "#" + "".join(f"{round(one * share + other * (1 - share)):02x}" for one, other in pairs)


def _channels(colour: str) -> Iterator[int]:
    digits = colour[1:] if len(colour) > 4 else "".join(digit * 2 for digit in colour[1:])
    return (int(digits[at : at + 2], 16) for at in (0, 2, 4))


def _finish(_document: Any, pdf: Any) -> None:
    """Keep drawings that only repeat the words beside them out of the figures, each of which needs words of its own."""
    for each in pdf.objects:
        if isinstance(each, dict) and each.get("S") == "/Figure" and "Alt" not in each:
            each["S"] = "/NonStruct"
