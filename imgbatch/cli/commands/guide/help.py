"""Help command: what does ``imgbatch help WORD`` show? A command's help, an operation, or a page of the manual."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from imgbatch.cli.manual import pages
from imgbatch.core.errors import UsageError, nearest

_USAGE = """\
usage: imgbatch help [TOPIC | COMMAND | OPERATION]
       imgbatch help --markdown DIR
       imgbatch help --man

Show a page of the manual (`imgbatch help topics` lists all), the flags of a command, or all of an
operation. --markdown writes the pages of the manual into DIR as Markdown, with what follows from the
declarations (formats, flags, exit codes, ...) written anew. --man prints a page for man, in roff:
imgbatch help --man | man -l -"""
_WIDEST = 100


def help(words: Sequence[str]) -> int:
    """``imgbatch help [WORD]``; the exit code."""
    if "-h" in words or words[:1] == ["--help"]:
        print(_USAGE)
        return 0
    if not words:
        from imgbatch.cli.manual.command_pages import MAIN

        print(MAIN, end="")
        return 0
    if words[0] in _FLAGS:
        return _FLAGS[words[0]](words[1:])
    if len(words) > 1 or words[0].startswith("-"):
        raise UsageError(f"expected one topic, command or operation for help, got {' '.join(words)!r}")
    return _show(words[0])


def _show(word: str) -> int:
    """The page of a topic; of a command, an operation or a flag of ``run``, what its own help prints."""
    from imgbatch.cli.dispatch import COMMANDS, dispatch

    if word in pages.topics():
        from imgbatch.cli.manual.plain_text import plain_text

        width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
        print(plain_text(pages.source(word), width), end="")
        return 0
    if word in COMMANDS:
        return dispatch([word, "--help"])
    from imgbatch.cli.flag_table import run_flags
    from imgbatch.operations import all_operations, find_operation

    if ":" in word or find_operation(word) is not None:
        return dispatch(["ops", word])
    operations = [operation.word for operation in all_operations()]
    if f"--{word}" in {flag.name for flag in run_flags(())}:
        return dispatch(["run", "--help", f"--{word}"])
    near = nearest(word, [*pages.topics(), *COMMANDS, *operations])
    hint = f"did you mean {near!r}?" if near else "`imgbatch help topics` lists them"
    raise UsageError(f"unknown topic {word!r}; {hint}")


def _write_markdown(words: Sequence[str]) -> int:
    """Every page into a folder, its generated blocks anew; a file there that is no such page is left alone."""
    from imgbatch.cli.manual.generated_blocks import fill_blocks

    if len(words) != 1:
        raise UsageError(
            f"expected one folder for help --markdown, got {' '.join(words) or 'nothing'}; "
            "in a clone: imgbatch help --markdown imgbatch/reference"
        )
    target = Path(words[0])
    texts = {target / f"{topic}{pages.SUFFIX}": fill_blocks(pages.source(topic)) for topic in pages.topics()}
    for file, text in texts.items():
        if file.exists() and file.read_text(encoding="utf-8").partition("\n")[0] != text.partition("\n")[0]:
            raise UsageError(f"{file} is in the way: it is no page of the manual; nothing was written")
    target.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(texts)} pages in {target}")
    return 0


def _print_man_page(words: Sequence[str]) -> int:
    """The manual page, in roff: ``imgbatch help --man | man -l -``."""
    from imgbatch.cli.manual.man_page import man_page

    if words:
        raise UsageError(f"expected nothing after help --man, got {' '.join(words)!r}")
    print(man_page(), end="")
    return 0


#: What a first word that begins with dashes does with those after it.
_FLAGS: dict[str, Callable[[Sequence[str]], int]] = {"--markdown": _write_markdown, "--man": _print_man_page}
