"""Options, messages and exit status of the command line."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rsm_site import __version__
from rsm_site.errors import ContentError, Problem, SiteError, UsageError
from rsm_site.unchanged import Record, cache_folder

if TYPE_CHECKING:
    from rsm_site.config import Config
    from rsm_site.publish.command import Options as PublishOptions
    from rsm_site.publish.command import Terminal

COMMANDS = {
    "build": "content/ + templates/ -> public/ (the default)",
    "check": "everything build checks; writes nothing",
    "serve": "preview on 127.0.0.1 that follows your changes",
    "publish": "build, then put the site on a static host",
    "releases": "what stands on a static host",
    "rollback": "go back to an earlier release",
    "verify": "compare a published site or a folder with its manifest",
    "changes": "what changed between two days",
    "freeze": "keep an edition's claims, so that what is changed later is listed as a correction",
    "new": "a complete small factsheet of another mission to start from",
    "init-host": "write the workflow or settings file of a host that builds the site itself",
    "schema": "write the editors' JSON Schema files, print the field reference",
}
_EPILOG = "Exit status: 0 done, 1 the content has errors, 2 wrong use, 3 anything else."


def main(arguments: Sequence[str] | None = None, record: Record | None = None) -> int:
    """Run one command and give its exit status: 0 done, 1 errors in the content, 2 wrong use, 3 anything else. A build
    leaves in `record` what the same command can do without."""
    options = argparse.Namespace()
    try:
        options = _parse(list(sys.argv[1:] if arguments is None else arguments))
        options.record = record
        run: Callable[[argparse.Namespace], int] = globals()[f"_{options.command.replace('-', '_')}"]
        _turn_termination_into_interrupt()
        return run(options)
    except ContentError as error:
        _report(options, error.problems, error.texts)
        if _format(options) == "text":
            _say(f"rsm-site: {error}")
        return error.exit_status
    except SiteError as error:
        _say(f"rsm-site: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        _say("rsm-site: stopped; the published folder is as it was or wholly new")
        return 3
    except SystemExit as ended:  # after --help or --version
        return int(ended.code or 0)
    except OSError as error:
        what = f"{error.strerror or error}: {error.filename}" if error.filename else error.strerror or error
        _say(f"rsm-site: {what}")
        return 3
    except Exception as error:  # a fault of the program: still one sentence, with the place for whoever mends it
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
        _say(
            f"rsm-site: this is a fault of rsm-site itself, please report it: {type(error).__name__}: {error} ({where})"
        )
        return 3


class _Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence."""

    def error(self, message: str) -> NoReturn:
        """UsageError with the message and where to read on."""
        raise UsageError(f"{message}; see '{self.prog} --help'")

    def _print_message(self, message: str, _file: object = None) -> None:
        """Say it in full: argparse goes on when it cannot be written."""
        _tell(message.rstrip())


def _parse(arguments: list[str]) -> argparse.Namespace:
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    add = common.add_argument_group("options of every command").add_argument
    add("--project", type=Path, metavar="DIR", help="the project folder (default: the working folder)")
    add("--content", type=Path, metavar="DIR", help="the content folder (default: content/ of the project)")
    add("--templates", type=Path, metavar="DIR", help="the templates (default: those of the project or the package)")
    add("--output", type=Path, metavar="DIR", help="the folder that is written (default: public/ of the project)")
    add("--edition", type=_day, metavar="DAY", help="the factsheet as of that day (YYYY-MM-DD)")
    add("--known-by", type=_day, metavar="DAY", help="leave out what no source had published by then")
    add("--strict", action="store_true", help="take every warning for an error")
    add("--format", choices=("text", "json", "github"), help="how problems are printed")
    add("--quiet", action="store_true", help="print problems only")
    add("--version", action="version", version=f"rsm-site {__version__}", help="print the version")
    parser = _Parser(prog="rsm-site", description="Build a mission factsheet.", parents=[common], epilog=_EPILOG)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    wants_help = any(word in ("-h", "--help", "--version") for word in arguments)
    if not wants_help:
        arguments = _with_command(arguments)
    for name, text in COMMANDS.items():
        if wants_help or name in arguments:  # all the parsers together would take as long as reading a small site
            command = subparsers.add_parser(name, help=text, description=text, parents=[common], epilog=_EPILOG)
            _add_options(name, command.add_argument)
    return parser.parse_args(arguments)


def _add_options(command: str, add: Callable[..., argparse.Action]) -> None:
    """Add what one command knows beside the options of every command."""
    if command in ("publish", "releases", "rollback"):
        add("target", metavar="TARGET", help="a name of publish: in site.yaml")
    if command == "rollback":
        add("release", metavar="RELEASE", nargs="?", default="", help="the beginning of its id")
    if command in ("publish", "rollback"):
        add("--yes", action="store_true", help="do not ask")
        add("--dry-run", action="store_true", help="only say what readers would see change")
        add("--allow-deletions", action="store_true", help="go on when many files would go")
        add("--take-over", action="store_true", help="go on where somebody else has published")
    match command:
        case "build":
            add("--single-file", action="store_true", help="also write the front page as factsheet.html")
            pdf = "also write the front page as factsheet.pdf (needs the extra 'pdf')"
            add("--pdf", action="store_true", help=pdf)
        case "changes":
            for name, text in (("from", "the earlier day"), ("to", "the later day")):
                add(f"--{name}", dest=f"{name}_day", type=_day, metavar="DAY", required=True, help=text)
        case "serve":
            add("--port", type=_port, help="the port (default: a free one from 8000 on)")
            add("--open", action="store_true", help="open the page in a browser")
        case "publish":
            add("--as-built", action="store_true", help="send the output folder as it stands")
        case "verify":
            add("place", metavar="URL-or-folder", help="a published site, or a folder that holds one")
        case "init-host":
            hosts = ("github", "gitlab", "netlify", "cloudflare")
            add("host", metavar="HOST", choices=hosts, help=", ".join(hosts))
        case "freeze":
            add("day", type=_day, metavar="DAY", help="the day of the edition")
        case "new":
            add("dir", type=Path, metavar="DIR", help="an empty folder, or one to make")


def _with_command(arguments: list[str]) -> list[str]:
    """Put `build` first when no command is named; UsageError for a word that is no command."""
    takes_value = {
        "--project",
        "--content",
        "--templates",
        "--output",
        "--edition",
        "--known-by",
        "--format",
        "--from",
        "--to",
    }
    previous = ""
    for word in arguments:
        if not word.startswith("-") and previous not in takes_value:
            if word in COMMANDS:
                return arguments
            from difflib import get_close_matches

            near = get_close_matches(word, COMMANDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the commands are {', '.join(COMMANDS)}"
            raise UsageError(f"there is no command '{word}'; {hint}")
        previous = word
    return ["build", *arguments]


def _day(text: str) -> date:
    from rsm_site.dates import parse_day

    try:
        return parse_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; write YYYY-MM-DD") from None


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port; write a number up to 65535")
    return int(text)


def _build(options: argparse.Namespace) -> int:
    return _run_build(options, write=True)


def _check(options: argparse.Namespace) -> int:
    return _run_build(options, write=False)


def _run_build(options: argparse.Namespace, *, write: bool) -> int:
    from time import perf_counter

    from rsm_site.build import build_site, check_site, silent, spare_of
    from rsm_site.progress import Progress
    from rsm_site.spare import is_spare_of

    started = perf_counter()
    config = _config(options)
    sources = str(config.content.absolute()), str(config.templates.absolute())
    record = options.record if write else None
    if record:
        record.begin(*sources)
    progress = Progress()
    tell = progress if sys.stderr.isatty() and not getattr(options, "quiet", False) else silent
    try:
        built = build_site(config, tell) if write else check_site(config, tell=tell)
    finally:
        progress.close()
    _report(options, built.problems, built.texts)
    before = after = ""
    if not getattr(options, "quiet", False) and _format(options) == "text":
        counts = f"{built.page_count} pages, {len(built.files)} files, {_size(built.size)} in "
        what, following = f"Checked {_shown(config.content)}", "rsm-site build"
        if write:
            what, following = f"Built {_shown(config.output)}", f"open {_shown(config.output / 'index.html')}"
        before, after = f"{what}: {counts}", f". Next: {following}"
        _tell(f"{before}{perf_counter() - started:.2f} s{after}")
    options.built = built  # alive to the end of the process, which then need not take it apart
    if record and not built.problems and _format(options) != "json":  # which is said even of no problems
        spare = spare_of(config)
        copy = str(spare) if spare and is_spare_of(spare, built.files) else ""
        record.end(*sources, str(config.output.absolute()), copy, before, after)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from rsm_site.serve import serve

    return serve(
        _config(options),
        port=options.port,
        open_browser=options.open,
        say=_tell,
        listed=partial(_listed, options),
        quiet=getattr(options, "quiet", False),
    )


def _publish(options: argparse.Namespace) -> int:
    from rsm_site.publish import command

    return command.publish(_config(options), options.target, _publish_options(options), _terminal(options))


def _releases(options: argparse.Namespace) -> int:
    from rsm_site.publish import command

    return command.releases(_config(options), options.target, _terminal(options))


def _rollback(options: argparse.Namespace) -> int:
    from rsm_site.publish import command

    wishes = _publish_options(options)
    return command.rollback(_config(options), options.target, options.release, wishes, _terminal(options))


def _verify(options: argparse.Namespace) -> int:
    from rsm_site.publish import command

    return command.verify(options.place, _terminal(options))


def _init_host(options: argparse.Namespace) -> int:
    from rsm_site.publish import command

    return command.init_host(getattr(options, "project", Path()), options.host, _terminal(options))


def _publish_options(options: argparse.Namespace) -> "PublishOptions":
    from rsm_site.publish.command import Options

    return Options(
        dry_run=options.dry_run,
        yes=options.yes,
        as_built=getattr(options, "as_built", False),
        allow_deletions=options.allow_deletions,
        take_over=options.take_over,
    )


def _terminal(options: argparse.Namespace) -> "Terminal":
    """Where publishing says things and asks; the time of day is read here, for the record of releases alone."""
    from datetime import UTC, datetime

    from rsm_site.publish.command import Terminal

    def ask(question: str) -> bool:
        try:
            return input(f"{question} [y/N] ").strip().casefold() in ("y", "yes")
        except EOFError:
            return False

    quiet = getattr(options, "quiet", False)
    return Terminal(
        say=(lambda _text: None) if quiet else _tell,
        warn=_tell,
        report=lambda built: _report(options, built.problems, built.texts),
        ask=ask if sys.stdin.isatty() and sys.stdout.isatty() else None,
        progress=(lambda step: _say(f"  {step}")) if sys.stderr.isatty() and not quiet else lambda _step: None,
        now=datetime.now(UTC),
    )


def _changes(options: argparse.Namespace) -> int:
    import json

    from rsm_site.build import describe_changes

    if options.to_day < options.from_day:
        raise UsageError(f"--to {options.to_day} is before --from {options.from_day}; exchange them")
    changed = describe_changes(_config(options), options.from_day, options.to_day)
    if _format(options) == "json":
        _tell(json.dumps(changed.as_plain(), ensure_ascii=False, indent=1))
        return 0
    from rsm_site.report import printable

    counted = f"{changed.count} change{'' if changed.count == 1 else 's'}"
    lines = [f"From {options.from_day} to {options.to_day}: {counted}"]
    for group in changed.groups:
        lines += ["", printable(group.label)]
        for entry in group.entries:
            difference = f" ({entry.difference})" if entry.difference else ""
            cited = ", ".join(source.id for source in entry.sources)
            lines.append(printable(f"  {entry.kind_label}: {entry.text}{difference} [{cited}]"))
    _tell("\n".join(lines))
    return 0


def _freeze(options: argparse.Namespace) -> int:
    from rsm_site.build import freeze_edition

    path = freeze_edition(_config(options), options.day)
    if not getattr(options, "quiet", False):
        _tell(f"Froze {options.day} in {_shown(path)}. Next: commit the file")
    return 0


def _new(options: argparse.Namespace) -> int:
    from rsm_site.starter import write_starter

    count = write_starter(options.dir)
    if not getattr(options, "quiet", False):
        _tell(f"Made {options.dir}: {count} files. Next: cd {options.dir} && rsm-site build")
    return 0


def _schema(options: argparse.Namespace) -> int:
    import json

    from rsm_site import fields, schema
    from rsm_site.staged import write_staged

    project = _project(options)
    folder = getattr(options, "output", project / ".schemas")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*schema.SINGLE, *schema.LISTS):
        text = json.dumps(fields.json_schema(name), indent=2, ensure_ascii=False) + "\n"
        write_staged(folder / f"{name}.schema.json", text.encode())
    if not getattr(options, "quiet", False):
        _tell("\n".join(fields.field_reference()))
        _tell(f"Wrote {len(schema.SINGLE) + len(schema.LISTS)} JSON Schema files to {_shown(folder)}")
    return 0


def _config(options: argparse.Namespace) -> "Config":
    from rsm_site.config import make_config

    given = {
        name: getattr(options, name)
        for name in ("content", "templates", "output", "edition", "known_by", "strict", "single_file", "pdf")
        if hasattr(options, name)
    }
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise SiteError("the working folder was removed; change to another one") from error
    cache = cache_folder()
    return make_config(project=_project(options), cache=Path(cache) if cache else None, home=_home(), **given)


def _project(options: argparse.Namespace) -> Path:
    """The project folder; UsageError when there is none."""
    project: Path = getattr(options, "project", Path())
    if not project.is_dir():
        raise UsageError(f"there is no project folder at {project}")
    return project


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _turn_termination_into_interrupt() -> None:
    """Let SIGTERM end a command as Ctrl-C does, so that what it had begun is tidied."""
    import signal
    import threading

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def _format(options: argparse.Namespace) -> str:
    return getattr(options, "format", "text")


def _report(options: argparse.Namespace, problems: Sequence[Problem], texts: Mapping[str, str]) -> None:
    for line in _listed(options, problems, texts):
        _say(line)


def _listed(options: argparse.Namespace, problems: Sequence[Problem], texts: Mapping[str, str]) -> Iterator[str]:
    """The lines that tell the problems in the format that was asked for."""
    from rsm_site import report

    match _format(options):
        case "json":
            yield from map(report.printable, report.as_json(problems).split("\n"))
        case "github":
            yield from map(report.printable, report.as_github(problems))
        case _:
            yield from report.as_text(problems, texts)


def _tell(text: str) -> None:
    """Say it on standard output, at once; SiteError when it cannot be written."""
    try:
        print(text, flush=True)
    except OSError as error:
        raise SiteError(f"standard output cannot be written: {error.strerror}") from error


def _say(text: str) -> None:
    from rsm_site.report import printable

    print("\n".join(printable(line) for line in text.split("\n")), file=sys.stderr)


def _shown(path: Path) -> str:
    """The path from the working folder when it lies below it."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)


def _size(size: int) -> str:
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
