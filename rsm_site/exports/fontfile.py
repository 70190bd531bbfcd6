"""A TrueType or OpenType file -> which characters it has, and how wide each is."""

import struct
from collections.abc import Iterator
from struct import unpack_from

from rsm_site.errors import SiteError


class FontFile:
    """The metrics of a font: `advances` are widths of characters in units of the size, by code point."""

    def __init__(self, data: bytes, name: str) -> None:
        """Read the file's directory of tables; SiteError when it is no font, `name` tells which."""
        self._data = data
        try:
            (count,) = unpack_from(">4xH", data)
            entries = (unpack_from(">4s4xL", data, 12 + 16 * index) for index in range(count))
            self._tables = {tag.decode("latin-1"): offset for tag, offset in entries}
            self.family = self._family()
            self.advances = dict(self._advances())
        except (struct.error, LookupError, ValueError) as error:
            raise SiteError(f"{name} is not a font that can be read") from error

    def _family(self) -> str:
        start = self._tables["name"]
        count, storage = unpack_from(">2xHH", self._data, start)
        names = {}
        for index in range(count):
            platform, name, length, offset = unpack_from(">H4xHHH", self._data, start + 6 + 12 * index)
            if platform == 3:
                begin = start + storage + offset
                names[name] = self._data[begin : begin + length].decode("utf-16-be")
        # 16 is the name of a family with more weights than two, where there are; 1 that of one with two.
        return names.get(16) or names[1]

    def _advances(self) -> Iterator[tuple[int, float]]:
        (units,) = unpack_from(">H", self._data, self._tables["head"] + 18)
        (count,) = unpack_from(">H", self._data, self._tables["hhea"] + 34)
        for character, glyph in self._glyphs():
            (advance,) = unpack_from(">H", self._data, self._tables["hmtx"] + 4 * min(glyph, count - 1))
            yield character, advance / units

    def _glyphs(self) -> Iterator[tuple[int, int]]:
        start = self._tables["cmap"]
        (count,) = unpack_from(">2xH", self._data, start)
        offsets = [start + unpack_from(">4xL", self._data, start + 4 + 8 * index)[0] for index in range(count)]
        formats = {unpack_from(">H", self._data, offset)[0]: offset for offset in offsets}
        if 12 in formats:
            yield from self._read_groups(formats[12])
        else:
            yield from self._read_segments(formats[4])

    def _read_groups(self, start: int) -> Iterator[tuple[int, int]]:
        (count,) = unpack_from(">L", self._data, start + 12)
        for index in range(count):
            first, last, glyph = unpack_from(">LLL", self._data, start + 16 + 12 * index)
            yield from zip(range(first, last + 1), range(glyph, glyph + last - first + 1), strict=True)

    def _read_segments(self, start: int) -> Iterator[tuple[int, int]]:
        (double,) = unpack_from(">H", self._data, start + 6)
        for index in range(double // 2):
            last, first, delta, offset = (
                unpack_from(">H", self._data, start + skipped + 2 * index)[0]
                for skipped in (14, 16 + double, 16 + 2 * double, 16 + 3 * double)
            )
            for character in range(first, min(last, 0xFFFE) + 1):
                glyph = character
                if offset:
                    place = start + 16 + 3 * double + 2 * index + offset + 2 * (character - first)
                    (glyph,) = unpack_from(">H", self._data, place)
                if glyph or not offset:
                    yield character, (glyph + delta) & 0xFFFF
