"""Operations and formats: what can this installation do? ``imgbatch ops [NAME]`` and ``imgbatch formats`` say it."""

from __future__ import annotations

import inspect
import re
import shlex
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgbatch.cli.flag import takes_next_word
from imgbatch.core.errors import UsageError
from imgbatch.core.parameters import Parameter, flag, from_words, parameters, summary
from imgbatch.operations import Operation, all_operations, plugins
from imgbatch.operations.registry import is_builtin
from imgbatch.planning.recipe import Recipe, op_table
from imgbatch.planning.recipe_file import RecipeFile, to_toml

if TYPE_CHECKING:
    from imgbatch.codecs import FormatInfo

_WIDTH = 100
_OPS_USAGE = """usage: imgbatch ops [NAME]

The operations by group; with a NAME all of one, with examples. FILE.py:NAME is one of your own."""
_FORMATS_USAGE = "usage: imgbatch formats\n\nThe formats that are read and written here."


def ops(words: Sequence[str]) -> int:
    """``imgbatch ops [NAME]``; the exit code."""
    if _asks_for_help(words):
        print(_OPS_USAGE)
        return 0
    if len(words) > 1 or any(word.startswith("-") for word in words):
        raise UsageError(f"expected at most one name of an operation, got {' '.join(words)!r}; see imgbatch ops --help")
    print(page(plugins.get_operation(words[0])) if words else overview())
    return 0


def formats(words: Sequence[str]) -> int:
    """``imgbatch formats``; the exit code."""
    if _asks_for_help(words):
        print(_FORMATS_USAGE)
        return 0
    if words:
        raise UsageError(f"expected nothing after formats, got {' '.join(words)!r}")
    from imgbatch import codecs

    print(table([_row(info) for info in codecs.describe_formats()]))
    return 0


def overview() -> str:
    """Every operation in one line, by group."""
    wide = max((len(flag(operation)) for operation in all_operations()), default=0)
    lines: list[str] = []
    group = None
    for operation in all_operations():
        if operation.group != group:
            group = operation.group
            lines += ["", group] if lines else [group]
        lines.append(f"  {flag(operation):<{wide}}  {summary(operation).replace('``', '')}")
    lines += _others()
    return "\n".join([*lines, "", "`imgbatch ops NAME` tells all of one, with examples."])


def _others() -> list[str]:
    """The operations of installed packages, one in a line, under a heading of their own."""
    others = list(plugins.others())
    wide = max((len(name) for name, _ in others), default=0)
    lines = [
        f"  {name:<{wide}}  "
        + (f"cannot be used: {operation}" if isinstance(operation, UsageError) else summary(operation))
        for name, operation in others
    ]
    return ["", "of installed packages (--op NAME)", *lines] if lines else []


def page(operation: type[Operation]) -> str:
    """All of one operation: what it does, its parameters, and how it is asked for in each of the three ways."""
    about, parameter_texts = _docstring(operation)
    lines = [f"{flag(operation)} ({operation.group})", "", about, ""]
    if parameters(operation):
        lines.append("parameters")
        for field in parameters(operation):
            lines += _parameter(field, parameter_texts.get(field.name, ""))
        lines.append("")
    instance = example(operation)
    if instance is not None:
        lines += ["at the shell", f"  {shell(operation)}", "", "in a recipe"]
        lines += [f"  {line}" for line in _toml(instance)]
        lines += ["", "in Python", f"  {python(instance)}"]
    return "\n".join(lines).rstrip()


def example(operation: type[Operation]) -> Operation | None:
    """The operation as its example has it; None when there is none."""
    try:
        return from_words(operation, operation.example)
    except UsageError:
        return None


def shell(operation: type[Operation]) -> str:
    """The example as a command."""
    if not is_builtin(operation):
        name = plugins.spell(operation, "")
        first = '"' + name.replace('"', '""') + '"' if set(name) & set(',"()') else name
        words = ",".join(word for word in (first, operation.example) if word)
        return f"imgbatch run photos -o out --op {shlex.quote(words)}"
    value = shlex.quote(operation.example) if operation.example else ""
    argument = (" " if takes_next_word(operation) else "=") + value if value else ""
    return f"imgbatch run photos -o out --{flag(operation)}{argument}"


def python(instance: Operation) -> str:
    """The call that makes an operation: required parameters by place, the others by name."""
    values = op_table(instance)
    words = [
        repr(values[field.name]) if field.is_required else f"{field.name}={values[field.name]!r}"
        for field in parameters(type(instance))
        if field.name in values
    ]
    home = "imgbatch." if is_builtin(type(instance)) else ""
    return f"{home}{type(instance).__name__}({', '.join(words)})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words in columns."""
    head = ("format", "reads", "writes", "frames", "alpha", "suffixes")
    every = [head, *rows]
    wide = [max(len(row[column]) for row in every) for column in range(len(head))]
    lines = ("  ".join(word.ljust(width) for word, width in zip(row, wide, strict=True)) for row in every)
    return "\n".join(line.rstrip() for line in lines)


def _row(info: FormatInfo) -> tuple[str, ...]:
    abilities = (info.read, info.write, info.frames, info.alpha)
    needs = f"  ({info.advice})" if info.advice else ""
    return (info.name, *("yes" if able else "-" for able in abilities), " ".join(info.suffixes) + needs)


def _asks_for_help(words: Sequence[str]) -> bool:
    return "-h" in words or "--help" in words


def _parameter(field: Parameter, text: str) -> list[str]:
    default = "required" if field.is_required else f"default {_default_text(field.default)}"
    about = text or field.help
    head = f"{field.name}: {field.kind.describe()} ({default})"
    lines = textwrap.wrap(head, _WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines + textwrap.wrap(about, _WIDTH, initial_indent="      ", subsequent_indent="      ")


def _default_text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _toml(instance: Operation) -> list[str]:
    text = to_toml(RecipeFile(Recipe([instance])), "")
    return text.partition("[[output]]")[0].strip().splitlines()


def _docstring(operation: type[Operation]) -> tuple[str, dict[str, str]]:
    """(the docstring without its Parameters, what it says of each parameter)."""
    text = inspect.cleandoc(operation.__doc__ or "")
    sections = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    about = sections[0].strip()
    parameter_texts: dict[str, str] = {}
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        if title == "Raises":
            continue  # for Python; at the shell the message says it
        if title != "Parameters":
            about += f"\n\n{title}\n{textwrap.indent(body.strip(), '  ')}"
            continue
        for names, text in re.findall(r"^(\S[^:\n]*?) *:[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)*)", body, flags=re.MULTILINE):
            for name in names.split(","):
                parameter_texts[name.strip()] = " ".join(text.split())
    return about.replace("``", ""), {name: words.replace("``", "") for name, words in parameter_texts.items()}
