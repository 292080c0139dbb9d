"""Resampler of a run: which engine resizes in all of its processes? Chosen once, before the first image.

A process of imgbatch's own that gets files to do finds out by itself whether SIMD code works on this machine, and
refuses the task where it does not: so this process, which resizes nothing, need not load Pillow to ask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from imgbatch.operations.registry import is_builtin
from imgbatch.operations.support.resampling import resampler

if TYPE_CHECKING:
    from imgbatch.core.run_settings import Settings
    from imgbatch.operations import Operation


def may_resize(ops: Iterable[Operation]) -> bool:
    """Whether one of `ops` resizes, or may: nobody knows what a custom operation does."""
    return any(op.word == "resize" or not is_builtin(type(op)) for op in ops)


def choose_resampler(settings: Settings, ops: Iterable[Operation], own_processes: bool) -> str:
    """The engine of a run; "" where nothing is resized.

    Files from strangers meet as little foreign code as may be: with `untrusted` only who asks for SIMD code gets it.

    Parameters
    ----------
    settings : Settings
        The wish, and whether files are from strangers.
    ops : iterable of Operation
        Of the recipe.
    own_processes : bool
        Whether worker processes of imgbatch's own do the work. What these cannot use is found by them; see
        :func:`is_wrong_choice`.
    """
    if not may_resize(ops):
        return ""
    if settings.resampler == "auto" and settings.untrusted:
        return "numpy"
    if settings.resampler == "auto" and own_processes:
        return "cykooz" if resampler.is_installed() else "numpy"
    return resampler.choose(settings.resampler)


def is_wrong_choice(name: str, wish: str) -> bool:
    """Whether workers refused a task because of its engine, and another one may resize; the user is warned."""
    return wish == "auto" and name == "cykooz" and resampler.choose(wish) != name
