"""Releases on another machine: a real sshd, a real rsync, every step cut off, every key refused that is not known."""
# ruff: noqa: B023 - a job is done before its loop goes on

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import (
    Cut,
    Sshd,
    back,
    is_whole,
    killed_at,
    nginx,
    publish,
    read_folder,
    release_of,
    require,
    site,
)

from rsm_site.errors import PublishError
from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest
from rsm_site.publish.deliver import list_releases
from rsm_site.publish.ssh import SshHost
from rsm_site.publish.verify import verify

A, B, C = site("a"), site("b", personnel="about 10,000"), site("c", events=3)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A running sshd, and an ssh in the path that knows it."""
    server = Sshd(tmp_path_factory.mktemp("ssh") / "sshd")
    with pytest.MonkeyPatch.context() as patch, server.running():
        patch.setenv("PATH", f"{server.client()}:{os.environ['PATH']}")
        patch.setattr("tempfile.tempdir", str(server.folder))  # what is killed leaves its folders behind
        yield server


@pytest.fixture
def host(sshd: Sshd, tmp_path: Path) -> SshHost:
    """A host that publishes to a new folder by the running sshd."""
    sshd.know("host")
    sshd.log_in_with("user")
    return SshHost("127.0.0.1", str(tmp_path / "www"), port=sshd.port, keep=3)


def current(host: SshHost) -> dict[str, bytes]:
    """What a web server there would serve."""
    return read_folder(Path(host.root) / "current")


def test_a_publish_a_second_and_a_rollback(host: SshHost) -> None:
    """Releases stand beside the link; what is the same is stored once; the link goes back and forth."""
    publish(host, A)
    publish(host, B)
    assert str((Path(host.root) / "current").readlink()) == f"releases/{release_of(B)}"
    assert is_whole(current(host), [B]) == 0
    assert (Path(host.root) / "current/about.html").stat().st_nlink == 2
    style = next(path for path in A if path.endswith(".css"))
    assert current(host)[style] == A[style]
    assert publish(host, B) == [
        f"{host.place} has release {release_of(B)} already: nothing to send.",
        "All 10 files of it are as they should be.",
    ]
    back(host)
    assert is_whole(current(host), [A]) == 0
    assert [each.manifest.release for each in list_releases(host)] == [release_of(A), release_of(B)]
    assert verify(host.root).differences == ()


def test_readers_of_nginx_get_the_release(host: SshHost, tmp_path: Path) -> None:
    """What nginx serves of the target is read back over HTTP, file by file."""
    publish(host, A)
    with nginx(Path(host.root) / "current", tmp_path / "nginx") as port:
        said = publish(host, B, address=f"http://127.0.0.1:{port}/")
        assert said[-1] == f"http://127.0.0.1:{port}/ shows it: 10 files read over HTTP are as they should be."


def test_odd_names_are_only_names(sshd: Sshd, tmp_path: Path) -> None:
    """Spaces, quotes, dollars and umlauts in the folder and in files reach the other side as they are."""
    odd = site("odd") | {'it\'s a "page" $(touch x) `y` größe.html': b"odd", "assets/a b.0123456789ab.css": b"c"}
    odd |= {MANIFEST: encode_manifest(make_manifest(odd, "2021-02-11"))}
    host = SshHost("127.0.0.1", f"{tmp_path}/it's $HOME; `z`/ü", port=sshd.port, keep=2)
    Path(host.root).parent.mkdir()
    publish(host, odd)
    publish(host, A)
    back(host)
    assert is_whole(current(host), [odd]) == 0
    publish(host, B)
    assert "assets/a b.0123456789ab.css" in current(host)


def test_damage_is_put_right(host: SshHost) -> None:
    """Publishing the same site again repairs what was changed or removed there, kept assets too."""
    publish(host, A)
    publish(host, B)
    folder = Path(host.root) / "current"
    (folder / "about.html").unlink()
    (folder / "index.html").write_bytes(b"x")
    (folder / next(path for path in A if path.endswith(".css"))).write_bytes(b"x")
    publish(host, B)
    assert is_whole(current(host), [B]) == 0
    assert publish(host, B)[-1].startswith("All ")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("known", "the host key of 127.0.0.1 is not the one that is known for it; ask whoever runs it"),
        ("unknown", "the host key of 127.0.0.1 is not known here; run 'ssh -p {port} 127.0.0.1' once"),
        ("user", "127.0.0.1 does not let this user in: .*Permission denied"),
    ],
)
def test_keys_that_are_wrong_are_refused(host: SshHost, sshd: Sshd, key: str, sentence: str) -> None:
    """Another host key, none, or a user's key that is not let in: a sentence, whatever the user's settings allow."""
    publish(host, A)
    if key == "known":
        sshd.know("other")
    elif key == "unknown":
        (sshd.folder / "known_hosts").write_text("")
    else:
        sshd.log_in_with("other")
    with pytest.raises(PublishError, match=f"^{sentence.format(port=sshd.port)}"):
        publish(host, B)
    assert is_whole(current(host), [A]) == 0


def test_a_machine_that_does_not_answer_is_told(sshd: Sshd, tmp_path: Path) -> None:
    """A closed port and a name that nobody has end in a sentence."""
    closed = SshHost("127.0.0.1", str(tmp_path), port=1, keep=2)
    with pytest.raises(PublishError, match=r"^127.0.0.1:.* cannot be published to: ssh: connect to .* refused$"):
        publish(closed, A)
    nobody = SshHost("no-such-host.invalid", str(tmp_path), port=1, keep=2)
    with pytest.raises(PublishError, match=r"Could not resolve hostname no-such-host.invalid"):
        publish(nobody, A)


def test_foreign_files_are_refused_and_left_alone(host: SshHost) -> None:
    """A folder that holds what no publish made is named in a sentence and stays as it is."""
    Path(host.root).mkdir()
    (Path(host.root) / "index.html").write_bytes(b"theirs")
    with pytest.raises(PublishError, match=r"holds what no publish made: index.html; nothing was sent"):
        publish(host, A)
    assert read_folder(Path(host.root)) == {"index.html": b"theirs"}
    assert not (Path(host.root) / "releases").exists()
    (Path(host.root) / "index.html").unlink()
    publish(host, A)
    (Path(host.root) / "notes.txt").write_bytes(b"mine")
    (Path(host.root) / "current/two\nlines").write_bytes(b"mine")
    (Path(host.root) / "releases/link").symlink_to("/etc")
    with pytest.raises(PublishError, match=r"holds what no publish made: .*notes.txt") as caught:
        publish(host, B)
    assert str(caught.value).isprintable()
    for name in ("notes.txt", "current/two\nlines", "releases/link"):
        (Path(host.root) / name).unlink()
    publish(host, B)
    Path(host.root).rename(f"{host.root}.moved")
    Path(host.root).write_bytes(b"")
    with pytest.raises(PublishError, match=r"is not a folder|cannot be published to: mkdir: "):
        publish(host, B)


def test_of_two_publishes_at_once_one_is_told(host: SshHost, sshd: Sshd) -> None:
    """While one connection holds the folder, another publish ends in a sentence; the lock ends with the connection."""
    publish(host, A)
    held = SshHost("127.0.0.1", host.root, port=sshd.port, keep=3)
    held.wait = host.wait = 0
    with held.opened(lock=True), pytest.raises(PublishError, match=r"^another publish to .* is under way"):
        publish(host, B)
    publish(host, B)
    assert is_whole(current(host), [B]) == 0


def test_no_space_there_is_told(sshd: Sshd, tmp_path: Path) -> None:
    """On a full disk there is a sentence, and readers keep the old release."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount small filesystems: run the tests with sudo for this one")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], check=False).returncode:
        assert os.environ.get("CI") != "true"
        pytest.skip("cannot mount small filesystems here")
    try:
        host = SshHost("127.0.0.1", str(disk / "www"), port=sshd.port, keep=3)
        publish(host, A)
        big = {**B, "large.html": os.urandom(100_000)}
        with pytest.raises(PublishError, match="No space left on device"):
            publish(host, big | {MANIFEST: encode_manifest(make_manifest(big, "2021-02-11"))})
        assert is_whole(current(host), [A]) == 0
        publish(host, B)
        assert is_whole(current(host), [B]) == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_without_rsync_it_is_told(host: SshHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without rsync says which program to install."""
    require("rsync", "rsync")
    folder = tmp_path / "bin"
    folder.mkdir()
    ssh = shutil.which("ssh")
    assert ssh is not None
    (folder / "ssh").write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin exec {ssh} "$@"\n')
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PublishError, match=r"^there is no rsync on this machine; install it"):
        publish(host, A)


def test_a_kill_before_any_step_leaves_a_whole_release(host: SshHost) -> None:
    """Killed before each step that changes something there, readers have a whole release; the next completes."""
    publish(host, A)
    steps = [(SshHost, name) for name in ("_lock", "_rsync", "_rename", "_switch", "_remove")]
    live, number = A, 0
    while True:
        number += 1
        new = site(f"v{number}")
        killed = killed_at(number, [*steps], lambda: publish(host, new))
        found = is_whole(current(host), [live, new])
        assert found >= 0, number
        live = new if found else live
        if not killed:
            break
    assert number > 5
    publish(host, C)
    assert not [path for path in (Path(host.root) / "releases").iterdir() if path.name.startswith(".")]
    back(host)
    assert is_whole(current(host), [live]) == 0


def test_a_cut_connection_leaves_a_whole_release(host: SshHost, sshd: Sshd) -> None:
    """Cut after so many bytes, a publish ends in a sentence; readers have a whole release, and the next completes."""
    publish(host, A)
    cut = Cut(sshd.port)
    through = SshHost("127.0.0.1", host.root, port=cut.port, keep=3)
    cut.start(None)
    publish(through, B)
    whole, live = cut.sent, B
    try:
        for number in range(1, 11):
            new = site(f"cut{number}")
            cut.start(whole * number // 11)
            with pytest.raises(PublishError) as caught:
                publish(through, new)
            assert "\n" not in str(caught.value)
            found = is_whole(current(host), [live, new])
            assert found >= 0, number
            live = new if found else live
        cut.start(None)
        publish(through, C)
        assert is_whole(current(host), [C]) == 0
    finally:
        cut.close()


def test_a_stopped_sshd_leaves_a_whole_release(host: SshHost, sshd: Sshd, tmp_path: Path) -> None:
    """When sshd is stopped in the middle of it, the publish ends in a sentence; readers keep the old release."""
    other = Sshd(tmp_path / "other")
    (other.folder / "user").write_bytes((sshd.folder / "user").read_bytes())
    (other.folder / "authorized_keys").write_bytes((sshd.folder / "user.pub").read_bytes())
    for name in ("host", "host.pub"):
        (other.folder / name).write_bytes((sshd.folder / name).read_bytes())
    target = SshHost("127.0.0.1", host.root, port=other.port, keep=3)
    with other.running() as process:
        publish(target, A)

        def stop(step: str) -> None:
            if "together" in step:
                children = subprocess.run(
                    ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
                )
                process.kill()
                for child in children.stdout.split():
                    os.kill(int(child), 9)

        with pytest.raises(PublishError):
            publish(target, B, progress=stop)
    assert is_whole(current(host), [A]) == 0
    publish(host, B)
    assert is_whole(current(host), [B]) == 0
