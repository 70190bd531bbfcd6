"""Text -> TeX, as a field of BibTeX has it."""

import re

_SPECIAL = str.maketrans(
    {
        **{character: f"\\{character}" for character in "#$%&_"},
        "\\": "{\\textbackslash}",
        "^": "{\\textasciicircum}",
        "~": "{\\textasciitilde}",
        # A brace that is only escaped still counts when BibTeX looks for the end of a field.
        "{": "{\\textbraceleft}",
        "}": "{\\textbraceright}",
    }
)
# What TeX would join to another sign: a dash, a quotation mark, a turned one.
_LIGATURE = re.compile(r"([-'`])(?=\1)|(?<=[?!])(?=`)")


def escape(text: str) -> str:
    """The text as TeX reads it, in one line."""
    return _LIGATURE.sub(lambda found: f"{found[0]}{{}}", in_one_line(text).translate(_SPECIAL))


def in_one_line(text: str) -> str:
    """The text with one space for any white space."""
    return " ".join(text.split())
