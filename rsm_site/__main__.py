"""The beginning of every command; run as `python -m rsm_site` or `rsm-site`."""

import atexit
import os
import sys

from rsm_site.unchanged import Record, cache_folder


def main() -> int:
    """Run the command line, unless it is a build that would change nothing; the exit status."""
    arguments = sys.argv[1:]
    record = Record(arguments, cache_folder())
    printed = record.what_was_printed()
    if printed is None:
        from rsm_site import cli

        return cli.main(arguments, record)
    if printed:
        print(printed)
    return 0


def run() -> None:
    """Run the command line and end the process, without giving back the memory of a large site piece by piece."""
    status = 1

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    atexit.register(end)  # the first to be registered is the last to be called: libraries end before it
    try:
        status = main()
    except SystemExit as ended:  # after --help or --version
        status = int(ended.code or 0)


if __name__ == "__main__":
    run()
