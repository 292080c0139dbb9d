"""Start method: how do workers start, and how soon? By forkserver where there can be one, with what they need loaded.

A forkserver needs a temporary folder, a socket with a short enough path, and a parent of its own: in a copy of a
process (os.fork) the one that the original has started is a stranger. Elsewhere each worker is a new interpreter.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker, spawn
from multiprocessing.context import BaseContext

from imgbatch.executors.processes.fork_server import ensure_running, fork_helpers

#: Imported once by the forkserver, so that a worker starts with everything at hand.
PRELOAD = "imgbatch.executors.processes.forkserver_preload"
#: As well, where numbers are counted: it takes as long as all the others.
NUMBERS = "numpy"
#: Process.start and .exitcode poll all children: two threads doing so overwrite an exit code with 255 (gh-130895).
CHILDREN = threading.Lock()


def frozen_program() -> bool:
    """Whether this is a program of PyInstaller's kind, which has no script, and starts itself as its worker."""
    return bool(getattr(sys, "frozen", False))


def work_if_worker() -> None:
    """In a frozen program: be the worker, and end, where it was started as one."""
    multiprocessing.freeze_support()


def start_context(method: str | None, numbers: bool = False, variables: tuple[str, ...] = ()) -> BaseContext:
    """The start method's context; a forkserver that runs, with our modules loaded unless somebody else has said which.

    Parameters
    ----------
    method : str or None
        One of multiprocessing's; None: the best that there is.
    numbers : bool
        Whether numpy is among the modules; it is, too, where this process has loaded it.
    variables : tuple of str
        What the names of those variables of the environment begin with that workers need as they are now: a forkserver
        has those of the time when it began.

    Raises
    ------
    EngineError
        The script came from standard input: workers import the main module from its file, and there is none.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    has_script = getattr(main, "__spec__", None) is None and file is not None and not frozen_program()
    if has_script and not os.path.exists(str(file)):
        from imgbatch.core.errors import EngineError

        raise EngineError(
            f"workers cannot import the script {file!r}, which is no file; save it as one, or run with workers=0"
        )
    if method is None:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    if method != "forkserver":
        return multiprocessing.get_context(method)
    _set_preload(numbers)
    try:
        _start_helpers()
    except OSError:  # ChildProcessError, in a copy of the process that started it, is one, too
        return spawn_context()
    is_as_we_are = _is_ours() and (not variables or _has_environment(variables))
    return multiprocessing.get_context("forkserver") if is_as_we_are else spawn_context()


def spawn_context() -> BaseContext:
    """What needs neither socket nor temporary folder: each worker is a new interpreter."""
    return multiprocessing.get_context("spawn")


def _set_preload(numbers: bool) -> None:
    set_by_default = ["__main__"]
    if getattr(forkserver._forkserver, "_preload_modules", None) == set_by_default:  # private: there is no getter
        forkserver.set_forkserver_preload([PRELOAD, NUMBERS] if numbers or NUMBERS in sys.modules else [PRELOAD])


def _is_ours() -> bool:
    """Whether the forkserver has this process's rights, and not those that it has given up since (a service's root)."""
    number = getattr(forkserver._forkserver, "_forkserver_pid", None)  # private: there is no getter
    try:
        return os.stat(f"/proc/{number}").st_uid == os.geteuid()
    except (OSError, AttributeError):  # no Linux
        return True


def _has_environment(variables: tuple[str, ...]) -> bool:
    """Whether the forkserver began with those variables as they are now; nothing of them is kept."""
    number = getattr(forkserver._forkserver, "_forkserver_pid", None)  # private: there is no getter
    try:
        with open(f"/proc/{number}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:  # no Linux
        return False
    names = tuple(map(os.fsencode, variables))
    now = {name + b"=" + value for name, value in os.environb.items() if name.startswith(names)}
    return now == {entry for entry in entries if entry.startswith(names)}


@contextlib.contextmanager
def start_conditions() -> Iterator[None]:
    """Within the block processes are started that bear what is meant for this one; to be entered with `CHILDREN`.

    Signals to all processes of a terminal must not end one that has not come to ignoring them yet. A worker begins in
    the folder where its parent is: one that it cannot enter, or that is gone, is replaced by the root. A daemonic
    process may have no children, lest they outlive it; ours do not, so within the block it is none.
    """
    before = vars(spawn).copy()
    this_process = multiprocessing.current_process()
    is_daemonic = this_process.daemon
    with block_terminal_signals():
        if is_daemonic:
            this_process.daemon = False
        if not _is_enterable():
            _replace(spawn, os=types.SimpleNamespace(**{**vars(os), "getcwd": lambda: os.sep}))
        if multiprocessing.get_start_method(allow_none=True) not in (None, *multiprocessing.get_all_start_methods()):
            _replace(spawn, get_start_method=lambda: "spawn")  # loky's has a word of its own, unknown to our workers
        try:
            yield
        finally:
            _replace(spawn, os=before["os"], get_start_method=before["get_start_method"])
            if is_daemonic:
                this_process.daemon = True


def _replace(module: types.ModuleType, **names: object) -> None:
    vars(module).update(names)


def _is_enterable() -> bool:
    try:
        os.stat(os.path.join(os.getcwd(), "."))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def block_terminal_signals() -> Iterator[None]:
    """Within the block threads and processes are started that never hear what a terminal sends to all of a command."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})  # without it the forkserver hears of no worker's end
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)


#: What the command hears for all of its processes: it tells the workers to stop.
TERMINAL_SIGNALS = {
    getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
}


def warm(numbers: bool, alone: bool = False) -> None:
    """Start the forkserver, which loads what workers need while this process is still reading its own words.

    `alone`: this process is a command's own, with nothing else in it, and may fork (see fork_server.py).

    Where it cannot be started, that is for those to say who need it.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    _set_preload(numbers)
    with contextlib.suppress(OSError), fork_helpers() if alone else contextlib.nullcontext():
        _start_helpers()


def _start_helpers() -> None:
    """Start multiprocessing's own processes; OSError where the host does not let it."""
    with CHILDREN:
        with start_conditions():
            resource_tracker.ensure_running()  # takes SIGINT back itself, so the other cannot start beside it
        with start_conditions():
            ensure_running()
