"""Operation list: which operations are there, by group?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import markdown_table
from imgbatch.core.parameters import flag, summary
from imgbatch.operations import all_operations


def block() -> str:
    """A table of all operations; the group stands beside its first one."""
    rows: list[list[str]] = []
    group = ""
    for operation in all_operations():
        title = operation.group if operation.group != group else ""
        rows.append([f"`--{flag(operation)}`", summary(operation).replace("``", "`"), title])
        group = operation.group
    return markdown_table(["flag", "does", "group"], rows)
