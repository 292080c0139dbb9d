"""Worker program: a process that answers calls which come in by a pipe. Run as a module it is that process."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.cluster.worker_program")


class Worker:
    """One such process, as who asks sees it.

    Parameters
    ----------
    command : sequence of str
        What starts it.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)])}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, env=environment
        )

    def ask(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """The answer to a call, or what it raises; EOFError when the process has died."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            pickle.dump((call, given, named), self.process.stdin)
            self.process.stdin.flush()
            result, error = pickle.load(self.process.stdout)
        except (BrokenPipeError, pickle.UnpicklingError):
            raise EOFError from None
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def serve(calls: IO[bytes], answers: IO[bytes]) -> None:
    """Answer calls until there are no more."""
    while True:
        try:
            call, given, named = pickle.load(calls)
            answer: tuple[Any, Exception | None] = (call(*given, **named), None)
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 - told to who asked
            answer = (None, error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    serve(sys.stdin.buffer, pipe)
