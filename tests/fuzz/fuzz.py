"""Look with atheris for bytes that break what `oracles` demands: `fuzz.py markdown|content`, then its options."""

import re
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]
with atheris.instrument_imports(include=["rsm_site", "markdown", "yaml"]):
    import markdown.extensions.abbr
    import markdown.extensions.def_list
    import markdown.extensions.fenced_code
    import markdown.extensions.footnotes
    import markdown.extensions.sane_lists
    import markdown.extensions.tables
    import markdown.extensions.toc  # noqa: F401 - else they are imported later, and not followed
    import oracles

WORDS = (
    "[[",
    "]]",
    "](",
    "[^",
    "]:",
    "*[",
    ":::",
    "```",
    "~~~",
    "<!--",
    "-->",
    "\n\n",
    "    ",
    "&#",
    "<a href=",
    "| ---",
)


def main(name: str, *options: str) -> None:
    """Fuzz until time is up or something is found; that is kept in `found/`."""
    with oracles.temporary_folder() as folder:
        home = Path(folder)
        if name == "markdown":
            seeds, target = list(oracles.markdown_seeds()), oracles.check_markdown
        else:
            seeds, target = list(oracles.content_seeds()), oracles.content_checker(home / "site", builds=False)
        corpus, words = home / "corpus", home / "words"
        corpus.mkdir()
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        found = {*WORDS, *(word for seed in seeds for word in re.findall(r"[a-z_]{3,12}:?", seed.decode()))}
        quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in sorted(found))
        words.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
        kept = HERE / "found" / name
        arguments = [f"-dict={words}", f"-artifact_prefix={kept}/", "-max_len=4096", "-len_control=10", "-timeout=60"]
        atheris.Setup([sys.argv[0], *arguments, *options, str(corpus), str(kept)], target)
        atheris.Fuzz()


main(*sys.argv[1:])
