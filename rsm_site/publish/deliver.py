"""The steps of a publish and of a rollback, the same for every kind of host: plan, show, send, read back."""

import hashlib
from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from rsm_site.errors import PublishError, UsageError
from rsm_site.manifest import MANIFEST, decode_manifest, encode_manifest
from rsm_site.publish.history import Live, Release
from rsm_site.publish.host import Host, Progress
from rsm_site.publish.plan import FACTSHEET, Plan, check_deletions, describe, make_plan
from rsm_site.publish.verify import TIMEOUT, Verified, check, name_differences, verify_address


class Wishes(Struct, frozen=True, kw_only=True):
    """What the publisher asked for; `ask` puts a question to a person and is None where nobody is asked; `published` is
    the time to record."""

    published: str
    dry_run: bool = False
    allow_deletions: bool = False
    address: str = ""  # where the target is read back over HTTP
    presumed_address: str = ""  # where it may be, when the target names none
    ask: Callable[[str], bool] | None = None
    say: Callable[[str], None] = lambda _line: None
    progress: Progress = lambda _step: None


def publish_files(host: Host, files: Mapping[str, bytes], wishes: Wishes) -> bool:
    """Make `files`, a whole site with its manifest, what readers of the target get; False when the answer was no."""
    shown: Plan | None = None
    if wishes.dry_run or wishes.ask:
        with host.opened(lock=False):
            shown = _make_plan(host, host.live(), files, wishes)
        _show(shown, host, wishes)
        if wishes.dry_run:
            wishes.say("Nothing was sent: this was a dry run.")
            return True
        if shown.to_send and wishes.ask and not wishes.ask(f"Publish to {host.place}?"):
            wishes.say("Nothing was sent.")
            return False
    with host.opened(lock=True):
        plan = _make_plan(host, host.live(), files, wishes)
        if shown is None:
            _show(plan, host, wishes)
        elif shown.live != plan.live:
            raise PublishError(f"{host.place} was changed while you were asked; nothing was sent; look again")
        if plan.live.manifest == plan.manifest and (found := check(plan.live, host.inventory()).differences):
            wishes.say(f"Not as it was published: {name_differences(found)}; putting it right.")
            damaged = plan.live.uncertain.union(each.path for each in found)
            plan = _make_plan(host, structs.replace(plan.live, uncertain=damaged), files, wishes)
        if plan.to_send:
            host.send(plan, wishes.progress)
        verified = check(Live(manifest=plan.manifest, history=plan.history), host.inventory())
    if verified.differences:
        raise PublishError(f"{host.place} was read back and differs: {name_differences(verified.differences)}")
    _tell(plan, verified, host, wishes)
    _verify_over_http(plan, host, wishes)
    return True


def roll_back(host: Host, release: str, wishes: Wishes) -> bool:
    """Make an earlier release, by the beginning of its id (empty: the one before), what readers of the target get."""
    with host.opened(lock=False):
        wanted = _find(host, release)
        files = _fetch(host, wanted)
    return publish_files(host, files, structs.replace(wishes, allow_deletions=True))


def list_releases(host: Host) -> tuple[Release, ...]:
    """The releases that stand at the target, the one that readers get first."""
    with host.opened(lock=False):
        return host.live().releases


def _find(host: Host, release: str) -> Release:
    standing = host.live().releases
    if not standing:
        raise PublishError(f"nothing is published at {host.place} yet")
    if not release and len(standing) == 1:
        raise PublishError(f"there is no release before {standing[0].manifest.release} at {host.place}")
    if not release:
        return standing[1]
    found = [each for each in standing if each.manifest.release.startswith(release)]
    if not found and (older := host.find(release)):
        found = [older]
    if len(found) == 1:
        return found[0]
    ids = ", ".join(each.manifest.release for each in (found or standing))
    if found:
        raise UsageError(f"more than one release begins with '{release}': {ids}")
    raise UsageError(f"there is no release '{release}' at {host.place}; there are {ids}")


def _fetch(host: Host, release: Release) -> Mapping[str, bytes]:
    """The files of a release as they went out; PublishError if the target does not have all of them any more."""
    files, manifest = host.fetch(release), release.manifest
    for path, record in manifest.files.items():
        if path not in files or hashlib.sha256(files[path]).hexdigest() != record.sha256:
            raise PublishError(
                f"release {manifest.release} is not whole any more at {host.place}: {path} is missing or changed; "
                "nothing was sent; choose another"
            )
    return {path: files[path] for path in manifest.files} | {MANIFEST: encode_manifest(manifest)}


def _make_plan(host: Host, live: Live, files: Mapping[str, bytes], wishes: Wishes) -> Plan:
    return make_plan(
        live,
        files,
        decode_manifest(files[MANIFEST]),
        published=wishes.published,
        keep=host.keep,
        extras=host.extras,
        old_factsheet=host.read(FACTSHEET) if live.manifest else None,
    )


def _show(plan: Plan, host: Host, wishes: Wishes) -> None:
    """Say what the publish changes for readers; PublishError when it would delete too much."""
    release, there = plan.manifest.release, plan.live.manifest
    if not plan.to_send:
        wishes.say(f"{host.place} has release {release} already: nothing to send.")
        return
    what = f"release {release}, its first"
    if there:
        again = there.release == release
        what = f"what is not right of release {release}" if again else f"release {release} in place of {there.release}"
    wishes.say(f"{host.place} gets {what}:")
    for line in describe(plan):
        wishes.say(line)
    if not wishes.allow_deletions:
        check_deletions(plan)


def _tell(plan: Plan, verified: Verified, host: Host, wishes: Wishes) -> None:
    """Say what was done and seen."""
    release, count = plan.manifest.release, verified.count
    if plan.to_send:
        wishes.say(f"Published release {release} to {host.place}; all {count} files read back as they should be.")
    else:
        wishes.say(f"All {count} files of it are as they should be.")


def _verify_over_http(plan: Plan, host: Host, wishes: Wishes) -> None:
    """Read the site back as readers get it; only said, not insisted on, where its address is presumed."""
    if not (address := wishes.address or wishes.presumed_address):
        return
    patience, timeout = (host.patience, TIMEOUT) if wishes.address else (0, 5.0)
    try:
        verified = verify_address(address, release=plan.manifest.release, patience=patience, timeout=timeout)
    except PublishError as error:
        if wishes.address:
            raise PublishError(f"the site was sent, but {error}; 'rsm-site verify {address}' looks again") from error
        wishes.say(f"Not read back over HTTP: {error}; 'rsm-site verify {address}' looks again.")
        return
    if verified.differences:
        raise PublishError(f"the site was sent, but at {address} {name_differences(verified.differences)}")
    wishes.say(f"{address} shows it: {verified.count} files read over HTTP are as they should be.")
