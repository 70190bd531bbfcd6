"""The beginning of every command; run as `python -m rsm_site` or `rsm-site`."""

import atexit
import gc
import os
import sys
from io import TextIOWrapper


def main() -> int:
    """Run the command line, unless it is a build that would change nothing; the exit status."""
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        told = "stopped; the published folder is as it was or wholly new"
    except OSError as error:
        told = f"standard output cannot be written: {error.strerror}"
    print(f"rsm-site: {told}", file=sys.stderr)
    return 3


def _run(arguments: list[str]) -> int:
    from rsm_site.unchanged import Record, cache_folder  # here, where an interrupt of it is told

    record = Record(arguments, cache_folder())
    printed = record.what_was_printed(_put_back)
    if printed is None:
        from rsm_site import cli

        return cli.main(arguments, record)
    if printed:
        print(printed, flush=True)
    return 0


def _put_back(spare: str, output: str) -> bool:
    """Make the output folder again of the copy in the file `spare`; False when that has to be left to a build."""
    from pathlib import Path

    from rsm_site.errors import SiteError
    from rsm_site.output import write_site
    from rsm_site.spare import read_spare

    try:
        files = read_spare(Path(spare))
        if files:
            write_site(files, Path(output))
        return bool(files)
    except SiteError:
        return False


def run() -> None:
    """Run the command line and end the process, without giving back the memory of a large site piece by piece."""
    status = 3

    def end() -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)

    gc.disable()  # a command makes nothing but live objects; the preview, which goes on, turns it on again
    atexit.register(end)  # the first to be registered is the last to be called: libraries end before it
    _prepare_streams()
    status = main()


def _prepare_streams() -> None:
    """Let a stream that is closed fail when something is printed to it, and not before, and show a character that the
    encoding of standard output does not have by its number."""
    sys.stdin = sys.stdin or os.fdopen(os.open(os.devnull, os.O_RDONLY))
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    run()
