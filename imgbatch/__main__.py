"""Command: what does ``imgbatch`` do first, and what of its errors does a user see?

Help and version come at once, without the rest of the house. Whatever goes wrong ends as one line and an exit code; a
traceback is only shown with ``-vv``.
"""

from __future__ import annotations

import atexit
import os
import sys


def main(argv: list[str] | None = None, alone: bool = False) -> int:
    """Carry out a command line (``sys.argv`` when not given); the exit code.

    `alone`: this process is there for the command only, and has done nothing else yet.
    """
    from imgbatch.cli.standard_streams import abandon_stdout, prepare

    words = sys.argv[1:] if argv is None else list(argv)
    prepare()
    try:
        code = _main(words, alone)
        sys.stdout.flush()
    except BrokenPipeError:  # `imgbatch ops | head`
        abandon_stdout()
        return 0
    except OSError as error:  # what is still buffered, or help, into a file on a full disk
        abandon_stdout()
        return _report_error(error)
    return code


def _main(words: list[str], alone: bool) -> int:
    if not words or words[0] in ("-h", "--help") or words == ["help"]:
        from imgbatch.cli.manual.command_pages import MAIN

        print(MAIN, end="", file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    if words[0] in ("--version", "-V"):
        print(version())
        return 0
    return _dispatch(words, alone)


def _dispatch(words: list[str], alone: bool) -> int:
    from imgbatch.cli.dispatch import dispatch

    try:
        return dispatch(words, alone)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place where a traceback can become a line
        if _shows_tracebacks(words):
            import traceback

            from imgbatch.cli.standard_streams import print_stderr

            print_stderr(traceback.format_exc().rstrip())
        return _report_error(error)


def _report_error(error: BaseException) -> int:
    """The exit code of an error whose line has been said."""
    from imgbatch.cli.standard_streams import print_stderr, verdict

    code, line = verdict(error)
    print_stderr(f"imgbatch: {line}")
    return code


def _shows_tracebacks(words: list[str]) -> bool:
    flags = words[: words.index("--")] if "--" in words else words
    short = sum(word.count("v") for word in flags if word[:2] == "-v" and set(word[1:]) == {"v"})
    return short + flags.count("--verbose") >= 2


def version() -> str:
    """``imgbatch 0.1.0 (Pillow ...; codecs with their versions; Python ...)``."""
    import platform

    import PIL
    from PIL import features

    from imgbatch.core.version import VERSION

    names = {
        "libjpeg-turbo": "libjpeg_turbo", "webp": "webp", "avif": "avif", "zlib-ng": "zlib_ng", "zlib": "zlib",
        "libtiff": "libtiff", "openjpeg": "jpg_2000", "littlecms": "littlecms2", "freetype": "freetype2",
    }  # fmt: skip
    versions = {name: features.version(key) for name, key in names.items() if features.check(key)}
    if "zlib-ng" in versions:
        del versions["zlib"]
    codecs = ", ".join(f"{name} {number}" if number else name for name, number in versions.items())
    return f"imgbatch {VERSION} (Pillow {PIL.__version__}; {codecs}; Python {platform.python_version()})"


def command() -> int:
    """The process of a command: `main`, where nobody else has objects, threads or something to do at the end.

    Unless somebody has registered something before us (to measure coverage, say): then it begins and ends as usual.
    """
    count = getattr(atexit, "_ncallbacks", None)  # private: there is no other way to know that nobody was first
    alone = count is not None and count() == 0
    # numpy's algebra, of which nothing here is used, would start a thread for each processor, in each process
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if os.getpid() == 1:  # of a container
        from imgbatch.cli.signals import serve_as_init

        serve_as_init()
    if getattr(sys, "frozen", False):  # by PyInstaller: the workers are this program, too, and end here
        from imgbatch.executors.processes.start_method import work_if_worker

        work_if_worker()
    codes = _quick_exit() if alone else []
    code = main(alone=alone)
    codes.append(code)
    return code


def _quick_exit() -> list[int]:
    """Where the exit code is put, so that the process ends without taking apart what it has loaded.

    That takes longer than most of what a small run does, and the kernel frees the memory all the same. Nothing else is
    left out: of the functions that atexit calls, the one that comes first is called last, after multiprocessing's,
    logging's and those of weakref.finalize, and all threads that are no daemons have ended before them. What remains is
    to flush the two streams.
    """
    codes: list[int] = []

    def leave() -> None:
        if not codes:  # an exception is on its way
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):  # the interpreter meets it again, and says so
            return
        os._exit(codes[0])

    atexit.register(leave)
    return codes


if __name__ == "__main__":
    sys.exit(command())
