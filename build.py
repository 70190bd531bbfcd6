"""Build the site of the project in this folder; hands over to the command line."""

from rsm_site.__main__ import run

if __name__ == "__main__":
    run()
