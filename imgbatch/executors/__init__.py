"""Executors: how are the jobs of a run spread over processes?"""

from __future__ import annotations

import os
import sys

from imgbatch.executors.registry import choose, make

__all__ = ["choose", "make", "refuse_import"]


def refuse_import() -> None:
    """Leave quietly when a worker imports a script without main guard: the parent knows this exit code."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and getattr(process.current_process(), "_inheriting", False):  # private: the only sign
        from imgbatch.executors.base import NO_GUARD

        os._exit(NO_GUARD)  # sys.exit would become 1 under forkserver, and be printed; this is a worker, not the user's
