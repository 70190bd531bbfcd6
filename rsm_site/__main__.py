"""Run the command line as `python -m rsm_site`."""

from rsm_site.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
