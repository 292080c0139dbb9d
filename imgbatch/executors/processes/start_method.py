"""Start method: how do workers start, and how soon? By forkserver where there is one, with what they need loaded."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext

from imgbatch.executors.processes.fork_server import fork_helpers

#: Imported once by the forkserver, so that a worker starts with everything at hand.
PRELOAD = "imgbatch.executors.processes.forkserver_preload"
#: As well, where numbers are counted: it takes as long as all the others.
NUMBERS = "numpy"


def start_context(method: str | None, numbers: bool = False) -> BaseContext:
    """The start method's context; forkserver with our modules preloaded, unless somebody else set its preload.

    With `numbers`, or where this process has loaded numpy, numpy is among them.

    Raises
    ------
    EngineError
        The script came from standard input: workers import the main module from its file, and there is none.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if getattr(main, "__spec__", None) is None and file is not None and not os.path.exists(file):
        from imgbatch.core.errors import EngineError

        raise EngineError(
            f"workers cannot import the script {file!r}, which is no file; save it as one, or run with workers=0"
        )
    if method is None:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        set_by_default = ["__main__"]
        if getattr(forkserver._forkserver, "_preload_modules", None) == set_by_default:  # private: there is no getter
            context.set_forkserver_preload([PRELOAD, NUMBERS] if numbers or NUMBERS in sys.modules else [PRELOAD])
    return context


def warm(numbers: bool, alone: bool = False) -> None:
    """Start the forkserver, which loads what workers need while this process is still reading its own words.

    `alone`: this process is a command's own, with nothing else in it, and may fork (see fork_server.py).

    Ctrl-C reaches all processes of a terminal, and must not end this one while it loads: it ignores it only later.
    Where it cannot be started, that is for those to say who need it.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    start_context("forkserver", numbers)
    with contextlib.suppress(OSError), fork_helpers() if alone else contextlib.nullcontext():
        resource_tracker.ensure_running()  # takes the signal back itself, so it cannot start below
        old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
