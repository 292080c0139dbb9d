"""Other tools: what is typed instead of the flags of one of them?"""

from __future__ import annotations

from imgbatch.cli.manual.blocks.markdown_table import code, markdown_table
from imgbatch.cli.mistakes import habits
from imgbatch.cli.mistakes.habit import Habit

_NAMES = 2  # of a habit, at most, that the table names


def block(tool: str) -> str:
    """What stands for the flags of one tool: a table, then those with one dash more, then those to be left out.

    Parameters
    ----------
    tool : str
        The name of its habits: ``imagemagick``, ``vipsthumbnail``, ``sharp``, ``caesium`` or ``exiftool``.
    """
    table: tuple[Habit, ...] = getattr(habits, tool.upper())
    longer = [habit for habit in table if _instead(habit).removesuffix(" V") in [f"-{name}" for name in habit.names]]
    others = [habit for habit in table if habit not in longer]
    rows = [[_names(habit), code(_instead(habit))] for habit in others if _instead(habit)]
    parts = [markdown_table([tool, "imgbatch"], rows)]
    if longer:
        parts.append(f"With two dashes: {', '.join(code(habit.names[0]) for habit in longer)}.")
    idle = [f"{_names(habit)} ({habit.why})" for habit in others if not _instead(habit)]
    if idle:
        parts.append(f"To be left out: {', '.join(idle)}.")
    return "\n\n".join(parts)


def _names(habit: Habit) -> str:
    return " ".join(code(name) for name in habit.names[:_NAMES])


def _instead(habit: Habit) -> str:
    """The flags, with V for a value; "" where nothing is to be typed."""
    addition = f",{habit.adds}" if habit.adds else ""
    return (habit.shape or habit.instead + addition).replace("{}", "V")
