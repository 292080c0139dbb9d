"""Package: how is ``distributed`` loaded? When the first job is to be done, and with no handler on the user's terminal.

It gives its loggers handlers that write to stderr, amid the progress of a command: "Failed to reconnect to scheduler".
What they have to say of a run, the run says itself, in a sentence. A program that listens by ``logging`` hears them, as
it hears those of other libraries; one that has loaded Dask before is left as it is.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

_LOUD = ("distributed", "tornado")


def load_package() -> Any:
    """The package; of its loggers, once it is loaded here, only who listens hears."""
    is_loaded = "distributed" in sys.modules
    package = importlib.import_module("distributed")
    if not is_loaded:
        _take_from_terminal()
    return package


def _take_from_terminal() -> None:
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if name.partition(".")[0] in _LOUD and isinstance(logger, logging.Logger):
            for handler in logger.handlers[:]:
                if type(handler) is logging.StreamHandler and handler.stream is sys.stderr:  # none of the user's own
                    logger.removeHandler(handler)
                    logger.propagate = True
    for name in _LOUD:
        logging.getLogger(name).addHandler(logging.NullHandler())  # else what nobody handles is printed
