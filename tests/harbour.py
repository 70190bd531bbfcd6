"""A small factsheet with something of each list, as files of a project: what tests rewrite and ask about."""

from pathlib import Path

from rsm_site.config import make_config
from rsm_site.loader import load_factsheet
from rsm_site.model import Factsheet

FILES: dict[str, str | bytes] = {
    "content/site.yaml": """\
title: Harbour Mission
language: en
url: https://example.org/harbour/
edition: 2020-06-30
editions: [2019-06-30, 2018-06-30]
mission: {name: Harbour Mission, organisation: The Port Authority, start: 2018-01-15, end: 2021-03}
strength: boats
""",
    "content/sources.yaml": """\
- {id: report, title: First report, publisher: The Port Authority, published: 2018-04}
- {id: letter, title: A letter, publisher: The harbour master, published: 2019-05-20}
- {id: gazette, title: The gazette, publisher: The Port Authority, published: 2020-03}
- {id: memoir, title: Looking back, publisher: The harbour master, published: 2021-05, accessed: 2021-06}
""",
    "content/facts.yaml": """\
- id: boats
  label: Boats
  unit: boats
  featured: true
  observations:
    - {date: 2018-03, value: 12, sources: [report]}
    - {date: 2019-05, value: 20, qualifier: about, sources: [letter], note: Counted from the pier.}
    - {date: 2019-05, value: 18, status: disputed, sources: [report]}
    - {date: 2019-06-15, value: 40, status: planned, sources: [letter]}
    - {date: 2019-10, value: 31, sources: [gazette]}
    - {date: 2020-01, value: 25, sources: [gazette]}
    - {date: 2021-01, value: 30, sources: [memoir]}
- id: master
  label: Harbour master
  featured: true
  observations:
    - {date: 2020-02, value: A. Berg, sources: [gazette]}
- id: oars
  label: Oars
  observations:
    - {date: 2018-05, value: 90, status: withdrawn, sources: [report]}
    - {date: 2018-05, value: 80, sources: [report]}
- id: berths
  label: Berths
  count_of: {list: hubs, role: spoke}
""",
    "content/timeline.yaml": """\
- {id: start, date: 2018-01-15, title: The watch begins, category: watch, place: pier, sources: [report], see: [treaty]}
- {id: storm, date: 2019-02~, title: A storm, category: weather, summary: The quay was flooded., sources: [letter]}
- {id: treaty, date: 2020-02-29, title: A treaty is signed, category: watch, sources: [gazette]}
- {id: close, date: 2021-03, title: The watch ends, category: watch, sources: [memoir]}
""",
    "content/hubs.yaml": """\
- id: pier
  name: The pier
  role: hub
  from: 2018
  places: [{name: The pier, latitude: 54.1, longitude: 7.9}]
  sources: [report]
- id: bank
  name: The sandbank
  role: spoke
  from: 2018-02
  until: 2019-12
  places: [{name: The sandbank, latitude: 54.2, longitude: 7.8}]
  sources: [report]
- id: cape
  name: The cape
  role: spoke
  from: 2020-01-01
  places: [{name: The cape, latitude: 54.3, longitude: 7.7}]
  sources: [gazette]
""",
    "content/contributions.yaml": """\
- {date: 2019-04, total: 100, nations: 3, sources: [letter], troops: {NO: 60, DE: 30}}
- {date: 2020-04, total: 80, sources: [gazette], troops: {NO: 40, DE: 40}}
""",
    "content/pages/overview.md": """\
---
title: Overview
from: 2018-04-01
---

The Port Authority keeps [[fact:boats]] boats since [[date:start]].

::: from=2020-03-01

Since [[event:treaty]] the watch goes further out.

:::
""",
}


def rewritten(path: str, old: str, new: str, files: dict[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    """The files with one place rewritten, which must be there once."""
    files = FILES if files is None else files
    text = files[f"content/{path}"]
    assert isinstance(text, str)
    assert text.count(old) == 1, (path, old)
    return {**files, f"content/{path}": text.replace(old, new)}


def load(project: Path) -> Factsheet:
    """The content of a project, which must be free of errors."""
    loaded = load_factsheet(make_config(project=project))
    assert loaded.factsheet
    assert loaded.problems == ()
    return loaded.factsheet
