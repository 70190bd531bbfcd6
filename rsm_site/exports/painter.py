"""Edition -> the preview image that chats and search engines show, and the icons, as PNG."""

import unicodedata
from collections.abc import Iterable
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from rsm_site.edition import Edition
from rsm_site.errors import SiteError
from rsm_site.exports.fontfile import FontFile
from rsm_site.exports.store import Store
from rsm_site.language import Language

_LEFT, _RIGHT = 64, 1136
_HEIGHT = 270  # of the title, in lines without space between them
_GAP = 32
_FIGURES = 3
_MOST = 600  # characters: more do not fit at any size
_ELLIPSIS = "…"


class Lines(Struct, frozen=True):
    """A text broken into lines, and the size in pixels at which they fit."""

    lines: tuple[str, ...]
    size: int


class FigureText(Struct, frozen=True):
    """A figure of the preview; `x` is where its text begins."""

    value: str
    label: Lines
    x: int


class Painter:
    """Draws with the SVG and the fonts of one templates folder, and with no font of the machine."""

    def __init__(self, templates: Path, store: Store) -> None:
        """Look for preview.svg, assets/img/favicon.svg and assets/fonts/; what is missing is not drawn."""
        self._templates = templates
        self._store = store
        self._font_files = sorted(
            path for path in (templates / "assets" / "fonts").glob("*") if path.suffix in (".ttf", ".otf")
        )

    def preview(self, edition: Edition, language: Language) -> bytes:
        """The title and the featured figures at 1200 x 630 pixels; empty when there is no template for it, or when the
        fonts lack a letter that it needs."""
        svg = self._preview_svg(edition, language)
        return self._draw(svg.encode(), 1200) if svg else b""

    def favicon(self) -> bytes:
        """The icon as SVG, empty when there is none."""
        path = self._templates / "assets" / "img" / "favicon.svg"
        return path.read_bytes() if path.is_file() else b""

    def icon(self, size: int) -> bytes:
        """The icon at `size` pixels square."""
        return self._draw(self.favicon(), size)

    def _draw(self, svg: bytes, width: int) -> bytes:
        fonts = [sha256(path.read_bytes()).hexdigest() for path in self._font_files]

        def draw(_inputs: bytes) -> bytes:
            import resvg_py

            return bytes(
                resvg_py.svg_to_bytes(
                    svg_string=svg.decode(),
                    width=width,
                    skip_system_fonts=True,
                    font_files=[str(path) for path in self._font_files],
                    font_family=self._fonts[0].family if self._fonts else None,
                )
            )

        return self._store.get(draw, "resvg_py", f"{width} {fonts} ".encode() + svg)

    @cached_property
    def _fonts(self) -> list[FontFile]:
        return [FontFile(path.read_bytes(), str(path)) for path in self._font_files]

    def _preview_svg(self, edition: Edition, language: Language) -> str:
        import jinja2

        if not self._fonts or not (self._templates / "preview.svg").is_file():
            return ""
        shown = [fact for fact in edition.facts if fact.fact.featured and fact.current][:_FIGURES]
        texts = [edition.site.title, language.word("edition", date=language.day(edition.day))]
        for fact in shown:
            assert fact.current
            texts += [language.qualified(fact.current.value, fact.current.qualifier, fact.current.status)]
            texts += [fact.fact.label]
        drawable = [self._drawable(text) for text in texts]
        if None in drawable:
            return ""
        title, edition_words, *figures = (text or "" for text in drawable)
        is_rtl = language.direction == "rtl"
        column = (_RIGHT - _LEFT) // max(len(shown), 1)
        edge, step = (_RIGHT, -column) if is_rtl else (_LEFT, column)
        values = [self._fit(text, column - _GAP, [(size, 1) for size in range(64, 23, -4)]) for text in figures[::2]]
        labels = [self._fit(text, column - _GAP, [(24, 2)]) for text in figures[1::2]]
        view = {
            "rtl": is_rtl,
            "edge": edge,
            "edition": edition_words,
            "title": self._fit(title, _RIGHT - _LEFT, [(size, int(_HEIGHT / size)) for size in range(120, 35, -6)]),
            "value_size": min((value.size for value in values), default=0),
            "figures": [
                FigureText(value=value.lines[0], label=label, x=edge + index * step)
                for index, (value, label) in enumerate(zip(values, labels, strict=True))
            ],
        }
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        try:
            return environment.get_template("preview.svg").render(view)
        except jinja2.TemplateSyntaxError as error:
            raise SiteError(f"templates/preview.svg:{error.lineno}: {error.message}") from error
        except (jinja2.TemplateError, TypeError, LookupError, ValueError, AttributeError) as error:
            raise SiteError(f"templates/preview.svg: {error}") from error

    def _drawable(self, text: str) -> str | None:
        """The text without signs that the fonts do not have; None when a letter or digit is among them."""
        kept = []
        for character in unicodedata.normalize("NFC", text[:_MOST]):
            if any(ord(character) in font.advances for font in self._fonts):
                kept.append(character)
            elif unicodedata.category(character)[0] in "LN":
                return None
            else:
                kept.append(" ")
        return " ".join("".join(kept).split())

    def _fit(self, text: str, width: int, steps: Iterable[tuple[int, int]]) -> Lines:
        """Break the text into lines at the first of the steps (size and how many lines) at which it fits, else cut it
        short at the last."""
        lines, size, most = [""], 1, 1
        for size, most in steps:
            lines = self._wrap(text, width / size)
            if len(lines) <= most:
                return Lines(tuple(lines), size)
        last = lines[most - 1]
        while self._width(last + _ELLIPSIS) > width / size:
            last = last[:-1].rstrip()
        return Lines((*lines[: most - 1], last + _ELLIPSIS), size)

    def _wrap(self, text: str, width: float) -> list[str]:
        lines = [""]
        for word in text.split():
            if lines[-1] and self._width(f"{lines[-1]} {word}") <= width:
                lines[-1] += f" {word}"
                continue
            if lines[-1]:
                lines.append("")
            for character in word:
                if self._width(lines[-1] + character) > width:
                    lines.append("")
                lines[-1] += character
        return lines

    def _width(self, text: str) -> float:
        widths = ((font.advances.get(ord(each)) for font in self._fonts) for each in text)
        return sum(next((width for width in found if width is not None), 1.0) for found in widths)
