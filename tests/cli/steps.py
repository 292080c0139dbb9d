"""What if a command is killed between two steps? ``python -m tests.cli.steps N WORD...`` kills it before its Nth step.

A step is whatever leaves something on the disk: links, renames, removals, fsync, and what is written to the ledger.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import environment


def kill_at_step(place: Path, step: int, *words: str) -> bool:
    """Run a command in `place` and kill it before its step of that number; whether it came that far."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.steps", str(step), *words], cwd=place, env=environment(), capture_output=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def _count_down(call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def step(*arguments: Any, **words: Any) -> Any:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return call(*arguments, **words)

    return step


if __name__ == "__main__":
    from imgbatch.__main__ import main
    from imgbatch.originals import in_place, undo
    from imgbatch.originals.replacements import Replacements

    countdown = [int(sys.argv[1])]
    for name in ("link", "replace", "fsync", "unlink"):
        setattr(os, name, _count_down(getattr(os, name), countdown))
    for name in ("intend", "settle", "close"):
        setattr(Replacements, name, _count_down(getattr(Replacements, name), countdown))
    for module, name in ((in_place, "keep_original"), (undo, "restore"), (undo, "discard")):
        setattr(module, name, _count_down(getattr(module, name), countdown))
    sys.exit(main(sys.argv[2:]))
