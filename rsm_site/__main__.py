"""The beginning of every command; run as `python -m rsm_site` or `rsm-site`."""

import atexit
import gc
import os
import sys

from rsm_site.unchanged import Record, cache_folder


def main() -> int:
    """Run the command line, unless it is a build that would change nothing; the exit status."""
    arguments = sys.argv[1:]
    record = Record(arguments, cache_folder())
    try:
        printed = record.what_was_printed(_put_back)
    except KeyboardInterrupt:
        print("rsm-site: stopped; the published folder is as it was or wholly new", file=sys.stderr)
        return 3
    if printed is None:
        from rsm_site import cli

        return cli.main(arguments, record)
    if printed:
        print(printed)
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
    status = 1

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    gc.disable()  # a command makes nothing but live objects; the preview, which goes on, turns it on again
    atexit.register(end)  # the first to be registered is the last to be called: libraries end before it
    try:
        status = main()
    except SystemExit as ended:  # after --help or --version
        status = int(ended.code or 0)


if __name__ == "__main__":
    run()
