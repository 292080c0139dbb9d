"""Client: how does a process talk to a bucket? Through obstore, the extra ``imgbatch[cloud]``.

A client is made in each process when it first needs one, and never travels: it finds endpoint, region and credentials
in the environment of its process (AWS_*, GOOGLE_*, AZURE_*), so that none is ever sent or written down. Its threads do
not survive a fork, so a process that was forked from one that had a client says so instead of waiting for ever.

What fails in passing (429, 5xx, a broken connection) is tried again with growing pauses: by obstore where a request may
be repeated without knowing how the first one ended, and by :func:`attempt` in the rest.
"""

from __future__ import annotations

import datetime
import errno
import functools
import importlib
import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from imgbatch.core.errors import UsageError
from imgbatch.core.lazy_import import is_installed
from imgbatch.storage.remote.address import Address
from imgbatch.storage.remote.trouble import is_panic, is_passing, os_error

Result = TypeVar("Result")
INSTALL = "pip install 'imgbatch[cloud]'"
_STORES = {"s3": ("S3Store", "bucket"), "gs": ("GCSStore", "bucket"), "az": ("AzureStore", "container_name")}
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.1
_RETRIES = 8
_MOST_PAUSE_S = 5.0
_PATIENCE_S = 60.0  # from the first attempt of a request to the last
_CONNECT_S = 5.0
_OUTAGE_S = 30.0  # after a store could not be reached, it is asked only once for each file
_OWNER: list[int] = []  # the process that has used obstore
_OUTAGES: dict[str, float] = {}  # when a bucket could not be reached, by its URL


def refuse_missing() -> None:
    """UsageError where the optional package is not installed."""
    if not is_installed("obstore"):
        raise UsageError(f"s3://, gs:// and az:// need an optional package, which is not installed: {INSTALL}")


def library() -> Any:
    """The package obstore; UsageError where it is missing, OSError in a process that was forked from a user of it."""
    refuse_missing()
    if not _OWNER:
        _OWNER.append(os.getpid())
    if _OWNER[0] != os.getpid():
        what = "this process was forked from one that talks to an object store; start it with spawn or forkserver"
        raise OSError(errno.ENOTSUP, what)
    return _load("obstore")


@functools.cache
def _load(module: str) -> Any:
    return importlib.import_module(module)


@functools.cache
def _client(scheme: str, bucket: str, retries: int) -> Any:
    def seconds(number: float) -> datetime.timedelta:
        return datetime.timedelta(seconds=number)

    name, keyword = _STORES[scheme]
    return getattr(_load("obstore.store"), name)(
        **{keyword: bucket},
        client_options={"allow_http": True, "connect_timeout": seconds(_CONNECT_S), "timeout": seconds(_PATIENCE_S)},
        retry_config={
            "max_retries": retries,
            "backoff": {
                "init_backoff": seconds(_FIRST_PAUSE_S), "max_backoff": seconds(_MOST_PAUSE_S), "base": 2,
            },
            "retry_timeout": seconds(_PATIENCE_S),
        },
    )  # fmt: skip


def client(address: Address) -> Any:
    """The client of a bucket in this process; OSError where the environment lacks what it needs."""
    library()
    try:
        return _client(address.scheme, address.bucket, 0 if _has_outage(address) else _RETRIES)
    except Exception as error:  # noqa: BLE001 - the package's classes cannot be named before it is loaded
        raise os_error(error, address) from None


def _has_outage(address: Address) -> bool:
    """Whether patience is of no use: the last requests to the bucket had it, and got no answer."""
    return time.monotonic() - _OUTAGES.get(address.home, -_OUTAGE_S) < _OUTAGE_S


def attempt(call: Callable[[], Result], address: Address, writing: bool = False) -> Result:
    """The result of a request, tried again where that may help.

    Parameters
    ----------
    call : callable
        Without side effects that a second call would mind.
    address, writing
        As :func:`os_error` has them.

    Raises
    ------
    OSError
        One sentence, without what obstore says: that may hold a signature.
    """
    pause = _FIRST_PAUSE_S
    for count in range(1, _ATTEMPTS + 1):
        try:
            result = call()
            _OUTAGES.pop(address.home, None)
            return result
        except TypeError:  # a mistake of ours
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if count == _ATTEMPTS or not is_passing(error) or _has_outage(address):
                meaning = os_error(error, address, writing)
                if meaning.errno == errno.EIO:
                    _OUTAGES[address.home] = time.monotonic()
                raise meaning from None
        except BaseException as error:
            if is_panic(error):
                raise os_error(error, address, writing) from None
            raise
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, _MOST_PAUSE_S)
    raise AssertionError("the last attempt returns or raises")
