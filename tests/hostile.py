"""A site whose every text is hostile: each payload of `payloads` in the text fields of every kind of record."""

import json
import re
from collections.abc import Mapping
from typing import Any

from conftest import Case
from payloads import ALL, LONG_POSITIONS

from rsm_site.build import check_site, open_workshop
from rsm_site.config import make_config
from rsm_site.errors import ContentError, Problem

CITED = [{"id": "report", "at": "page"}]
# What a file may not have at all; it is refused before anything is made of it.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0\ufdd1]")
# What is refused as an image, an unknown reference or a link that leads nowhere, with the text that it stands in.
_WHOLE = re.compile(
    r"<\s*im|!\[|\[\[(?:fact:<|javascript)|\(\\java|\(javascript\\|\(\u200b|java\t|java&Tab|href=x|href='\[|=1$",
    re.IGNORECASE,
)
TAKEN = tuple(payload for payload in ALL if not _REFUSED.search(payload))
_MARKDOWN = ("summary", "definition")
_ROUNDS = 12

Record = Mapping[str, Any]


def hostile_files(joined: int = len(TAKEN), figures: int = 10) -> dict[str, str]:
    """The files of the content; each record of a list stands in a line of its own. At most so many payloads are
    `joined` into one text, and one of so many facts is among the `figures`."""
    chunks = [TAKEN[start : start + min(10, joined)] for start in range(0, len(TAKEN), 10)]
    files = {"site.yaml": _plain(_site(" ".join(TAKEN[:joined]))), "map/square.geojson": json.dumps(_outline(chunks))}
    for name, records in _lists(chunks, figures).items():
        files[f"{name}.yaml"] = "".join(f"- {_plain(record)}\n" for record in records)
    positions = list(LONG_POSITIONS.values())
    for number, chunk in enumerate(chunks):
        matter = {"title": " ".join(chunk), "summary": "x", "sources": CITED, "aliases": [f"old-{number}.html"]}
        front = "\n".join(f"{key}: {_plain(value)}" for key, value in matter.items())
        texts = [
            positions[number % len(positions)].format(payload, payload).replace("[^1]", f"[^{index}]")
            for index, payload in enumerate(chunk)
            if not _WHOLE.search(payload)
        ]
        files[f"pages/p{number}.md"] = f"---\n{front}\n---\n\n" + "\n\n".join(texts)
    files["timeline/e1.md"] = "\n\n".join(payload for payload in TAKEN if not _WHOLE.search(payload))
    files["pages/overview.md"] = f"---\ntitle: Overview\n---\n\n{files['timeline/e1.md']}\n"
    return {f"content/{path}": text for path, text in files.items()}


def mend(case: Case) -> int:
    """Take away each Markdown text that is refused, until the site can be built; how many were."""
    count = 0
    config = make_config(project=case.project)
    workshop = open_workshop(config)
    errors: list[Problem] = []
    for _round in range(_ROUNDS):
        try:
            check_site(config, workshop)
        except ContentError as error:
            errors = [problem for problem in error.problems if problem.severity == "error"]
        else:
            return count
        for file in {problem.location.file for problem in errors}:
            path = case.project / file
            lines = path.read_text(encoding="utf-8").split("\n")
            assert file.startswith("content/"), errors
            places = {problem.location.line for problem in errors if problem.location.file == file}
            for place in places:
                lines[place - 1] = _without_markdown(lines[place - 1]) if file.endswith(".yaml") else ""
            path.write_text("\n".join(lines), encoding="utf-8")
            count += len(places)
    raise AssertionError(errors)


def _without_markdown(line: str) -> str:
    record = json.loads(line[2:])
    taken = [record.pop(key) for key in _MARKDOWN if key in record]
    assert taken, line
    return f"- {_plain(record)}"


def _plain(record: Any) -> str:
    """The record as JSON, which is YAML; the line ends of Unicode as escapes, for YAML takes them for its own."""
    text = json.dumps(record, ensure_ascii=False)
    return re.sub("[\u0085\u2028\u2029\ufeff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _site(text: str) -> Record:
    return {
        "title": text,
        "short_title": text,
        "tagline": text,
        "language": "en",
        "url": "https://example.org/site/",
        "edition": "2021-02-11",
        "editions": ["2020-06-30"],
        "mission": {"name": text, "organisation": text, "country": "NO", "start": "2015", "end": "2021-09"},
        "publisher": {"name": text, "url": "https://example.org/", "email": "a@example.org"},
        "licence": "CC-BY-4.0",
        "notice": text,
        "strength": "strength",
        "groups": {"all": text},
        "categories": {"all": text},
        "map": {"outline": "map/square.geojson"},
        "security": {"contact": "mailto:a@example.org", "expires": "2030-01-01"},
    }


def _outline(chunks: list[tuple[str, ...]]) -> Record:
    """Squares with hostile names."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": " ".join(chunk),
                "properties": {"name": " ".join(chunk), "iso2": chunk[0]},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 30], [x, 30], [x, 0]]],
                },
            }
            for x, chunk in enumerate(chunks)
        ],
    }


def _lists(chunks: list[tuple[str, ...]], figures: int) -> dict[str, list[Record]]:
    joined = [" ".join(chunk) for chunk in chunks]
    numbered = list(enumerate(TAKEN))
    return {
        "sources": [
            {"id": "report", "title": "Report", "publisher": "Body", "published": "2014"},
            *(
                {"id": f"s{n}", "title": text, "publisher": text, "published": "2014", "note": text}
                for n, text in numbered
            ),
        ],
        "facts": [
            {
                "id": "strength",
                "label": joined[0],
                "unit": joined[1],
                "observations": [
                    {"date": f"{2015 + n % 7}-{1 + n // 7:02}", "value": n, "sources": CITED, "note": text}
                    for n, text in enumerate(joined)
                ],
            },
            *(
                {
                    "id": f"f{n}",
                    "label": text,
                    "group": "all",
                    "unit": text,
                    "type": "text",
                    "featured": n % figures == 0,
                    "observations": [
                        {"date": day, "value": text, "sources": [{"id": f"s{n}", "at": text}], "note": text}
                        for day in ("2016", "2020-12" if n % 2 else "2021-12")
                    ],
                }
                for n, text in numbered
            ),
        ],
        "timeline": [
            {"id": "opened", "date": "2015-01-01", "title": "Opened", "category": "all", "sources": CITED},
            *(
                {
                    "id": f"e{n}",
                    "date": "2021-06" if n % 10 == 5 else f"{2015 + n % 6}-0{1 + n % 9}",
                    "title": text,
                    "category": "all",
                    "sources": [{"id": f"s{n}", "at": text}],
                    "place": text,
                    "summary": "x" if _WHOLE.search(text) else text,
                    "featured": n % 10 == 0,
                }
                for n, text in numbered
            ),
        ],
        "hubs": [
            {
                "id": "quay" if n == 0 else f"h{n}",
                "name": text,
                "role": "spoke",
                "places": [{"name": text, "latitude": n, "longitude": n, "sources": CITED}],
                "summary": TAKEN[n * 9],
                "sources": CITED,
            }
            for n, text in enumerate(joined)
        ],
        "contributions": [
            {"date": f"20{15 + n % 5}-{1 + n // 5:02}", "total": 9, "troops": {"NO": 9}, "sources": CITED, "note": text}
            for n, text in enumerate(joined)
        ],
        "glossary": [
            {"id": "jp", "term": "JP", "expansion": "Joint patrol"},
            *(
                {"id": f"t{n}", "term": text, "expansion": text, "definition": "x" if _WHOLE.search(text) else text}
                for n, text in numbered
            ),
        ],
    }
