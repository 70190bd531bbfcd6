"""Markdown and references -> safe HTML, and what is found wrong in a text."""

import time
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rsm_site import prose
from rsm_site.errors import Location, Problem
from rsm_site.model import Prose, Term
from rsm_site.proofreading import check
from rsm_site.prose import Answer, Converter
from rsm_site.reader import read_yaml
from rsm_site.references import BadReferenceError, Reference, locate, parse_reference, references
from rsm_site.schema import Findings, Reading, read_record

CONVERTER = Converter()


def body(text: str) -> Prose:
    """A text as the whole of a Markdown file."""
    return Prose(text, Location("x.md"))


def html_of(text: str, prefix: str = "") -> str:
    """The HTML of a text, with references answered by their kind and id."""
    compiled = CONVERTER.compile(text, prefix=prefix)
    answer = lambda reference: Answer(f"<{reference.id}>", f"{reference.kind}.html#{reference.id}")  # noqa: E731
    return str(prose.render(compiled, answer, lambda url: f"../{url}"))


def codes(text: str) -> list[tuple[str, int, int, int]]:
    """Code, line, column and length of each problem of a text."""
    places = ((problem.code, problem.location) for problem in sorted(check(body(text), text)))
    return [(code, place.line, place.column, place.length) for code, place in places]


class Seen(HTMLParser):
    """The tags and attributes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        """Parse `html`."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


PIECES = st.sampled_from(
    [
        *(
            "# ",
            "## ",
            "> ",
            "- ",
            "1. ",
            "    ",
            "\t",
            "\n",
            "\n\n",
            "|",
            "---",
            "```\n",
            "`",
            "*",
            "**",
            "_",
            "~",
            ": ",
            "&",
            "\\",
        ),
        *(
            "[",
            "]",
            "(",
            ")",
            "![",
            "](",
            "[^1]",
            "[^1]: ",
            "*[AB]: ",
            "AB",
            "[[fact:a]]",
            "[[fact:a|b c]]",
            "[[",
            "]]",
            "word ",
            "12 ",
        ),
        *(
            "<",
            ">",
            "</",
            "<script>",
            "</script>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:alert(1)'>",
            "<svg/onload=x>",
        ),
        *(
            "javascript:alert(1)",
            "data:text/html,x",
            "<style>",
            "<base href=//x>",
            "<div id=x class=y style=z>",
            "{{ x }}",
            "{% x %}",
        ),
        *(
            "::: from=2019\n",
            ":::\n",
            "<!--",
            "-->",
            "&lt;script&gt;",
            "\u202e",
            "é",
            "\U0001f600",
            "a | b\n--- | ---\n",
            "=\n",
            "Term\n: ",
        ),
    ]
)
INLINE = [
    "&amp;",
    "\\*",
    "[1]: /x\n",
    "[a][1]",
    "[1]",
    "![1]",
    "<https://x.org>",
    "<a@b.org>",
    "  \n",
    "![a](b)",
    "<b>",
    "\r",
]
MARKDOWN = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=60))


@settings(max_examples=400)
@given(MARKDOWN)
@example("[^1]: a\n[^1]: b\n")
@example("[^1]\n\n[^1]: - [^2]: x\n")
@example("a[^1] b[^1]\n\n[^1]: c\n")
@example("[[fact:a|<script>]] `[[fact:a]]`")
def test_nothing_in_a_text_can_run(text: str) -> None:
    """Whatever the text, its HTML has harmless tags and attributes alone, and leads nowhere but to pages and mail."""
    if any(problem.severity == "error" for problem in check(body(text), text)):
        return
    seen = Seen(html_of(text))
    assert seen.tags <= prose._TAGS
    for name, value in seen.attributes:
        assert name in {
            "id",
            "class",
            "href",
            "title",
            "lang",
            "dir",
            "role",
            "value",
            "start",
            "colspan",
            "rowspan",
        } | {
            *("headers", "scope", "datetime", "aria-label"),
        }
        if name == "href":
            assert value.startswith(("http://", "https://", "mailto:", "../", "#"))


@settings(max_examples=300)
@given(MARKDOWN)
def test_a_problem_stands_in_the_text(text: str) -> None:
    """Each problem of any text has a place in it, and a remedy."""
    lines = text.split("\n")
    for problem in check(body(text), text):
        place = problem.location
        assert problem.hint
        assert 1 <= place.line <= len(lines)
        assert place.column + place.length - 1 <= len(lines[place.line - 1]) + 1


@given(st.lists(st.sampled_from(["word", "it's", '"so"', "12", "a\\b", "\n", "\n\n", "é: x", "# no"]), max_size=12))
def test_places_in_yaml_are_those_of_the_file(words: list[str]) -> None:
    """However YAML writes a text (plain, quoted, folded), a number in it is found at its own line and column."""
    text = " ".join(["Begin", *words, "7"])
    flat = " ".join(text.split())
    written = {
        '"': '"' + flat.replace("\\", "\\\\").replace('"', '\\"').replace(" ", "\n    ", 2) + '"',
        "'": "'" + flat.replace("'", "''").replace(" ", "\n    ", 1) + "'",
        ">": ">-\n    " + flat.replace(" ", "\n    ", 3),
        "|": "|  # a note\n    " + "\n    ".join(line.strip() for line in text.split("\n")),
    }
    for style, value in written.items():
        source = f"- id: a\n  term: A\n  expansion: A\n  definition: {value}\n"
        problems: list[Problem] = []
        findings = Findings()
        root = read_yaml("x.yaml", source.encode(), problems).root
        assert (problems, root is not None) == ([], True)
        assert root is not None
        read_record(Term, root.value[0], Reading("x.yaml", findings))
        definition = findings.texts[0]
        assert definition.style == style
        start = definition.text.rindex("7")
        place = locate(definition, source, start, start + 1)
        lines = source.split("\n")
        assert (place.line, place.column) == (len(lines) - 1, lines[-2].rindex("7") + 1)


def test_references_stand_anywhere_in_markdown() -> None:
    """A reference works in tables, headings, links, definition lists, emphasis and attributes; not in code."""
    html = html_of(
        "## About [[fact:a|words]]\n\n| one | two |\n|---|---|\n| [[fact:a|b]] | `[[fact:c|d]]` |\n\n"
        '[see [[hub:h]]](facts.html)\n\nTerm\n: [[term:t]]\n\n**[[event:e]]**\n\n<abbr title="[[fact:a]]">x</abbr>\n\n'
        "    [[fact:code]]\n"
    )
    assert '<h2 id="about">About <a class="ref ref--fact" href="../fact.html#a">words</a></h2>' in html
    assert '<td><a class="ref ref--fact" href="../fact.html#a">b</a></td>' in html
    assert "<td><code>[[fact:c|d]]</code></td>" in html
    assert '<a href="../facts.html">see &lt;h&gt;</a>' in html
    assert '<dd><a class="ref ref--term" href="../term.html#t">&lt;t&gt;</a></dd>' in html
    assert '<strong><a class="ref ref--event" href="../event.html#e">&lt;e&gt;</a></strong>' in html
    assert '<abbr title="&lt;a&gt;">x</abbr>' in html
    assert "<pre><code>[[fact:code]]\n</code></pre>" in html


def test_markdown_has_its_extras() -> None:
    """Footnotes, tables, abbreviations, definition lists and fenced code work; ids bear the prefix."""
    html = html_of(
        "## Two words\n\nAB[^n] and again[^n].\n\n*[AB]: Able\n\n```\n<x>\n```\n\n[^n]: Note.\n", prefix="p-"
    )
    assert '<h2 id="p-two-words">' in html
    assert '<abbr title="Able">AB</abbr><sup id="p-fnref-1"><a class="footnote-ref" href="#p-fn-1">1</a></sup>' in html
    assert '<sup id="p-fnref2-1">' in html
    assert '<li id="p-fn-1">' in html
    assert 'href="#p-fnref-1"' in html
    assert "&lt;x&gt;" in html


# What a paragraph may have, then what makes a text more than paragraphs; at the end of a line or beginning the next.
_PLAIN = (
    "a¦*a*¦**b** _c_¦`a`¦[a](b)¦![a](b)¦[a](<b> 'c')¦***¦_¦[¦]¦!¦|¦#¦>¦1.¦: ¦---¦~~~¦[1]¦[^1]¦[[fact:a]]¦\xa0¦ ¦\n¦\n\n"
)
_MORE = (
    "# a¦a\n=¦a\n-¦***¦* * *¦___¦> a¦* a¦+ a¦- a¦1. a¦a\n: b¦a|b\n-|-¦|a\n|-¦[1]: b¦[^1]: b¦*[a]: b¦```\na\n```"
    "¦~~~\na\n~~~¦    a¦  a¦\ta¦a  \nb¦a\t\nb¦a\rb¦a &#65 b¦&amp;¦<b>a</b>¦<div>\na\n</div>¦<https://a.b>¦a\\*b\\*¦a\\|b"
    "¦*\x02a*¦*\x03a*"
)
LINES = st.lists(st.sampled_from([*_PLAIN.split("¦"), *_MORE.split("¦"), "\n", "\n"]), max_size=6).map("".join)


@settings(max_examples=600)
@given(st.one_of(LINES, st.lists(st.one_of(PIECES, st.sampled_from(INLINE)), max_size=25).map("".join)))
@example(
    "a [b][1] ![c][1] [1] ![1] <https://x.org> <a@b.org> `d` \\* &amp; ![e](f) [g](h)  \n<b>i</b> j[^1]\n\n"
    "[1]: /x\n[^1]: k"
)
@example("\n**a** _b_ `c` [d](e) ![f](g) !\n1 # h - i\n\n\n[[fact:a]]\n")
@example("a\r# b\n")
@example("[^a[b]: c\n")
def test_what_is_not_looked_for_is_not_there(text: str) -> None:
    """What a text does not have the signs of would not be found in it: with all of Python-Markdown it is the same."""
    found = Converter().compile(text)
    with patch.object(prose, "_SIGNS", {}), patch.object(prose, "_is_plain", lambda _text: False):
        assert found == Converter().compile(text)


def test_template_signs_are_plain_text() -> None:
    """What a template would mean is shown as it is written."""
    assert html_of("{{ page }} {% if %}") == "<p>{{ page }} {% if %}</p>"


def test_links_of_a_text_are_urls_from_the_root() -> None:
    """A link to a page works from any depth, with or without a slash before it; others stay as they are."""
    html = html_of("[a](facts.html#x) [b](/hubs.html) [c](https://example.org/) [d](mailto:a@example.org) [e](#here)")
    for href in ("../facts.html#x", "../hubs.html", "https://example.org/", "mailto:a@example.org", "#here"):
        assert f'href="{href}"' in html


@pytest.mark.parametrize(
    ("raw", "reason", "hint"),
    [
        ("staff", "a reference is written [[kind:id]]", "write one of fact, event"),
        ("fakt:staff", "'fakt' is not a kind of reference", "did you mean 'fact'?"),
        ("fact:staff@2019-02-30", "'2019-02-30' is not a date: February 2019 has 28 days", "write YYYY"),
        ("event:opening@2019", "only a fact can be asked for on another day", "delete '@2019'"),
        ("fact:", "a reference is written [[kind:id]]", "write one of"),
        ("fact:a b", "a reference is written [[kind:id]]", "write one of"),
    ],
)
def test_what_is_no_reference(raw: str, reason: str, hint: str) -> None:
    """The reason and the remedy fit the mistake."""
    with pytest.raises(BadReferenceError) as caught:
        parse_reference(raw)
    assert str(caught.value) == reason
    assert caught.value.hint.startswith(hint)


def test_a_reference_has_its_parts() -> None:
    """Kind, id, the last day of the time asked for, and own words."""
    reference = parse_reference("fact:staff@2019-02|the  old\nstaff")
    assert (reference.kind, reference.id, reference.day) == ("fact", "staff", date(2019, 2, 28))
    assert reference.words == "the old staff"


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_is_refused(raw: str) -> None:
    """Nothing between the brackets is a fault of the program."""
    try:
        found: Reference | BadReferenceError = parse_reference(raw)
    except BadReferenceError as error:
        found = error
    assert found.raw == raw if isinstance(found, Reference) else found.hint


def test_numbers_typed_by_hand_are_found() -> None:
    """Each number, date or range in prose is one warning, at its place."""
    text = (
        "In 2014 there were 13,000, then 12.5 or 1 000.\n\n- From 2014-09-30 to 12:30\n\n"
        "> 2014–2016\n\n| 7 |\n|---|\n| 8 |\n"
    )
    found = [text.split("\n")[line - 1][column - 1 :][:length] for _code, line, column, length in codes(text)]
    assert found == ["2014", "13,000", "12.5", "1", "000", "2014-09-30", "12:30", "2014–2016", "7", "8"]
    assert {code for code, *_place in codes(text)} == {"bare-number"}


def test_what_is_meant_to_be_digits_is_left_alone() -> None:
    """Digits in names, code, list marks, headings, addresses, footnote marks and a reference's own words are fine."""
    text = (
        "The 201st, 1,000th, 7.62mm, F-16, B52, COVID-19 and H2O; "
        '`12`, <https://example.org/2014>, [x](a/2014.html "t").\n\n'
        "1. one\n2. two\n\n## Since 2014\n\nOf 2015\n-------\n\n[[event:a|the 3 rules]] x[^1] &#8211; "
        '<b title="4">y</b>\n\n```\n13\n```\n\n    14\n\n- item\n\n        15\n\n<!-- 16 -->\n\n[^1]: Note.\n\n[r]: https://example.org/17\n'
    )
    assert codes(text) == []


def test_code_inside_lists_is_told_from_text() -> None:
    """Four spaces below a list item are its text, eight its code."""
    assert [line for _code, line, *_rest in codes("- item\n\n    3 of it\n\n        4\n\nend\n\n    5\n")] == [3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n", [("top-heading", 1, 1, 3)]),
        ("A\n===\n", [("top-heading", 1, 1, 1)]),
        ("### A\n", [("heading-order", 1, 1, 5)]),
        ("## A\n\n### B\n\n## C\n\n### D\n", []),
        ("a ![b](c.png)\n", [("image", 1, 3, 4)]),
        ("a <img src=b>\n", [("image", 1, 3, 11)]),
        ("[a](data:text/html,b)\n", [("bad-link", 1, 5, 5)]),
        ("[a](//example.org)\n", [("bad-link", 1, 5, 2)]),
        ("[a][b]\n\n[b]: vbscript:c\n", [("bad-link", 3, 6, 9)]),
        ("<ftp://example.org>\n", [("bad-link", 1, 2, 4)]),
        ("[a]([[hub:b]])\n", [("bad-reference", 1, 5, 9)]),
        ("[a](c.html#[[hub:b]])\n", [("bad-reference", 1, 12, 9)]),
        ("[a][c]\n\n[c]: [[hub:b]]\n", [("bad-reference", 3, 6, 9)]),
        ("<a href='[[hub:b]]'>c</a>\n", [("bad-reference", 1, 10, 9)]),
        ('<A title="d"\n HREF = "x[[hub:b]]">c</A>\n', [("bad-reference", 2, 11, 9)]),
        ("<a href=[[hub:b|c]]>c</a>\n", [("bad-reference", 1, 9, 11)]),
        ("<a href='index.html' title='[[hub:b]]'>[[hub:b]]</a> `<a href='[[hub:b]]'>`\n", []),
        ("[a](index.html '[[hub:b]]')\n", []),
        ("[a](Other.html) <b>c</b>\n", []),
        ("a[^b]\n", [("bad-footnote", 1, 2, 4)]),
        ("a[^b]\n\n- [^b]: c\n", [("bad-footnote", 3, 1, 7)]),
        ("a[^b]\n\n[^b]: c\n[^b]: d\n", [("bad-footnote", 4, 1, 5)]),
        ("[[fact:a\n", [("bad-reference", 1, 1, 8)]),
        ("\\[[fact:a]] \\[[b]]\n", []),
        ("`[[b]]`\n", []),
        ("::: from=2019\n\na\n", [("bad-span", 1, 1, 13)]),
        ("::: from=2019\n::: until=2020\n:::\n", [("bad-span", 2, 1, 14)]),
        ("```\n::: x\n```\n", []),
    ],
)
def test_what_cannot_be_in_a_text(text: str, expected: list[tuple[str, int, int, int]]) -> None:
    """Each mistake is one problem with its place and length."""
    assert codes(text) == expected


def test_references_in_code_are_none() -> None:
    """What stands in code or a comment refers to nothing."""
    text = "[[fact:a]] `[[fact:b]]` <!-- [[fact:c]] -->\n\n```\n[[fact:d]]\n```\n"
    assert [reference.id for reference, _offset in references(body(text))] == ["a"]


def test_a_span_holds_on_its_days() -> None:
    """What stands between the lines of colons is there from its first to its last day, and lines keep their numbers."""
    text = "one\n\n::: from=2019-03 until=2019\ntwo\n:::\n\nthree\n"
    for day, shown in (
        (date(2019, 2, 28), False),
        (date(2019, 3, 1), True),
        (date(2019, 12, 31), True),
        (date(2020, 1, 1), False),
    ):
        selected = prose.select(text, day)
        assert ("two" in selected) is shown
        assert ":::" not in selected
        assert [len(line) for line in selected.split("\n")] == [len(line) for line in text.split("\n")]


def slow() -> Iterator[str]:
    """Texts that keep a Markdown converter busy, whole and cut into paragraphs that are let through."""
    patterns = (
        *(
            "[",
            "![",
            "[](",
            "[a][",
            "[^",
            "[[fact:a",
            "*",
            "_",
            "`",
            "` `",
            "**_",
            "***a** ",
            "~",
            "<",
            "<a ",
            "<a>",
            "</div>",
        ),
        *(
            "<!--",
            '<x y="',
            "<![CDATA[",
            "&",
            "<http://",
            ">",
            "> a\n",
            "- a\n",
            "# a\n",
            ": a\n",
            "*[a]: b\n",
            "a\n=\n",
            "---\n",
        ),
        *("| a\n", "```\n", " ", "\t", "a", "::: from=2019\n"),
    )
    for pattern in patterns:
        yield (pattern * (50_000 // len(pattern)))[:50_000]
        lines = 199 // pattern.count("\n") if "\n" in pattern else 10_000
        paragraph = (pattern * min(9_900 // len(pattern), lines)).strip("\n")
        yield "\n\n".join([paragraph] * max(1, 49_000 // (len(paragraph) + 2)))[:50_000]
    yield "".join(f"{' ' * 4 * depth}- a\n" for depth in range(100))
    yield "".join(f"{'>' * depth} a\n" for depth in range(100))
    yield "a" * 10_000_000


def test_time_is_bounded() -> None:
    """Each text is refused with its place, or converted, within two seconds."""
    refused = 0
    for text in slow():
        started = time.process_time()
        errors = [problem for problem in check(body(text), text) if problem.severity == "error"]
        if not errors:
            Converter().compile(text)
        assert time.process_time() - started < 2, text[:20]
        refused += bool(errors)
    assert refused > 25
