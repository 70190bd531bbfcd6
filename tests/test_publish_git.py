"""A branch of a git repository: ordinary commits, nobody's work lost, the project's own checkout left alone."""

import os
import subprocess
from pathlib import Path

import pytest
from peers import back, publish, release_of, require, site

from rsm_site.errors import PublishError
from rsm_site.manifest import MANIFEST, encode_manifest, make_manifest
from rsm_site.publish.deliver import list_releases
from rsm_site.publish.git import GitHost

A, B, C = site("a"), site("b", personnel="about 10,000"), site("c", events=3)


class Repositories:
    """A bare repository to publish to, and a project's checkout to publish from."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.project, self.other = folder / "pages.git", folder / "project", folder / "other"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=folder)
        self.git("init", "--quiet", "--initial-branch=main", str(self.project), at=folder)
        (self.project / "site.yaml").write_text("title: T\n")
        self.git("add", ".", at=self.project)
        self.git("commit", "--quiet", "--message=Start", at=self.project)

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """Run git in the bare repository, or elsewhere."""
        done = subprocess.run(
            ["git", "-C", str(at or self.bare), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def tip(self) -> str:
        """The last commit of the branch, empty when there is none."""
        return self.git("for-each-ref", "--format=%(objectname)", "refs/heads/gh-pages")

    def files(self, commit: str = "gh-pages") -> dict[str, bytes]:
        """Every file of a commit."""
        names = self.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")[:-1]
        show = ["git", "-C", str(self.bare), "show"]
        return {
            name: subprocess.run([*show, f"{commit}:{name}"], capture_output=True, check=True).stdout for name in names
        }

    def commit(self, message: str, **files: str) -> str:
        """Let somebody else commit to the branch; the commit."""
        if not self.other.exists():
            self.git("clone", "--quiet", "--branch=gh-pages", str(self.bare), str(self.other), at=self.bare.parent)
        self.git("pull", "--quiet", at=self.other)
        for name, text in files.items():
            (self.other / name).write_text(text)
        self.git("add", "--all", at=self.other)
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}", at=self.other)
        self.git("push", "--quiet", "origin", "HEAD:gh-pages", at=self.other)
        return self.tip()

    def hook(self, name: str, script: str) -> None:
        """Let the bare repository run `script` at the hook `name`."""
        path = self.bare / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def state(self) -> tuple[str, ...]:
        """Everything of the project that a publish might touch."""
        refs = self.git("for-each-ref", at=self.project), (self.project / ".git/HEAD").read_text()
        config = (self.project / ".git/config").read_text()
        objects = self.git("count-objects", "-v", at=self.project)
        index = (self.project / ".git/index").read_bytes().hex()
        return (*refs, config, objects, index, (self.project / "site.yaml").read_text())


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    """The repositories of a user whose settings are those of this test."""
    require("git", "git")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = tmp_path / "gitconfig"
    settings.write_text('[user]\nname = Ed Itor\nemail = ed@example.org\n[protocol "file"]\nallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Repositories(tmp_path)


def host(repositories: Repositories, *, cname: str = "", take_over: bool = False) -> GitHost:
    """Return the host that publishes to the bare repository."""
    return GitHost(
        str(repositories.bare), branch="gh-pages", cname=cname, project=repositories.project, take_over=take_over
    )


def test_each_release_is_a_commit_on_top_of_the_last(repositories: Repositories) -> None:
    """History grows by one commit a publish, with its claims and release; earlier assets stay, CNAME is there."""
    publish(host(repositories, cname="rsm.example.org"), A)
    first = repositories.tip()
    publish(host(repositories, cname="rsm.example.org"), B)
    assert repositories.git("rev-parse", "gh-pages^") == first
    assert repositories.git("log", "-1", "--format=%an <%ae>%n%B", "gh-pages").splitlines() == [
        "Ed Itor <ed@example.org>",
        "Publish the edition of 2021-02-11",
        "",
        "- Personnel: about 13,000 to about 10,000",
        "",
        f"Factsheet-Release: {release_of(B)}",
    ]
    files = repositories.files()
    assert files.items() >= B.items()
    assert files["CNAME"] == b"rsm.example.org\n"
    assert set(files.keys() - B.keys()) == {
        "CNAME",
        ".well-known/factsheet-history.json",
        next(path for path in A if path.endswith(".css")),
    }


def test_an_unchanged_site_makes_no_commit(repositories: Repositories) -> None:
    """Published again, the branch stays where it is, and that is said; a dry run moves nothing either."""
    publish(host(repositories), A)
    tip = repositories.tip()
    assert "nothing to send" in publish(host(repositories), A)[0]
    publish(host(repositories), B, dry_run=True)
    assert repositories.tip() == tip


def test_a_rollback_is_a_commit_too(repositories: Repositories, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going back adds a commit with the old files; any release of the history can be gone to."""
    monkeypatch.setattr(GitHost, "keep", 4)
    versions = [site(str(number)) for number in range(6)]
    for files in versions[:3]:
        publish(host(repositories), files)
    back(host(repositories))
    assert repositories.files().items() >= versions[1].items()
    assert repositories.git("rev-list", "--count", "gh-pages") == "4"
    listed = [each.manifest.release for each in list_releases(host(repositories))]
    assert listed == [release_of(versions[number]) for number in (1, 2, 0)]
    for files in versions[3:]:
        publish(host(repositories), files)
    assert release_of(versions[0]) not in [each.manifest.release for each in list_releases(host(repositories))]
    back(host(repositories), release_of(versions[0])[:8])
    assert repositories.files().items() >= versions[0].items()


def test_01_the_repository_is_empty(repositories: Repositories) -> None:
    """Without any branch, the first publish makes it."""
    publish(host(repositories), A)
    assert repositories.files().items() >= A.items()
    assert repositories.git("rev-list", "--count", "gh-pages") == "1"


def test_02_the_branch_is_missing(repositories: Repositories) -> None:
    """Beside other branches, ours begins anew and has none of their files or history."""
    repositories.git("push", "--quiet", str(repositories.bare), "main", at=repositories.project)
    main = repositories.git("rev-parse", "main")
    publish(host(repositories), A)
    assert repositories.git("rev-list", "--count", "gh-pages") == "1"
    assert "site.yaml" not in repositories.files()
    assert repositories.git("rev-parse", "main") == main


def test_03_the_remote_is_ahead_by_somebody_elses_commit(repositories: Repositories) -> None:
    """It is refused by name; told to, the publish goes on top of it and keeps the history."""
    publish(host(repositories), A)
    foreign = repositories.commit("Fix a typo", **{"about.html": "fixed", "notes.txt": "mine"})
    with pytest.raises(PublishError) as caught:
        publish(host(repositories), B)
    assert str(caught.value) == (
        f"the last commit on gh-pages, {foreign[:8]} by Ed Itor ('Fix a typo'), was not made by a publish; nothing was "
        "sent; add --take-over to publish on top of it"
    )
    assert repositories.tip() == foreign
    publish(host(repositories, take_over=True), A)
    assert repositories.git("rev-parse", "gh-pages^") == foreign
    assert repositories.files()["about.html"] == A["about.html"]
    assert "notes.txt" not in repositories.files()
    publish(host(repositories), B)


def test_04_the_remote_is_ahead_by_another_publish(repositories: Repositories) -> None:
    """A publish from another machine is built upon."""
    publish(host(repositories), A)
    publish(host(repositories), B)
    publish(host(repositories), C)
    assert repositories.git("rev-list", "--count", "gh-pages") == "3"


def test_05_the_head_is_detached(repositories: Repositories) -> None:
    """The project's checkout may stand anywhere; it stays there."""
    repositories.git("checkout", "--quiet", "--detach", at=repositories.project)
    before = repositories.state()
    publish(host(repositories), A)
    assert repositories.state() == before


def test_06_the_tree_is_dirty(repositories: Repositories) -> None:
    """Changed and staged files of the project stay as they are, in the tree and in the index."""
    (repositories.project / "site.yaml").write_text("title: changed\n")
    (repositories.project / "staged").write_text("staged")
    repositories.git("add", "staged", at=repositories.project)
    before = repositories.state()
    publish(host(repositories), A)
    assert repositories.state() == before
    assert "staged" not in repositories.files()


def test_07_the_cname_is_protected(repositories: Repositories) -> None:
    """A domain that the branch has and site.yaml does not is not dropped unasked; one that it names is followed."""
    publish(host(repositories, cname="a.example.org"), A)
    tip = repositories.tip()
    with pytest.raises(PublishError, match=r"has a CNAME file for a.example.org, .*; write 'cname: a.example.org'"):
        publish(host(repositories), B)
    assert repositories.tip() == tip
    publish(host(repositories, cname="b.example.org"), A)
    assert repositories.files()["CNAME"] == b"b.example.org\n"
    publish(host(repositories, take_over=True), A)
    assert "CNAME" not in repositories.files()


def test_08_no_user_name_is_set(repositories: Repositories, tmp_path: Path) -> None:
    """Where git knows nobody, the commit is the tool's; a name that only the project has is taken."""
    (tmp_path / "gitconfig").write_text('[protocol "file"]\nallow = always\n')
    publish(host(repositories), A)
    assert (
        repositories.git("log", "-1", "--format=%an <%ae> %cn", "gh-pages") == "rsm-site <rsm-site@localhost> rsm-site"
    )
    repositories.git("config", "user.name", "Own Name", at=repositories.project)
    repositories.git("config", "user.email", "own@example.org", at=repositories.project)
    publish(host(repositories), B)
    assert repositories.git("log", "-1", "--format=%an <%ae>", "gh-pages") == "Own Name <own@example.org>"


def test_09_a_hook_refuses(repositories: Repositories) -> None:
    """What the repository says is told, and the branch stays where it was."""
    publish(host(repositories), A)
    tip = repositories.tip()
    repositories.hook("pre-receive", "echo 'Only on Mondays, please.' >&2; exit 1")
    with pytest.raises(PublishError, match=r"refused the publish: Only on Mondays, please\.$"):
        publish(host(repositories), B)
    assert repositories.tip() == tip
    repositories.hook("pre-receive", "exit 0")
    publish(host(repositories), B)


def test_10_somebody_pushes_at_the_same_time(repositories: Repositories) -> None:
    """When the branch moves between our look and our push, nothing is overwritten; the next publish sees it."""
    publish(host(repositories), A)

    def push(step: str) -> None:
        if "pushing" in step:
            publish(host(repositories), C)

    with pytest.raises(PublishError, match="somebody else pushed to gh-pages at the same time; nothing was changed"):
        publish(host(repositories), B, progress=push)
    assert repositories.files().items() >= C.items()
    publish(host(repositories), B)
    assert repositories.git("rev-list", "--count", "gh-pages") == "3"


def test_11_a_commit_only_looks_like_ours(repositories: Repositories) -> None:
    """A changed file under our own message, amended or cherry-picked, is somebody else's."""
    publish(host(repositories), A)
    message = repositories.git("log", "-1", "--format=%B", "gh-pages")
    repositories.commit(message, **{"index.html": "changed by hand"})
    with pytest.raises(PublishError, match="was not made by a publish"):
        publish(host(repositories), B)
    with pytest.raises(PublishError, match="was not made by a publish"):
        list_releases(host(repositories))


def test_12_there_is_no_repository(repositories: Repositories) -> None:
    """A path that leads nowhere, a folder that is none, a port that nobody listens at: a sentence each."""
    for place, sentence in (
        ("/nowhere/pages.git", "there is no git repository at /nowhere/pages.git"),
        (str(repositories.bare.parent), "there is no git repository at "),
        ("http://127.0.0.1:1/pages.git", r"cannot be published to: fatal: unable to access"),
        ("ssh://127.0.0.1:1/pages.git", r"cannot be published to: .*"),
    ):
        nowhere = GitHost(place, branch="gh-pages", cname="", project=repositories.project)
        with pytest.raises(PublishError, match=sentence) as caught:
            publish(nowhere, A)
        assert "\n" not in str(caught.value)


def test_13_a_name_that_git_cannot_hold(repositories: Repositories) -> None:
    """A file called .git ends in a sentence, and nothing is pushed."""
    files = {**A, ".git/config": b""}
    with pytest.raises(PublishError, match=r"^a git repository cannot hold a file called \.git/config"):
        publish(host(repositories), files | {MANIFEST: encode_manifest(make_manifest(files, "2021-02-11"))})
    assert repositories.tip() == ""


def test_a_repository_may_be_named_as_git_push_takes_it(repositories: Repositories) -> None:
    """The name of a remote and a path from the project lead to the same repository as its address."""
    repositories.git("remote", "add", "origin", str(repositories.bare), at=repositories.project)
    for name, files in (("origin", A), ("../pages.git", B)):
        publish(GitHost(name, branch="gh-pages", cname="", project=repositories.project), files)
        assert repositories.files().items() >= files.items()


def test_odd_names_are_only_names(repositories: Repositories) -> None:
    """Quotes, spaces and umlauts in the names of files arrive as they are."""
    odd = {**A, 'a "quoted" größe.html': b"odd", 'assets/x "y".0123456789ab.css': b"c"}
    odd |= {MANIFEST: encode_manifest(make_manifest(odd, "2021-02-11"))}
    publish(host(repositories), odd)
    assert repositories.files().items() >= odd.items()
    publish(host(repositories), B)
    assert 'assets/x "y".0123456789ab.css' in repositories.files()


def test_a_full_disk_there_leaves_the_branch(repositories: Repositories, tmp_path: Path) -> None:
    """When the repository cannot take the commit for lack of space, there is a sentence and the old branch."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount small filesystems: run the tests with sudo for this one")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], check=False).returncode:
        assert os.environ.get("CI") != "true"
        pytest.skip("cannot mount small filesystems here")
    try:
        repositories.git(
            "clone", "--quiet", "--bare", "--template=", str(repositories.bare), str(disk / "p.git"), at=disk
        )
        repositories.bare = disk / "p.git"
        publish(host(repositories), A)
        tip = repositories.tip()
        big = {**B, "large.html": os.urandom(900_000)}
        with pytest.raises(PublishError, match=r"No space left|refused the publish|cannot be published to") as caught:
            publish(host(repositories), big | {MANIFEST: encode_manifest(make_manifest(big, "2021-02-11"))})
        assert "\n" not in str(caught.value)
        assert repositories.tip() == tip
    finally:
        subprocess.run(["umount", str(disk)], check=True)
