"""Preload: what does the forkserver load before it forks the first worker? Only the forkserver imports this module.

Nothing that is loaded here will be garbage: the collector waits until all is there, and never looks at it afterwards.
In the workers these pages stay shared with the forkserver (https://docs.python.org/3/library/gc.html#gc.freeze).
"""

from __future__ import annotations

import gc
import importlib

from imgbatch.codecs.reading.limits import everyday_readers
from imgbatch.executors.one_thread import ask_for_one_thread

#: What a worker needs to do its first job; pkgutil to look at the script that was started, as every worker does.
MODULES = (
    "ctypes", "pkgutil", "PIL.AvifImagePlugin", "imgbatch.pipeline.image_task", "imgbatch.pipeline.steps",
    "imgbatch.codecs.formats.jpeg", "imgbatch.codecs.formats.png", "imgbatch.codecs.formats.webp",
    "imgbatch.codecs.reading.open", "imgbatch.codecs.writing.encode", "imgbatch.executors.processes.worker",
    "imgbatch.operations.support.canvas", "imgbatch.operations.support.resampling.resample",
)  # fmt: skip

ask_for_one_thread()
gc.disable()
for name in MODULES:
    importlib.import_module(name)
everyday_readers()
gc.freeze()
gc.enable()
