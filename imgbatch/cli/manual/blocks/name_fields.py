"""Name fields: what may stand in braces in --name, and in the text of --text?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.operations.support.text_placeholders import FIELDS
from imgbatch.planning.recipe import NAME_FIELDS

_MEANINGS = {
    "dir": "the folder below SRC",
    "stem": "the source's name without its suffix",
    "ext": "the suffix: the source's own where it fits the output's format, else the format's usual one",
    "name": "the source's whole name, with its suffix",
    "width": "the output's width in px; of `--text` the picture's",
    "height": "the output's height in px; of `--text` the picture's",
    "format": "the output's format",
    "n": "the number of the source, from 1, in the order of the names",
    "hash": "of the source's content, in hex",
    "date": "when the picture was taken (EXIF, XMP, PNG or IPTC), else as `mtime`; `{date:%Y/%m}`",
    "mtime": "when the source was modified; `{mtime:%Y-%m-%d}`",
    "recipe": "the digest of what the recipe makes, in hex",
}


def block() -> str:
    """The table of fields, with where each counts."""
    rows = [
        [f"`{{{name}}}`", meaning, "yes" if name in NAME_FIELDS else "-", "yes" if name in FIELDS else "-"]
        for name, meaning in _MEANINGS.items()
    ]
    missing = {*NAME_FIELDS, *FIELDS} - {*_MEANINGS}
    assert not missing, f"say what {missing} mean"
    rows.append(["`{exif.TAG}`", "a tag of the source's EXIF, such as `{exif.Model}`", "yes", "yes"])
    return markdown_table(["field", "is", "--name", "--text"], rows)
