"""The commands of publishing, from content to host: what they say, and with which status they end."""

import os
import re
import shutil
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from peers import NOW, read_folder

from rsm_site.build import Built
from rsm_site.config import Config, make_config
from rsm_site.errors import ContentError, OutputError, PublishError, UsageError
from rsm_site.manifest import MANIFEST, decode_manifest
from rsm_site.publish import command
from rsm_site.publish.command import Options, Terminal
from rsm_site.publish.history import Live
from rsm_site.publish.plan import make_plan

PROJECT = Path(__file__).parent.parent

SITE = """\
title: Test mission
language: en
edition: 2021-02-11
publish:
  disk: {kind: folder, path: www, keep: 3}
  pages: {kind: git, repository: pages.git}
  web: {kind: ssh, host: 127.0.0.1, port: 1, path: /nowhere}
  cloud: {kind: s3, bucket: bucket, endpoint: "http://127.0.0.1:1", region: eu-west-1}
"""
FACTS = """\
- id: personnel
  label: Personnel
  observations: [{date: 2020, value: 13000, qualifier: about, sources: [report]}]
- id: hubs
  label: Hubs
  observations: [{date: 2020, value: 5, sources: [report]}]
"""
SOURCES = "- {id: report, title: A report, publisher: Somebody, published: 2021-01-01}\n"
YES = Options(yes=True)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A small project with a target of each kind."""
    content = tmp_path / "project/content"
    content.mkdir(parents=True)
    for name, text in (("site", SITE), ("facts", FACTS), ("sources", SOURCES)):
        (content / f"{name}.yaml").write_text(text)
    return make_config(project=tmp_path / "project", cache=tmp_path / "cache")


class Said(list[str]):
    """A terminal that keeps what is said, and answers as it is told."""

    def terminal(self, answer: bool | None = None) -> Terminal:
        """The terminal; without an answer nobody is there."""
        now = datetime.strptime(NOW, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        ask = None if answer is None else lambda _question: answer
        return Terminal(say=self.append, warn=self.append, report=self.report, ask=ask, now=now)

    def report(self, built: Built) -> None:
        """Keep the codes of a build's problems."""
        self.extend(problem.code for problem in built.problems)


def edit(config: Config, name: str, old: str, new: str) -> None:
    """Change a file of the content."""
    path = config.content / name
    path.write_text(path.read_text().replace(old, new))


def current(config: Config) -> dict[str, bytes]:
    """What readers of the target `disk` get."""
    return read_folder(config.project / "www/current")


def test_from_content_to_host_and_back(config: Config) -> None:
    """Publish, change a figure, publish, list, go back, verify: each step says what readers see."""
    said = Said()
    assert command.publish(config, "disk", YES, said.terminal()) == 0
    first = decode_manifest(current(config)[MANIFEST]).release
    edit(config, "facts.yaml", "13000", "10000")
    said.clear()
    assert command.publish(config, "disk", YES, said.terminal()) == 0
    second = decode_manifest(current(config)[MANIFEST]).release
    where = config.project / "www"
    assert said[0] == f"{where} gets release {second} in place of {first}:"
    assert said[1] == "  Personnel: about 13,000 to about 10,000"
    assert re.fullmatch(r"  \d pages, \d+ data files, .*\d+ kB to send", said[2])
    assert re.fullmatch(rf"Published release {second} to {where}; all \d+ files read back as they should be\.", said[3])
    said.clear()
    assert command.releases(config, "disk", said.terminal()) == 0
    assert said[0].startswith(f"{second}  edition 2021-02-11  ")
    assert said[0].endswith(f"  published {NOW}  what readers get")
    assert said[1].startswith(f"{first}  edition 2021-02-11  ")
    assert said[1].endswith(f"  published {NOW}")
    said.clear()
    assert command.rollback(config, "disk", "", YES, said.terminal()) == 0
    assert said[1] == "  Personnel: about 10,000 to about 13,000"
    assert decode_manifest(current(config)[MANIFEST]).release == first
    said.clear()
    assert command.verify(str(where), said.terminal()) == 0
    (where / "current/index.html").write_bytes(b"")
    assert command.verify(str(where), said.terminal()) == 1
    assert said[1:] == [
        "changed index.html",
        f"{where}: release {first}, edition 2021-02-11: 1 file differs.",
    ]


def test_one_changed_fact_sends_only_what_shows_it(config: Config) -> None:
    """Pages and data without the figure are not sent, and stay the same files on the disk."""
    said = Said()
    command.publish(config, "disk", YES, said.terminal())
    before = {path: (config.project / "www/current" / path).stat().st_ino for path in current(config)}
    edit(config, "facts.yaml", "value: 5", "value: 6")
    command.publish(config, "disk", YES, said.terminal())
    changed = {
        path for path in current(config) if (config.project / "www/current" / path).stat().st_ino != before.get(path)
    }
    assert {"facts.html", "data/factsheet.json"} <= changed
    assert not {"index.html", "about.html", "404.html", "data/sources.csv", "robots.txt"} & changed
    assert not [path for path in changed if path.startswith("assets/")]


def test_one_changed_fact_of_the_real_content_sends_only_what_shows_it(config: Config, tmp_path: Path) -> None:
    """With another strength in the content that ships, exactly the pages that show it are sent."""
    from rsm_site.build import check_site

    content = shutil.copytree(PROJECT / "content", tmp_path / "real/content")
    shutil.copytree(PROJECT / "templates", tmp_path / "real/templates")
    real = make_config(project=tmp_path / "real", cache=tmp_path / "cache")
    old = dict(check_site(real).files)
    facts = (content / "facts.yaml").read_text(encoding="utf-8")
    assert facts.count("value: 10000\n") == 1
    (content / "facts.yaml").write_text(facts.replace("value: 10000\n", "value: 9876\n"), encoding="utf-8")
    new = dict(check_site(real).files)
    live = Live(manifest=decode_manifest(old[MANIFEST]))
    plan = make_plan(
        live,
        new,
        decode_manifest(new[MANIFEST]),
        published=NOW,
        keep=3,
        extras={},
        old_factsheet=old["data/factsheet.json"],
    )
    shown = {path for path, data in new.items() if path.endswith(".html") and b"9,876" in data}
    assert {path for path in plan.to_send if path.endswith(".html")} == shown
    assert 0 < len(shown) < sum(path.endswith(".html") for path in new) / 2
    assert plan.claims == ("Personnel deployed: about 10,000 to about 9,876",)


def test_nobody_is_published_for_without_being_asked(config: Config) -> None:
    """Without a terminal --yes is needed; on one, no leaves everything as it is, and a dry run asks nothing."""
    said = Said()
    with pytest.raises(UsageError, match="there is nobody to ask here: add --yes to publish, or --dry-run"):
        command.publish(config, "disk", Options(), said.terminal())
    with pytest.raises(UsageError, match="there is nobody to ask here"):
        command.rollback(config, "disk", "", Options(), said.terminal())
    assert command.publish(config, "disk", Options(), said.terminal(answer=False)) == 0
    assert said[-1] == "Nothing was sent."
    assert command.publish(config, "disk", Options(dry_run=True), said.terminal()) == 0
    assert said[-1] == "Nothing was sent: this was a dry run."
    assert not (config.project / "www").exists()
    assert command.publish(config, "disk", Options(), said.terminal(answer=True)) == 0
    assert (config.project / "www/current/index.html").is_file()


def test_content_with_problems_is_not_published(config: Config) -> None:
    """An error in the content stops the publish before anything is built or sent; going back still works."""
    said = Said()
    for value in ("13000", "10000"):
        edit(config, "facts.yaml", "13000", value)
        command.publish(config, "disk", YES, said.terminal())
    before = current(config)
    edit(config, "facts.yaml", "[report]", "[raport]")
    with pytest.raises(ContentError):
        command.publish(config, "disk", YES, said.terminal())
    assert current(config) == before
    command.rollback(config, "disk", "", YES, said.terminal())
    assert current(config) != before
    edit(config, "site.yaml", "title:", "tittle:")
    with pytest.raises(ContentError):
        command.rollback(config, "disk", "", YES, said.terminal())


def test_warnings_are_told_before_anything_is_sent(config: Config) -> None:
    """A publish tells of what its build warns of, and goes on."""
    said = Said()
    (config.content / "notes.txt").write_text("mine")
    assert command.publish(config, "disk", YES, said.terminal()) == 0
    assert said[0] == "unread-file"
    assert said[-1].startswith("Published release ")


def test_as_built_sends_the_folder_or_nothing(config: Config) -> None:
    """The folder goes out as it stands, whatever the content says since; one that was touched does not."""
    said = Said()
    as_built = Options(yes=True, as_built=True)
    with pytest.raises(OutputError, match="cannot be read: No such file"):
        command.publish(config, "disk", as_built, said.terminal())
    from rsm_site.build import build_site

    build_site(config)
    edit(config, "facts.yaml", "[report]", "[raport]")
    command.publish(config, "disk", as_built, said.terminal())
    assert current(config).items() >= read_folder(config.output).items()
    before = current(config)
    for touch in (
        lambda: (config.output / "index.html").write_bytes(b"by hand"),
        lambda: (config.output / "notes.txt").write_bytes(b""),
        lambda: (config.output / "about.html").unlink(),
    ):
        touch()
        with pytest.raises(
            PublishError, match=r"is not as it was built: .*; nothing was sent; build again, or publish"
        ):
            command.publish(config, "disk", as_built, said.terminal())
    assert current(config) == before


def test_a_target_that_is_not_there_is_told(config: Config) -> None:
    """A misspelt target names the nearest; a site without any says where to write one."""
    said = Said()
    with pytest.raises(UsageError, match=r"^site.yaml has no target 'dsik'; did you mean 'disk'\?$"):
        command.publish(config, "dsik", YES, said.terminal())
    with pytest.raises(UsageError, match=r"site.yaml has no target 'zzz'; there are disk, pages, web, cloud"):
        command.releases(config, "zzz", said.terminal())
    (config.content / "site.yaml").write_text(SITE.partition("publish:")[0])
    with pytest.raises(UsageError, match=r"site.yaml names no target; write one under 'publish:'"):
        command.publish(config, "disk", YES, said.terminal())


def test_each_kind_of_target_is_reached(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git, ssh and S3 targets of site.yaml lead to their hosts; those that do not answer are told."""
    said = Said()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    subprocess.run(["git", "init", "--quiet", "--bare", str(config.project / "pages.git")], check=True)
    assert command.publish(config, "pages", YES, said.terminal()) == 0
    assert command.releases(config, "pages", said.terminal()) == 0
    assert "what readers get" in said[-1]
    with pytest.raises(PublishError, match=r"^127.0.0.1:/nowhere cannot be published to: ssh: connect to host"):
        command.publish(config, "web", YES, said.terminal())
    with pytest.raises(PublishError, match=r"^http://127.0.0.1:1/bucket cannot be reached"):
        command.publish(config, "cloud", YES, said.terminal())


def test_a_domain_is_one_targets_own(config: Config) -> None:
    """Of two branches that get the same site, built or as built, only the one with a domain gets a CNAME, each time and
    after a rollback."""
    said = Said()
    targets = (
        "pages: {kind: git, repository: pages.git, cname: a.example.org}\n  mirror: {kind: git, repository: m.git}"
    )
    edit(config, "site.yaml", "pages: {kind: git, repository: pages.git}", targets)
    for name in ("pages", "m"):
        subprocess.run(["git", "init", "--quiet", "--bare", str(config.project / f"{name}.git")], check=True)

    def names(repository: str) -> set[str]:
        listing = ["git", "-C", str(config.project / repository), "ls-tree", "-r", "--name-only", "gh-pages"]
        return set(subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split())

    for value in ("13000", "10000"):
        edit(config, "facts.yaml", "13000", value)
        for target in ("pages", "mirror"):
            assert command.publish(config, target, YES, said.terminal()) == 0
            assert command.publish(config, target, Options(yes=True, as_built=True), said.terminal()) == 0
        assert names("pages.git") - names("m.git") == {"CNAME"}
    for target in ("pages", "mirror"):
        assert command.rollback(config, target, "", YES, said.terminal()) == 0
    assert names("pages.git") - names("m.git") == {"CNAME"}
    assert not (config.output / "CNAME").exists()


def test_nothing_published_is_told(config: Config) -> None:
    """The list of an empty target is a sentence."""
    said = Said()
    command.releases(config, "disk", said.terminal())
    assert said == [f"Nothing is published at {config.project / 'www'} yet."]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("github", ".github/workflows/factsheet.yml"),
        ("gitlab", ".gitlab-ci.yml"),
        ("netlify", "netlify.toml"),
        ("cloudflare", "wrangler.toml"),
    ],
)
def test_init_host_writes_a_file_that_builds_and_checks_first(tmp_path: Path, host: str, path: str) -> None:
    """Each host's file parses, checks and builds before it publishes `public`, and is not written over another."""
    project = tmp_path / "My Mission!"
    project.mkdir()
    said = Said()
    assert command.init_host(project, host, said.terminal()) == 0
    assert said[0].startswith(f"Wrote {path}. Next: ")
    text = (project / path).read_text()
    parsed = tomllib.loads(text) if path.endswith(".toml") else yaml.safe_load(text)
    assert parsed
    assert "@" not in re.sub(r"uses: [\w/-]+@[0-9a-f]{40} # v[\d.]+$", "", text, flags=re.MULTILINE)
    steps = [
        text.index(word) for word in ("pip install rsm-site==", "rsm-site check", "rsm-site build", "rsm-site verify")
    ]
    assert steps == sorted(steps)
    assert "public" in text
    assert command.init_host(project, host, said.terminal()) == 0  # the same again
    (project / path).write_text("mine: true\n")
    with pytest.raises(UsageError, match=re.escape(f"{path} is there already and says something else")):
        command.init_host(project, host, said.terminal())
    assert (project / path).read_text() == "mine: true\n"


def test_the_github_workflow_has_least_permissions(tmp_path: Path) -> None:
    """Nothing is allowed by default; only the last job may publish, and only what reaches the main branch."""
    command.init_host(tmp_path, "github", Said().terminal())
    workflow = yaml.safe_load((tmp_path / ".github/workflows/factsheet.yml").read_text())
    assert workflow["permissions"] == {}
    jobs = workflow["jobs"]
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert jobs["publish"]["needs"] == "build"
    assert "default_branch" in jobs["publish"]["if"]
    uses = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", use) for use in uses)
    assert jobs["build"]["steps"][-1]["with"] == {"path": "public", "include-hidden-files": True}


def test_init_host_knows_its_hosts_and_its_own_checkout(tmp_path: Path) -> None:
    """An unknown host and a missing project are told; in the tool's own checkout the host installs that."""
    said = Said()
    with pytest.raises(
        UsageError, match="there is no host 'geocities'; the hosts are github, gitlab, netlify, cloudflare"
    ):
        command.init_host(tmp_path, "geocities", said.terminal())
    with pytest.raises(UsageError, match="there is no project folder at"):
        command.init_host(tmp_path / "none", "github", said.terminal())
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "rsm-site"\n')
    command.init_host(tmp_path, "cloudflare", said.terminal())
    assert "pip install . && rsm-site check" in (tmp_path / "wrangler.toml").read_text()


def test_cloudflare_finds_the_front_page(tmp_path: Path) -> None:
    """A Worker that is told to handle no HTML has nothing at "/"."""
    command.init_host(tmp_path, "cloudflare", Said().terminal())
    parsed = tomllib.loads((tmp_path / "wrangler.toml").read_text())
    assert parsed["assets"]["html_handling"] == "auto-trailing-slash"


def test_secrets_are_not_asked_of_content(config: Config) -> None:
    """A target with a password in it is an error of the content."""
    edit(config, "site.yaml", "path: /nowhere}", "path: /nowhere, password: hunter2}")
    with pytest.raises(ContentError) as caught:
        command.publish(config, "web", YES, Said().terminal())
    assert any("password" in problem.message for problem in caught.value.problems)


def test_the_working_folder_makes_no_difference(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target's path is seen from the project, wherever the command is run."""
    monkeypatch.chdir(tmp_path)
    command.publish(config, "disk", YES, Said().terminal())
    assert (config.project / "www/current/index.html").is_file()
    assert not Path(os.path.abspath("www")).exists()  # noqa: PTH100
