"""A bucket of an S3-compatible store: what is sent in which order, cut off at each request, put right, taken back."""
# ruff: noqa: B023 - a job is done before its loop goes on

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from peers import FaultyStore, back, free_port, is_whole, publish, release_of, running, site

from rsm_site.errors import PublishError
from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest
from rsm_site.publish.deliver import list_releases
from rsm_site.publish.history import HISTORY
from rsm_site.publish.s3 import LOCK, PENDING, S3Host

pytest.importorskip("boto3", reason="there is no boto3 here: run \"pip install 'rsm-site[s3]'\"")
pytest.importorskip("moto.server", reason="there is no moto here: run \"pip install 'rsm-site[test]'\"")

A, B, C = site("a", events=1), site("b", events=1, personnel="about 10,000"), site("c", events=2)
LEASE = 0.9


class Bucket:
    """A bucket on the store, seen from the store's own side."""

    def __init__(self, client: Any, name: str, prefix: str) -> None:
        self.client, self.name, self.prefix = client, name, prefix

    def paths(self) -> set[str]:
        """The path of everything below the prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=self.prefix)
        return {item["Key"].removeprefix(self.prefix) for page in pages for item in page.get("Contents", ())}

    def current(self) -> dict[str, bytes]:
        """What readers may get."""
        paths = [path for path in self.paths() if not path.startswith(".releases/")]
        return {path: self.client.get_object(Bucket=self.name, Key=self.prefix + path)["Body"].read() for path in paths}

    def put(self, path: str, data: bytes) -> None:
        """Put an object there, as somebody else would."""
        self.client.put_object(Bucket=self.name, Key=self.prefix + path, Body=data)


# Small answers would wait for the acknowledgement of their own headers.
SERVER = """
import sys
from werkzeug.serving import WSGIRequestHandler
from moto.server import main
WSGIRequestHandler.disable_nagle_algorithm = True
main(["--host", "127.0.0.1", "--port", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStore]:
    """A running store behind what can make it fail, and credentials for it."""
    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port)]
    with pytest.MonkeyPatch.context() as patch, running(command, port, tmp_path_factory.mktemp("moto") / "log"):
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        faulty = FaultyStore(port)
        yield faulty
        faulty.close()


@pytest.fixture(scope="module")
def client(store: FaultyStore) -> Any:
    """A client of the store that meets no faults."""
    import boto3

    return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{store.behind}", region_name="us-east-1")


@pytest.fixture
def bucket(store: FaultyStore, client: Any, request: pytest.FixtureRequest) -> Bucket:
    """A new bucket, with a prefix in it."""
    store.start(None)
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    client.create_bucket(Bucket=name)
    return Bucket(client, name, "site/")


@pytest.fixture
def host(store: FaultyStore, bucket: Bucket) -> S3Host:
    """A host that publishes to the bucket."""
    return host_for(store, bucket.name, lease=LEASE)


def host_for(store: FaultyStore, name: str, lease: float = 60.0) -> S3Host:
    """Return a host that publishes to the bucket `name`."""
    endpoint = f"http://127.0.0.1:{store.port}"
    return S3Host(name, prefix="site/", endpoint=endpoint, region="us-east-1", keep=3, lease=lease)


def changes(store: FaultyStore) -> list[str]:
    """What was changed since the store was started, by path below the prefix, deletions with a minus."""
    asked = [(method, path.partition("/site/")[2]) for method, path, _size in store.requests]
    signs = {"PUT": "", "DELETE": "-"}
    return [signs[method] + path for method, path in asked if method in signs and path != LOCK]


def are_pages_whole(found: dict[str, bytes], sites: list[dict[str, bytes]]) -> bool:
    """Tell whether each page is that of one of `sites`, with the style sheet that it names."""
    for path, data in found.items():
        if path.endswith(".html"):
            if data not in [files.get(path) for files in sites]:
                return False
            named = re.search(rb'href="(assets/[^"]+)"', data)
            if named and named[1].decode() not in found:
                return False
    return all(path in found for path in sites[0] if path.endswith(".html") and path in sites[-1])


def test_what_is_sent_and_in_which_order(host: S3Host, bucket: Bucket, store: FaultyStore) -> None:
    """Bytes first to where no reader looks, then assets, data, pages, feeds, the manifest, and deletions after it."""
    publish(host, site("a", events=3))
    assert is_whole(bucket.current(), [site("a", events=3)]) == 0
    store.start(None)
    new = site("b", events=3, removed=1)
    publish(host, new)
    seen = changes(store)
    style = next(path for path in new if path.endswith(".css"))
    assert all(path.startswith(".releases/objects/") for path in seen[:3])
    assert seen[3:] == [
        PENDING,
        style,
        "index.html",
        "sitemap.xml",
        HISTORY,
        MANIFEST,
        "-events/event-0.html",
        f"-{PENDING}",
    ]
    assert is_whole(bucket.current(), [new]) == 0
    sizes = [size for method, path, size in store.requests if method == "PUT" and "/site/.releases" not in path]
    assert sum(1 for size in sizes if size) == 2  # the records; all else was copied within the store


def test_an_unchanged_site_sends_nothing(host: S3Host, bucket: Bucket, store: FaultyStore) -> None:
    """Published again, no object is put or deleted, and that is said."""
    publish(host, A)
    store.start(None)
    assert publish(host, A) == [
        f"{host.place} has release {release_of(A)} already: nothing to send.",
        "All 8 files of it are as they should be.",
    ]
    assert changes(store) == []
    publish(host, B, dry_run=True)
    assert changes(store) == []
    assert LOCK not in bucket.paths()


def test_objects_have_their_headers(host: S3Host, bucket: Bucket) -> None:
    """Types and caching come from the one table: pages are looked up again, fingerprinted files never."""
    publish(host, A)
    heads = {
        path: bucket.client.head_object(Bucket=bucket.name, Key=f"site/{path}")
        for path in ("index.html", "assets/same.0123456789ab.js", "data/factsheet.json")
    }
    assert [head["ContentType"].partition(";")[0] for head in heads.values()] == [
        "text/html",
        "text/javascript",
        "application/json",
    ]
    assert "must-revalidate" in heads["index.html"]["CacheControl"]
    assert "immutable" in heads["assets/same.0123456789ab.js"]["CacheControl"]


def test_another_table_of_headers_reaches_objects_that_are_the_same(
    host: S3Host, bucket: Bucket, store: FaultyStore
) -> None:
    """When `_headers` changes, every object is made anew, without its bytes being sent."""
    first, second = ({**A, "_headers": text} for text in (b"/*\n A: 1\n", b"/*\n A: 2\n"))
    for files in (first, second):
        store.start(None)
        publish(host, files | {MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))})
    seen = changes(store)
    assert seen.index("about.html") < seen.index("_headers") < seen.index(MANIFEST)
    assert sum(path.startswith(".releases/objects/") for path in changes(store)) == 1


def test_odd_names_are_only_names(host: S3Host, bucket: Bucket) -> None:
    """Spaces, quotes, umlauts and plus signs in the names of files arrive as they are, and go again."""
    odd = {**A, 'a "b" + c%20 größe.html': b"odd"}
    odd |= {MANIFEST: encode_manifest(make_manifest(odd, "2021-02-11"))}
    bucket.put("", b"")  # which some tools make for a prefix
    publish(host, odd)
    bucket.client.delete_object(Bucket=bucket.name, Key="site/")
    assert is_whole(bucket.current(), [odd]) == 0
    publish(host, A)
    assert is_whole(bucket.current(), [A]) == 0


def test_a_store_without_conditions_is_published_to(host: S3Host, bucket: Bucket) -> None:
    """Where a store knows no conditional requests, the lock is put and looked at."""
    from botocore.exceptions import ClientError

    original = host._client._make_api_call

    def refuse(name: str, arguments: dict[str, object]) -> object:
        if "IfNoneMatch" in arguments:
            raise ClientError({"Error": {"Code": "NotImplemented", "Message": "What?"}}, name)
        return original(name, arguments)

    host._client._make_api_call = refuse
    publish(host, A)
    assert is_whole(bucket.current(), [A]) == 0


def test_a_rollback_sends_no_bytes(host: S3Host, bucket: Bucket, store: FaultyStore) -> None:
    """The last releases are in the store: going back copies there, keeps the newer assets, and verifies."""
    for files in (A, B, C, site("d", events=1)):
        publish(host, files)
    assert [each.manifest.release for each in list_releases(host)] == [
        release_of(site("d", events=1)),
        release_of(C),
        release_of(B),
    ]
    store.start(None)
    back(host, release_of(B)[:6])
    assert not [path for path in changes(store) if path.startswith(".releases/objects/")]
    assert is_whole(bucket.current(), [B]) == 0
    assert all(path in bucket.current() for path in site("d", events=1) if path.startswith("assets/"))
    back(host)
    assert is_whole(bucket.current(), [site("d", events=1)]) == 0


def test_damage_is_put_right(host: S3Host, bucket: Bucket) -> None:
    """Publishing the same site again repairs what was changed or removed in the bucket."""
    publish(host, A)
    bucket.put("about.html", b"x")
    bucket.client.delete_object(Bucket=bucket.name, Key="site/index.html")
    said = publish(host, A)
    assert said[1] == "Not as it was published: about.html is changed, index.html is missing; putting it right."
    assert is_whole(bucket.current(), [A]) == 0


def test_a_prefix_is_a_folder(store: FaultyStore, host: S3Host, bucket: Bucket) -> None:
    """With or without a slash at its end a prefix is the same place, and what only begins like it is another."""
    publish(host, A)
    bucket.client.put_object(Bucket=bucket.name, Key="sitemap", Body=b"theirs")
    without = S3Host(bucket.name, prefix="site", endpoint=f"http://127.0.0.1:{store.port}", region="us-east-1", keep=3)
    assert without.place == host.place
    assert "nothing to send" in publish(without, A)[0]


def test_foreign_objects_are_refused_and_left_alone(host: S3Host, bucket: Bucket) -> None:
    """A bucket that holds what no publish made is named in a sentence; other prefixes are none of our business."""
    bucket.client.put_object(Bucket=bucket.name, Key="elsewhere/file", Body=b"theirs")
    bucket.put("index.html", b"theirs")
    before = bucket.current(), bucket.paths()
    with pytest.raises(PublishError, match=r"holds what no publish made: index.html; nothing was sent"):
        publish(host, A)
    assert (bucket.current(), bucket.paths()) == before
    bucket.client.delete_object(Bucket=bucket.name, Key="site/index.html")
    publish(host, A)
    bucket.put("events/theirs.html", b"theirs")
    with pytest.raises(PublishError, match=r"holds what no publish made: events/theirs.html"):
        publish(host, B)
    assert bucket.client.get_object(Bucket=bucket.name, Key="elsewhere/file")["Body"].read() == b"theirs"


@pytest.mark.parametrize("silent", [False, True], ids=["500", "closed"])
def test_a_store_that_fails_leaves_pages_whole(host: S3Host, bucket: Bucket, store: FaultyStore, silent: bool) -> None:
    """From the k-th request on nothing works: each page is whole with its assets, and the next publish completes."""
    publish(host, A)
    store.start(None)
    publish(host, B)
    total, live = store.count, B
    for limit in range(16 if silent else 8, total + 1, 14):
        new = site(f"v{limit}", events=2)
        store.start(limit, silent=silent)
        with pytest.raises(PublishError) as caught:
            publish(host, new)
        store.start(None)
        assert "\n" not in str(caught.value)
        found = bucket.current()
        assert are_pages_whole(found, [live, new]), limit
        if "some pages may be new" not in str(caught.value):
            assert is_whole(found, [live, new]) >= 0 or PENDING in bucket.paths(), limit
        live = new if found[MANIFEST] == new[MANIFEST] else live
    publish(host, C)
    assert is_whole(bucket.current(), [C]) == 0
    assert not {LOCK, PENDING} & bucket.paths()


def test_a_store_that_fails_once_gives_the_old_site_back(bucket: Bucket, store: FaultyStore) -> None:
    """A single failed request, at any point before the manifest: readers get the old site, byte for byte."""
    host = host_for(store, bucket.name)  # with a lease so long that renewals do not shift the count
    publish(host, A)
    store.start(None)
    publish(host, B)
    last = 1 + [path.endswith(MANIFEST) and method == "PUT" for method, path, _ in store.requests].index(True)
    outcomes = set()
    for limit in range(last, 3, -5):
        before = bucket.current()
        store.start(limit, faults=1)
        with pytest.raises(PublishError) as caught:
            publish(host, site(f"v{limit}", personnel="about 1"))
        store.start(None)
        outcomes.add("readers get the site as it was" in str(caught.value))
        assert bucket.current() == before, limit
    assert outcomes == {True, False}


def test_a_kill_at_any_request_leaves_pages_whole(host: S3Host, bucket: Bucket, store: FaultyStore) -> None:
    """Killed in the middle, each page is whole with its assets; the next publish takes the lock over and completes."""
    publish(host, A)
    live = A
    for limit in (9, 19):
        new = site(f"k{limit}", events=2)
        store.start(None)
        child = os.fork()
        if child == 0:
            original, count = host._client._make_api_call, 0

            def counted(*arguments: object) -> object:
                nonlocal count
                count += 1
                if count == limit:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*arguments)

            host._client._make_api_call = counted
            try:
                publish(host, new)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        found = bucket.current()
        assert are_pages_whole(found, [live, new]), limit
        live = new if found[MANIFEST] == new[MANIFEST] else live
        assert LOCK in bucket.paths()
    publish(host, C)
    assert is_whole(bucket.current(), [C]) == 0
    assert not {LOCK, PENDING} & bucket.paths()


def test_of_two_publishes_at_once_one_is_told(
    bucket: Bucket, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one publish renews its lock, another waits a little, sees that, and is told."""
    first, second = host_for(store, bucket.name), host_for(store, bucket.name)
    publish(first, A)

    def renew(_seconds: float) -> None:
        first._renewed -= first.lease
        first._renew()

    monkeypatch.setattr("rsm_site.publish.s3.sleep", renew)
    with first.opened(lock=True):
        with pytest.raises(PublishError, match=r"^another publish to .* is under way; try again when it is done$"):
            publish(second, B)
        publish(second, B, dry_run=True)
    assert is_whole(bucket.current(), [A]) == 0


def test_a_publish_that_was_taken_over_touches_nothing_more(bucket: Bucket, store: FaultyStore) -> None:
    """When another publish has the lock, the first stops, and neither puts back nor unlocks what is not its own."""
    first = host_for(store, bucket.name, lease=LEASE)
    publish(first, A)

    def take_over(step: str) -> None:
        if "switching 2" in step:
            bucket.put(LOCK, b"the other one")
            bucket.put("index.html", B["index.html"])
            first._renewed -= LEASE

    with pytest.raises(
        PublishError, match=r"another publish took .* over; .*; nothing was put back, since the other one"
    ):
        publish(first, C, progress=take_over)
    assert bucket.current()["index.html"] == B["index.html"]
    assert LOCK in bucket.paths()
    bucket.put(PENDING, b"{}")
    with pytest.raises(PublishError, match=r"pending.json was changed by something else than a publish"):
        list_releases(first)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("NoSuchBucket", "there is no bucket nowhere at "),
        ("AccessDenied", "does not allow this: access denied to the bucket nowhere"),
        ("InvalidAccessKeyId", "does not know these credentials; check AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", "does not accept these credentials; check AWS_SECRET_ACCESS_KEY"),
        ("RequestTimeTooSkewed", "refuses requests because the clock of this machine is wrong; set it"),
        ("KeyTooLongError", "does not take a name as long as that"),
        ("TeaPot{x}", "answers TeaPot{x}: brewing {y}"),
    ],
)
def test_what_a_store_refuses_is_told(store: FaultyStore, code: str, sentence: str) -> None:
    """Each refusal of a store has its sentence: bucket, credentials, clock, names, and what nobody foresaw."""
    from botocore.exceptions import ClientError

    store.start(None)
    host = host_for(store, "nowhere")
    if code != "NoSuchBucket":  # which moto answers itself; the others it never does

        def refuse(name: str, _arguments: object) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "brewing {y}"}}, name)

        host._client._make_api_call = refuse
    with pytest.raises(PublishError) as caught:
        publish(host, A)
    assert sentence in str(caught.value)


def test_without_credentials_or_a_store_it_is_told(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No credentials, a closed port, an address that is none: a sentence each."""
    closed = S3Host("bucket", endpoint="http://127.0.0.1:1", region="us-east-1", keep=3)
    with pytest.raises(PublishError, match=r"^http://127.0.0.1:1/bucket cannot be reached: "):
        publish(closed, A)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(PublishError, match=r"^there are no credentials for .*; set AWS_ACCESS_KEY_ID and"):
        publish(host_for(store, "bucket"), A)
    with pytest.raises(PublishError, match=r"cannot be reached: Invalid endpoint"):
        S3Host("bucket", endpoint="http://", region="us-east-1", keep=3)
