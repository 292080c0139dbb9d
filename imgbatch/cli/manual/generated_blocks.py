"""Generated blocks: which parts of a page follow from declarations, and how are they written anew?

Such a part stands between two comments, the first of which names its block and what it is asked for::

    <!-- generated: flags output -->
    ...
    <!-- end of generated -->
"""

from __future__ import annotations

import re
from importlib import import_module

from imgbatch.core.errors import UsageError, unknown

#: Each block's module in the room of blocks; its function ``block`` takes the words after the name.
BLOCKS = {
    "environment": "environment_variables",
    "exit-codes": "exit_codes",
    "flags": "flags",
    "formats": "formats",
    "kinds": "failure_kinds",
    "name-fields": "name_fields",
    "operations": "operation_list",
    "other-tools": "other_tools",
    "python": "python_functions",
    "recipe-keys": "recipe_keys",
    "topics": "topic_list",
}
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+)((?: [\w-]+)*) -->\n).*?(<!-- end of generated -->)", re.DOTALL)


def fill_blocks(page: str) -> str:
    """The page with each of its blocks as the declarations have it now."""
    if page.count("<!-- generated:") != len(_BLOCK.findall(page)):
        raise UsageError("expected an end for each generated block of a page of the manual, got a block without one")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{_block(match[2], match[3].split())}\n\n{match[4]}", page)


def _block(name: str, words: list[str]) -> str:
    if name not in BLOCKS:
        raise unknown(name, "block of a page", BLOCKS)
    text: str = import_module(f"imgbatch.cli.manual.blocks.{BLOCKS[name]}").block(*words)
    return text.strip("\n")
