"""The commands publish, releases, rollback, verify and init-host, apart from how their options are written."""

from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from rsm_site.build import Built, build_site
from rsm_site.config import Config
from rsm_site.errors import ContentError, PublishError, UsageError
from rsm_site.loader import load_factsheet
from rsm_site.manifest import MANIFEST, compare_folder, encode_manifest, read_manifest
from rsm_site.model import FolderTarget, GitTarget, S3Target, Site, SshTarget, Target
from rsm_site.publish.deliver import Wishes, list_releases, publish_files, roll_back
from rsm_site.publish.host import Host, Progress
from rsm_site.publish.init_host import write_host_files
from rsm_site.publish.plan import size_in_words
from rsm_site.publish.verify import name_differences
from rsm_site.publish.verify import verify as verify_place
from rsm_site.report import printable


class Options(Struct, frozen=True, kw_only=True):
    """The options of publish and rollback."""

    dry_run: bool = False
    yes: bool = False
    as_built: bool = False
    allow_deletions: bool = False
    take_over: bool = False


class Terminal(Struct, frozen=True, kw_only=True):
    """Where a command says things: how it goes, what is wrong (which is said to the quiet too), and the problems of a
    build; `ask` puts a yes-or-no question, and is None where nobody is there to answer."""

    say: Callable[[str], None]
    warn: Callable[[str], None]
    report: Callable[[Built], None]
    ask: Callable[[str], bool] | None = None
    progress: Progress = lambda _step: None
    now: datetime


def publish(config: Config, name: str, options: Options, terminal: Terminal) -> int:
    """Build the site and put it on the target `name`; 0 also when the answer was no."""
    site = _load_site(config)
    host = _make_host(site, name, config, options, terminal)
    _refuse_silence(options, terminal)
    if options.as_built:
        files = _read_built(config)
    else:
        built = build_site(config)
        terminal.report(built)
        files = dict(built.files)
    publish_files(host, files, _wishes(site, name, options, terminal))
    return 0


def rollback(config: Config, name: str, release: str, options: Options, terminal: Terminal) -> int:
    """Put an earlier release back on the target `name`: the one before, or that whose id begins with `release`."""
    site = _load_site(config)
    host = _make_host(site, name, config, options, terminal)
    _refuse_silence(options, terminal)
    roll_back(host, release, _wishes(site, name, options, terminal))
    return 0


def releases(config: Config, name: str, terminal: Terminal) -> int:
    """List what stands at the target `name`, what readers get first."""
    site = _load_site(config)
    host = _make_host(site, name, config, Options(), terminal)
    standing = list_releases(host)
    if not standing:
        terminal.say(f"Nothing is published at {host.place} yet.")
    for number, release in enumerate(standing):
        manifest = release.manifest
        size = size_in_words(sum(record.size for record in manifest.files.values()))
        when = f"  published {printable(release.published)}" if release.published else ""
        now = "  what readers get" if number == 0 else ""
        terminal.say(f"{manifest.release}  edition {manifest.edition}  {len(manifest.files)} files, {size}{when}{now}")
    return 0


def verify(place: str, terminal: Terminal) -> int:
    """Compare the site at `place`, a folder or an address, with its manifest; 1 when it differs."""
    verified = verify_place(place)
    release = f"release {verified.manifest.release}, edition {verified.manifest.edition}"
    if not verified.differences:
        terminal.say(f"{place}: {release}: all {verified.count} files are as they should be.")
        return 0
    for found in verified.differences:
        terminal.warn(printable(f"{found.kind:8}{found.path}"))
    count = len(verified.differences)
    terminal.warn(f"{place}: {release}: {count} {'file differs' if count == 1 else 'files differ'}.")
    return 1


def init_host(project: Path, host: str, terminal: Terminal) -> int:
    """Write the files with which the host `host` builds and publishes the project by itself."""
    for path, told in write_host_files(project, host):
        terminal.say(f"Wrote {path}. {told}")
    return 0


def _load_site(config: Config) -> Site:
    loaded = load_factsheet(config)
    if loaded.factsheet is None:
        raise ContentError(loaded.problems, loaded.texts)
    return loaded.factsheet.site


def _make_host(site: Site, name: str, config: Config, options: Options, terminal: Terminal) -> Host:
    target = _find_target(site, name)
    asks = terminal.ask is not None
    match target:
        case FolderTarget():
            from rsm_site.publish.folder import FolderHost

            return FolderHost(config.project / target.path, target.keep)
        case SshTarget():
            from rsm_site.publish.ssh import SshHost

            return SshHost(target.host, target.path, user=target.user, port=target.port, keep=target.keep, ask=asks)
        case GitTarget():
            from rsm_site.publish.git import GitHost

            return GitHost(
                target.repository,
                branch=target.branch,
                cname=target.cname,
                project=config.project,
                take_over=options.take_over,
                ask=asks,
            )
        case S3Target():
            from rsm_site.publish.s3 import S3Host

            return S3Host(
                target.bucket,
                prefix=target.prefix,
                endpoint=target.endpoint,
                region=target.region,
                keep=target.keep,
            )


def _find_target(site: Site, name: str) -> Target:
    if name in site.publish:
        return site.publish[name]
    if not site.publish:
        raise UsageError("site.yaml names no target; write one under 'publish:', as its comments show")
    near = get_close_matches(name, site.publish, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(site.publish)}"
    raise UsageError(f"site.yaml has no target '{name}'; {hint}")


def _refuse_silence(options: Options, terminal: Terminal) -> None:
    if not (options.yes or options.dry_run or terminal.ask):
        raise UsageError("there is nobody to ask here: add --yes to publish, or --dry-run to see what would change")


def _wishes(site: Site, name: str, options: Options, terminal: Terminal) -> Wishes:
    return Wishes(
        published=terminal.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        dry_run=options.dry_run,
        allow_deletions=options.allow_deletions,
        address=site.publish[name].url,
        presumed_address=site.url,
        ask=None if options.yes or options.dry_run else terminal.ask,
        say=terminal.say,
        progress=terminal.progress,
    )


def _read_built(config: Config) -> dict[str, bytes]:
    """The site in the output folder as it stands; PublishError when it is not what was built."""
    manifest = read_manifest(config.output)
    if differences := compare_folder(config.output):
        raise PublishError(
            f"{config.output} is not as it was built: {name_differences(differences)}; nothing was sent; build again, "
            "or publish without --as-built"
        )
    return {path: (config.output / path).read_bytes() for path in manifest.files} | {
        MANIFEST: encode_manifest(manifest)
    }
