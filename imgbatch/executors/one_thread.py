"""One thread: how is numpy's algebra kept from starting a thread for each processor in each worker?

Before numpy is loaded, by what each BLAS that it may have been built with looks at. Who has set one of them means it.
"""

from __future__ import annotations

import os

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")


def ask_for_one_thread() -> None:
    """Set the variables that are not set."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
