"""Executors: how are the jobs of a run spread over processes?"""

from __future__ import annotations

import os
import sys

from imgbatch.executors.registry import choose, cluster_of, make

__all__ = ["choose", "cluster_of", "make", "refuse_import"]


def refuse_import() -> None:
    """Leave quietly in a worker that begins the caller's program anew: the parent knows this exit code.

    It imports a script without main guard, or is a frozen program that does not look whether it is a worker.
    """
    process = sys.modules.get("multiprocessing.process")
    is_import = process is not None and getattr(process.current_process(), "_inheriting", False)  # private: no other
    if is_import or getattr(sys, "frozen", False) and any(word.startswith(_WORKER_WORDS) for word in sys.argv):
        from imgbatch.executors.base import NO_GUARD

        os._exit(NO_GUARD)  # sys.exit would become 1 under forkserver, and be printed; this is a worker, not the user's


_WORKER_WORDS = ("from multiprocessing.", "--multiprocessing-fork")  # by which multiprocessing starts its processes
