"""Reading a published site back: one changed byte, one missing file, one too many, in a folder and over HTTP."""

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Case
from peers import nginx, publish, release_of, site

from rsm_site.errors import OutputError, PublishError
from rsm_site.manifest import MANIFEST
from rsm_site.publish.folder import FolderHost
from rsm_site.publish.history import HISTORY
from rsm_site.publish.verify import verify, verify_address

A = site("a", events=3)
B = site("b", events=3, removed=1)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between the test and this machine."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site of two releases, the second without one of the first's pages, as it was published."""
    host = FolderHost(tmp_path / "www", 3, wait=0)
    publish(host, A)
    publish(host, B)
    return (tmp_path / "www/current").resolve()


@pytest.fixture
def web(folder: Path, tmp_path: Path) -> Iterator[str]:
    """The address at which nginx serves it."""
    with nginx(folder, tmp_path / "nginx") as port:
        yield f"http://127.0.0.1:{port}/"


def change_one_byte(folder: Path) -> None:
    """Flip one bit."""
    data = bytearray((folder / "index.html").read_bytes())
    data[9] ^= 1
    (folder / "index.html").write_bytes(data)


KEPT = next(path for path in A if path.endswith(".css"))
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one changed byte": (change_one_byte, "index.html is changed"),
    "one byte more": (lambda at: (at / "about.html").write_bytes(A["about.html"] + b"\n"), "about.html is changed"),
    "an empty file": (lambda at: (at / "about.html").write_bytes(b""), "about.html is changed"),
    "a missing file": (lambda at: (at / "about.html").unlink(), "about.html is missing"),
    "a missing asset": (lambda at: (at / "assets/same.0123456789ab.js").unlink(), "same.0123456789ab.js is missing"),
    "a missing kept asset": (lambda at: (at / KEPT).unlink(), f"{KEPT} is missing"),
    "a changed kept asset": (lambda at: (at / KEPT).write_bytes(b"x"), f"{KEPT} is changed"),
    "a file too many": (
        lambda at: (at / "events/event-0.html").write_bytes(A["events/event-0.html"]),
        "events/event-0.html is extra",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_difference_is_found(folder: Path, web: str, damage: str) -> None:
    """What was changed, removed or left behind is found in the folder and over HTTP alike, and nothing else."""
    for place in (str(folder), web):
        verified = verify(place)
        assert verified.differences == ()
        assert verified.count == len(B)  # with the kept asset, without the manifest
        assert verified.manifest.release == release_of(B)
    damage_it, told = DAMAGES[damage]
    damage_it(folder)
    for place in (str(folder), web):
        differences = [f"{found.path} is {found.kind}" for found in verify(place).differences]
        assert len(differences) == 1
        assert differences[0].endswith(told)


def test_a_folder_tells_what_no_web_server_can(folder: Path) -> None:
    """A file that no release ever had, and a link, are found where files can be listed."""
    (folder / "stranger.txt").write_bytes(b"")
    (folder / "link").symlink_to("/etc/hostname")
    assert [found.path for found in verify(str(folder)).differences] == ["link", "stranger.txt"]


def test_a_build_and_a_target_may_be_named(folder: Path, tmp_path: Path) -> None:
    """The folder of a build is compared as it is; the folder of a target stands for what it links to."""
    build = tmp_path / "public"
    shutil.copytree(folder, build)
    (build / HISTORY).unlink()
    assert [found.kind for found in verify(str(build)).differences] == ["extra"]  # the kept asset
    (build / KEPT).unlink()
    assert verify(str(build)).differences == ()
    assert verify(str(tmp_path / "www")).differences == ()


def test_where_there_is_no_site_it_is_told(tmp_path: Path, web: str) -> None:
    """No manifest, no folder, nobody who answers, an address that is none: a sentence each."""
    with pytest.raises(OutputError, match=r"factsheet-manifest.json cannot be read: No such file"):
        verify(str(tmp_path))
    with pytest.raises(PublishError, match=r"^there is no manifest at http.*/events/.well-known/.*; is it the address"):
        verify(f"{web}events/")
    for address in ("http://127.0.0.1:1/", "http://no-such-host.invalid/", "http://[::1/", "http://:x/"):
        with pytest.raises(PublishError, match=r" cannot be read: ") as caught:
            verify(address)
        assert "\n" not in str(caught.value)


def test_a_broken_manifest_is_told(folder: Path, web: str) -> None:
    """A manifest or history that is not true to itself is a sentence in both."""
    (folder / HISTORY).write_bytes(b"{}")
    for place in (str(folder), web):
        with pytest.raises((OutputError, PublishError), match="is not a readable history"):
            verify(place)
    (folder / MANIFEST).write_bytes(b"{}")
    for place in (str(folder), web):
        with pytest.raises((OutputError, PublishError), match="is not a readable manifest"):
            verify(place)


def test_files_that_hosts_keep_to_themselves_may_be_missing(folder: Path, tmp_path: Path) -> None:
    """A web server that hides .nojekyll still shows the whole site; one that hides .well-known does not."""
    with nginx(folder, tmp_path / "hidden", r"location ~ /\.nojekyll { deny all; }") as port:
        assert verify(f"http://127.0.0.1:{port}/").differences == ()
    closed = nginx(folder, tmp_path / "closed", r"location ~ /\. { deny all; }")
    with closed as port, pytest.raises(PublishError, match="there is no manifest at"):
        verify(f"http://127.0.0.1:{port}/")


def test_a_host_that_answers_everything_has_no_files_too_many(folder: Path, tmp_path: Path) -> None:
    """Where every unknown address shows the front page, a page that is gone counts as gone."""
    with nginx(folder, tmp_path / "all", "location / { try_files $uri /index.html; }") as port:
        assert verify(f"http://127.0.0.1:{port}/index.html").differences == ()


def test_a_host_that_fails_is_told(folder: Path, tmp_path: Path) -> None:
    """An answer of 500 is no missing file but a failure, in a sentence."""
    with (
        nginx(folder, tmp_path / "failing", "location = /about.html { return 500; }") as port,
        pytest.raises(PublishError, match=r"/about.html cannot be read: the host answers 500 Internal Server Error"),
    ):
        verify(f"http://127.0.0.1:{port}/")


def test_a_site_below_a_path_and_behind_a_redirect(folder: Path, tmp_path: Path) -> None:
    """Sub-paths and redirects lead to the same files."""
    settings = f"location /sub/ {{ alias {folder}/; }} location /old/ {{ rewrite ^/old/(.*) /sub/$1 permanent; }}"
    with nginx(tmp_path, tmp_path / "sub", settings) as port:
        assert verify(f"http://127.0.0.1:{port}/sub").differences == ()
        assert verify(f"http://127.0.0.1:{port}/old/").differences == ()


def test_a_publish_reads_its_address_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that shows another site fails the publish; one that is only presumed is told of."""
    monkeypatch.setattr("rsm_site.publish.verify.sleep", lambda _seconds: None)
    host = FolderHost(tmp_path / "www", 3, wait=0)
    publish(host, A)
    with nginx((tmp_path / "www/current").resolve(), tmp_path / "nginx") as port:  # which stays at A
        address = f"http://127.0.0.1:{port}/"
        with pytest.raises(
            PublishError, match=f"^the site was sent, but {address} still shows release {release_of(A)}"
        ):
            publish(host, B, address=address)
        said = publish(host, B, presumed_address=address)
        assert said[-1].startswith(f"Not read back over HTTP: {address} still shows release {release_of(A)}, not ")
        said = publish(host, A, presumed_address=address)
        assert said[-1] == f"{address} shows it: {len(A)} files read over HTTP are as they should be."
    served = shutil.copytree(tmp_path / "www/current", tmp_path / "served")
    (served / "about.html").unlink()
    with nginx(served, tmp_path / "damaged") as port:
        address = f"http://127.0.0.1:{port}/"
        with pytest.raises(PublishError, match=f"^the site was sent, but at {address} about.html is missing$"):
            publish(host, A, presumed_address=address)


def test_a_host_that_takes_its_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new release shows only after a while, the publish waits for it, so long and no longer."""
    waits: list[float] = []
    host = FolderHost(tmp_path / "www", 3, wait=0)
    publish(host, A)
    publish(host, B)
    served = tmp_path / "served"
    shutil.copytree(tmp_path / "www" / "releases" / release_of(A), served)

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            shutil.rmtree(served)
            shutil.copytree(tmp_path / "www/current", served)

    monkeypatch.setattr("rsm_site.publish.verify.sleep", sleep)
    handler = functools.partial(_Quiet, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        assert verify_address(address, release=release_of(B), patience=60).differences == ()
        assert len(waits) == 3
        with pytest.raises(PublishError, match="still shows release"):
            verify_address(address, release="0123456789abcdef", patience=30)
        assert len(waits) == 13
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_the_quiet_are_told_of_differences(folder: Path) -> None:
    """`--quiet` says nothing of a site that is as it should be, and names what is not."""
    assert Case(folder).run("verify", ".", "--quiet") == (0, "", "")
    change_one_byte(folder)
    done = Case(folder).run("verify", ".", "--quiet")
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith("changed index.html\n.: release ")
