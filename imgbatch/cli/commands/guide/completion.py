"""Completion command: what does ``imgbatch completion SHELL`` do? It prints the script that makes Tab complete."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from imgbatch.core.errors import UsageError, unknown

SHELLS = ("bash", "zsh", "fish")
_USAGE = """\
usage: imgbatch completion bash|zsh|fish

Print a script that makes Tab complete commands, flags, operations, their parameters after a comma, choices,
files and recipes.

  bash  source <(imgbatch completion bash)
  zsh   source <(imgbatch completion zsh), after compinit
  fish  imgbatch completion fish | source

In ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish that is for every shell. A new version of imgbatch, and an
operation in a package that was installed since, need the script again."""


def completion(words: Sequence[str]) -> int:
    """``imgbatch completion SHELL``; the exit code."""
    if "-h" in words or "--help" in words:
        print(_USAGE)
        return 0
    if len(words) != 1:
        raise UsageError(f"expected one of {', '.join(SHELLS)} for completion, got {' '.join(words) or 'nothing'!r}")
    if words[0] not in SHELLS:
        raise unknown(words[0], "shell", SHELLS)
    from imgbatch.cli.completion.vocabulary import vocabulary

    print(import_module(f"imgbatch.cli.completion.{words[0]}").script(vocabulary()), end="")
    return 0
