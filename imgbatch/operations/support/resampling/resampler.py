"""Resampler: which engine averages the pixels in this process? numpy's matrix products, or SIMD code.

Pictures of the two differ in their last bits, by no more than either differs from exact weights. So the engine is no
part of a recipe: a run chooses one before its first image (:func:`choose`), every task brings its name along
(:func:`use`), and what runs so far made of unchanged files stays as it is.

``cykooz`` is the package cykooz-resizer, which comes with ``imgbatch[fast]``. It is looked at once in a process: a
package that cannot be imported, or resizes otherwise than Pillow, is left alone.
"""

from __future__ import annotations

import contextvars
import functools

from imgbatch.core import lazy_import
from imgbatch.core.errors import EngineError, HostWarning, UsageError, sentence, unknown

PACKAGE = "cykooz_resizer"
ADVICE = 'pip install "imgbatch[fast]"'
_AGAIN = "pip install --force-reinstall cykooz-resizer"  # without the option pip leaves what is there
_current: contextvars.ContextVar[str] = contextvars.ContextVar("imgbatch_resampler", default="auto")


class use:  # in lower case, as contextlib has its own; entering a generator takes twice the time, for each file
    """Within the block this thread resizes with that engine; ``auto``: with the one that :func:`choose` gives."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._token = _current.set(self._name)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def current() -> str:
    """The engine that this thread resizes with: numpy or cykooz."""
    name = _current.get()
    return choose(name) if name == "auto" else name


def choose(wish: str) -> str:
    """The engine for a wish, one of ``RESAMPLERS``; a package that does not work is left alone with a HostWarning.

    Raises
    ------
    UsageError
        ``cykooz`` is wished for, and missing or of no use here; or there is no such engine.
    """
    from imgbatch.core.run_settings import RESAMPLERS  # workers, to which a run tells its choice, have no use for it

    if wish not in RESAMPLERS:
        raise unknown(wish, "resampler", RESAMPLERS)
    if wish == "numpy" or (wish == "auto" and not is_installed()):
        return "numpy"
    problem = find_problem()
    if not problem:
        return "cykooz"
    if wish == "cykooz":
        raise UsageError(f"{problem}; or leave --resampler at auto")
    import warnings  # seldom

    warnings.warn(HostWarning(f"{problem}; until then numpy resizes"), stacklevel=2)
    return "numpy"


@functools.cache
def is_installed() -> bool:
    """Whether there is the package of ``cykooz``; it is not imported."""
    return lazy_import.is_installed(PACKAGE)


@functools.cache
def find_problem() -> str:
    """Why ``cykooz`` cannot be used in this process, and what to do; "" where it can."""
    if not is_installed():
        return f"cykooz-resizer, which --resampler cykooz needs, is not installed: {ADVICE}"
    try:
        from imgbatch.operations.support.resampling import simd_resize  # only where it is installed

        simd_resize.check_results()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - somebody else's package may raise anything, a panic of Rust's too
        text = sentence(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {sentence(error)}"
        return f"cykooz-resizer is installed and cannot be used ({text}): install it again ({_AGAIN}), or uninstall it"
    return ""


def require_cykooz() -> None:
    """EngineError where this process cannot use what a run has chosen: in a worker on another machine, say."""
    if find_problem():
        raise EngineError(f"{find_problem()}; or choose --resampler numpy")
