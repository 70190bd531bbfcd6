"""A page as a tree of elements, to ask what stands in what."""

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}
_NOT_SHOWN = {"script", "style"}


class Element:
    """An element: its tag, its attributes, and what stands in it in order."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin without content."""
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element | str] = []

    @property
    def classes(self) -> list[str]:
        """The names of its class attribute."""
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        """What a reader sees of it, with one space for any white space."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in _NOT_SHOWN:
                yield " " if child.tag in ("br", "dd", "div", "dt", "li", "p", "td", "th", "tr") else ""
                yield from child._texts()

    def all(self, tag: str = "", *, class_: str = "") -> Iterator["Element"]:
        """Every element in it of that tag and class, in order."""
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and (not class_ or class_ in child.classes):
                    yield child
                yield from child.all(tag, class_=class_)

    def one(self, tag: str = "", *, class_: str = "") -> "Element":
        """The first element in it of that tag and class, which must be there."""
        found = next(self.all(tag, class_=class_), None)
        assert found is not None, f"there is no <{tag} class='{class_}'> in {self.text[:200]}"
        return found

    def by_id(self, id_: str) -> "Element":
        """The element of that id, which must be there."""
        found = next((each for each in self.all() if each.attributes.get("id") == id_), None)
        assert found is not None, f"there is no element with the id {id_}"
        return found

    @property
    def links(self) -> list[str]:
        """Where the links in it lead."""
        return [link.attributes["href"] for link in self.all("a") if "href" in link.attributes]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in [each.tag for each in self.open[1:]]:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(data: bytes) -> Element:
    """The root of a page."""
    reader = _Reader()
    reader.feed(data.decode())
    return reader.open[0]
