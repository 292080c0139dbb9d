"""Commit: how are the pictures of a commit made smaller? The hook ``imgbatch-optimize`` of pre-commit starts this.

    python -m imgbatch.cli.commands.service.commit [FLAG...] PICTURE...

pre-commit calls it in the top folder of a repository with the flags of its ``args`` and the pictures of a commit, in
any folders. One run over that folder, of these pictures and no others, replaces them. Ledger and originals lie inside
``.git``: nothing of imgbatch's can be committed, and
``imgbatch undo . --state "$(git rev-parse --git-path imgbatch)"`` takes it back. A PNG keeps all its pixels; a JPEG is
written anew by its own tables, which loses next to nothing. Flags of the call say otherwise.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Sequence

from imgbatch.cli.flag_table import run_flags
from imgbatch.operations import all_operations

#: A JPEG keeps its tables, so doing it again changes nothing; what gets hardly smaller keeps its bytes.
FLAGS = ("--in-place", "--quality", "keep", "--optimize", "--min-savings", "5%")


def arguments(words: Sequence[str], state: str) -> list[str]:
    """The words of ``imgbatch`` for those of the hook.

    Parameters
    ----------
    words : sequence of str
        Flags, which win over `FLAGS`, and paths relative to the current folder.
    state : str
        The folder of ledger and originals.
    """
    flags, pictures = _divide(words)
    includes = [word for path in pictures for word in ("--include", _own_glob(path))]
    return ["run", ".", *FLAGS, "--state", state, *flags, *includes]


def _divide(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The flags with their values, and the files; the value of a flag may be a file, too (``--watermark logo.png``)."""
    taking = {name for flag in run_flags(all_operations()) if flag.takes == "value" for name in flag.names}
    flags, pictures = [], []
    rest = iter(words)
    for word in rest:
        if word in taking:
            flags += [word, *itertools.islice(rest, 1)]
        elif os.path.isfile(word):
            pictures.append(word)
        else:
            flags.append(word)
    return flags, pictures


def _own_glob(path: str) -> str:
    """The glob of one path alone."""
    return "/" + re.sub(r"([*?\[])", r"[\1]", path.replace(os.sep, "/"))


def main(words: Sequence[str]) -> int:
    """The exit code of the run; 0 where there is no picture."""
    if not _divide(words)[1]:
        return 0
    answer = subprocess.run(["git", "rev-parse", "--git-path", "imgbatch"], capture_output=True, encoding="utf-8")
    if answer.returncode:
        print(f"imgbatch: expected a git repository, got {os.getcwd()}: {answer.stderr.strip()}", file=sys.stderr)
        return 2
    return subprocess.call([sys.executable, "-m", "imgbatch", *arguments(words, answer.stdout.rstrip("\n"))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
