"""The plan of a publish: what is sent in which order, what stays, what is told."""

import json

import pytest
from peers import NOW, release_of, site

from rsm_site.errors import OutputError, PublishError
from rsm_site.manifest import MANIFEST, Manifest, decode_manifest
from rsm_site.publish.history import HISTORY, Live, Release, decode_history, encode_history, next_history, read_live
from rsm_site.publish.plan import Plan, check_deletions, describe, describe_claims, make_plan


def manifest_of(files: dict[str, bytes]) -> Manifest:
    """Return the manifest of a site."""
    return decode_manifest(files[MANIFEST])


def plan(live: Live, files: dict[str, bytes], old: dict[str, bytes] | None = None, *, keep: int = 3) -> Plan:
    """Return the plan to put `files` in the place of what is live."""
    factsheet = old["data/factsheet.json"] if old else None
    return make_plan(live, files, manifest_of(files), published=NOW, keep=keep, extras={}, old_factsheet=factsheet)


def after(*sites: dict[str, bytes], keep: int = 3) -> Live:
    """Return what is live after the sites were published one after the other."""
    live = Live()
    for files in sites:
        manifest = manifest_of(files)
        live = Live(manifest=manifest, history=next_history(live, manifest, published=NOW, keep=keep, extras={}))
    return live


def test_what_is_linked_is_sent_before_what_links_to_it() -> None:
    """Assets, then data, new pages before changed ones, the front page last of them, feeds, and the manifest last."""
    order = plan(after(site("old")), site("new", events=4)).to_send
    kinds = [path.split(".")[0].split("/")[0] for path in order]
    assert kinds[:2] == ["assets", "data"]
    assert order[2:] == (
        "events/event-2.html",
        "events/event-3.html",
        "index.html",
        "sitemap.xml",
        HISTORY,
        MANIFEST,
    )


def test_a_site_that_stands_there_already_sends_nothing() -> None:
    """Without a difference there is nothing to send, to delete or to say."""
    unchanged = plan(after(site("a")), site("a"), site("a"))
    assert (unchanged.to_send, unchanged.to_delete, list(describe(unchanged))) == ((), (), [])


def test_only_what_differs_is_sent() -> None:
    """One changed value sends the pages and data that show it, and the records of the release."""
    changed = plan(after(site("a")), site("a", personnel="about 10,000"))
    assert changed.to_send == ("data/factsheet.json", "index.html", HISTORY, MANIFEST)


def test_the_plan_is_told_in_claims_and_pages() -> None:
    """Readers' words come first, then what is to be sent, counted by kind."""
    old, new = site("a"), site("a", personnel="about 10,000")
    lines = list(describe(plan(after(old), new, old)))
    assert lines[0] == "  Personnel: about 13,000 to about 10,000"
    assert lines[1].startswith("  1 page, 1 data file, ")
    assert lines[1].endswith(" to send")


FACTSHEET = {
    "site": {"edition": "2021-02-11"},
    "facts": [
        {"id": "a", "label": "A", "observations": [{"date": "2020", "words": "about 5", "current": True}]},
        {"id": "b", "label": "B", "observations": [{"date": "2020", "words": "7", "current": True}]},
        {"id": "c", "label": "C", "observations": [{"date": "2020", "words": "9", "status": "reported"}]},
    ],
    "events": [{"id": "x", "title": "X happened", "date": "2014"}],
    "hubs": [{"id": "n", "name": "North"}],
    "contributions": [{"date": "2020"}],
}


def test_each_kind_of_change_has_its_words() -> None:
    """Values, dates, facts, events, hubs and tables that come, go or change are each told in a line."""
    new = {
        "site": {"edition": "2021-02-12"},
        "facts": [
            {
                "id": "a",
                "label": "A",
                "observations": [
                    {"date": "2020", "words": "about 5", "current": False},
                    {"date": "2021", "words": "about 6", "current": True},
                    {"date": "2021", "words": "about 9", "status": "planned"},
                ],
            },
            {"id": "b", "label": "B", "observations": [{"date": "2021", "words": "7", "current": True}]},
            {"id": "d", "label": "D", "observations": [{"date": "2021", "words": "1", "current": True}]},
        ],
        "events": [{"id": "x", "title": "X happened", "date": "2014-09"}, {"id": "y", "title": "Y", "date": "2021"}],
        "hubs": [],
        "contributions": [{"date": "2020"}, {"date": "2021"}],
    }
    assert list(describe_claims(json.dumps(FACTSHEET).encode(), json.dumps(new).encode())) == [
        "Edition: 2021-02-11 to 2021-02-12",
        "A: about 5 to about 6",
        "A: also about 9 of 2021, planned",
        "B: 7, of 2021 (was of 2020)",
        "D: new, 1",
        "C: no longer told",
        "Changed event: X happened (2014) to X happened (2014-09)",
        "New event: Y (2021)",
        "No longer told, hub: North",
        "New table of nations: of 2021",
    ]


def test_what_is_said_otherwise_of_earlier_days_is_told() -> None:
    """An earlier value that is corrected or taken back is told as that, and so is a table with other figures."""

    def factsheet(observations: list[tuple[str, str, str]], troops: dict[str, int]) -> bytes:
        values = [{"date": date, "words": words, "status": status} for date, words, status in observations]
        values.append({"date": "2021", "words": "9", "current": True})
        facts = [{"id": "a", "label": "A", "observations": values}]
        return json.dumps({"facts": facts, "contributions": [{"date": "2020", "troops": troops}]}).encode()

    old = factsheet([("2018", "4", "reported"), ("2019", "5", "reported"), ("2022", "6", "planned")], {"NO": 5})
    new = factsheet([("2018", "4", "reported"), ("2019", "7", "reported"), ("2020", "8", "disputed")], {"NO": 6})
    assert list(describe_claims(old, new)) == [
        "A: 5 to 7 of 2019, reported",
        "A: also 8 of 2020, disputed",
        "A: no longer 6 of 2022, planned",
        "Changed table of nations: of 2020",
    ]


@pytest.mark.parametrize("old", [None, b"", b"[]", b'{"facts": 1}', b"[" * 100_000])
def test_data_that_cannot_be_compared_tells_no_claims(old: bytes | None) -> None:
    """A first publish, or a factsheet.json of another make, is no reason to fail."""
    assert list(describe_claims(old, json.dumps(FACTSHEET).encode())) == []


def test_claims_cannot_steer_a_terminal() -> None:
    """Control characters in a label come out spelled."""
    old, new = site("a"), site("a", personnel="about \x1b[31m9\n\u202e")
    assert plan(after(old), new, old).claims == ("Personnel: about 13,000 to about \\u001b[31m9\\u000a\\u202e",)


def test_assets_stay_for_as_many_releases_as_are_kept() -> None:
    """With three kept, an asset is still there two releases later and gone after that; pages never stay."""
    style = next(path for path in site("a") if path.endswith(".css"))
    for count in range(1, 5):
        versions = [site(version, events=3 if version == "a" else 2) for version in "abcde"[:count]]
        live = after(*versions)
        assert (style in live.files) == (count <= 3), count
        assert ("events/event-2.html" in live.files) == (count == 1)
        assert [release.manifest.release for release in live.releases] == [
            release_of(files) for files in reversed(versions[-3:])
        ]


def test_a_rolled_back_release_keeps_the_assets_of_the_one_it_replaced() -> None:
    """After going back, pages that readers still have open find their style, and the list has each release once."""
    live = after(site("a"), site("b"), site("a"))
    assert all(path in live.files for path in [*site("a"), *site("b")] if path.startswith("assets/"))
    assert [release.manifest.release for release in live.releases] == [release_of(site("a")), release_of(site("b"))]


def test_a_kept_asset_that_is_uncertain_is_not_counted_on() -> None:
    """What may be damaged on the target is no part of the next history."""
    live = after(site("a"), site("b"))
    style = next(path for path in live.history.kept if path.endswith(".css"))
    damaged = Live(manifest=live.manifest, history=live.history, uncertain=frozenset([style, "about.html"]))
    again = plan(damaged, site("b"))
    assert style not in again.history.kept
    assert style in again.to_delete
    assert "about.html" in again.to_send


@pytest.mark.parametrize(("removed", "fails"), [(0, False), (2, False), (9, True)])
def test_deleting_many_files_is_refused(removed: int, fails: bool) -> None:
    """More than a third of pages and data gone is taken for a slip; a few are not."""
    doomed = plan(after(site("a", events=9)), site("a", events=9, removed=removed))
    if fails:
        with pytest.raises(PublishError, match=r"this would delete 9 of the 14 files .*; nothing was sent"):
            check_deletions(doomed)
    else:
        check_deletions(doomed)


def test_a_history_reads_back_as_it_was() -> None:
    """Encoding and decoding gives the same history, and releases that share their files take little room."""
    live = after(*(site(version, events=50) for version in "abcd"), keep=4)
    data = encode_history(live.history)
    assert decode_history(data) == live.history
    assert len(data) < 2 * len(site("a", events=50)[MANIFEST])


GOOD = encode_history(after(site("a"), site("b"), site("c")).history)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        GOOD[:-9],
        GOOD.replace(b'2021-02-11"', b'2021-02-12"'),
        GOOD.replace(b"index.html", b"../up.html"),
        GOOD.replace(b'"kept":{"', b'"kept":{"../'),
        GOOD.replace(b'"release":"', b'"release":"0', 1),
    ],
)
def test_a_broken_history_is_refused_in_a_sentence(data: bytes) -> None:
    """A history that is none, or holds a manifest that is not true to its id, is refused in one line."""
    with pytest.raises(OutputError) as caught:
        decode_history(data)
    assert "\n" not in str(caught.value)
    with pytest.raises(PublishError, match="changed by something else than a publish"):
        read_live({MANIFEST: site("a")[MANIFEST], HISTORY: data}.get)


def test_releases_are_never_ordered_by_the_clock() -> None:
    """A publish from a machine whose clock is years behind still comes after the one before it."""
    first = after(site("a"))
    second = manifest_of(site("b"))
    history = next_history(first, second, published="1970-01-01T00:00:00Z", keep=3, extras={})
    live = Live(manifest=second, history=history)
    assert live.releases == (
        Release(published="1970-01-01T00:00:00Z", manifest=second),
        Release(published=NOW, manifest=manifest_of(site("a"))),
    )
