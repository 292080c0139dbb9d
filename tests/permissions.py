"""Without root's powers: what does a user see who may not read everything? Tests as root would never see a refusal."""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_CHOWN, _DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER = range(4)  # linux/capability.h
_VERSION = 0x20080522  # of struct __user_cap_header_struct: two words for each set
_GET_SECUREBITS, _SET_SECUREBITS = 27, 28  # linux/prctl.h
_NO_ROOT, _NO_FIXUP = 1, 4  # linux/securebits.h: a program that is started gets no powers, and access() counts none


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    """Effective, permitted and inheritable capabilities: the lower 32, then the others."""

    _fields_ = (("sets", ctypes.c_uint32 * 6),)


@contextlib.contextmanager
def plain_user() -> Iterator[None]:
    """Permissions count inside, as for a user who is not root: for this thread, and for commands that it starts.

    Skips the test where root's powers cannot be laid down. Nobody else needs to lay down any.
    """
    if getattr(os, "geteuid", lambda: 1)() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, before, without = _Header(_VERSION, 0), _Sets(), _Sets()
    bits = -1
    if hasattr(libc, "capget"):
        bits = libc.prctl(_GET_SECUREBITS, 0, 0, 0, 0)
        libc.capget(ctypes.byref(header), ctypes.byref(before))
        libc.capget(ctypes.byref(header), ctypes.byref(without))
        without.sets[0] &= ~(1 << _CHOWN | 1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH | 1 << _FOWNER)
    if bits < 0 or libc.prctl(_SET_SECUREBITS, bits | _NO_ROOT | _NO_FIXUP, 0, 0, 0) != 0:
        pytest.skip("root cannot lay down its powers here: no capabilities, or none to change them")
    try:
        if libc.capset(ctypes.byref(header), ctypes.byref(without)) != 0 or _reads_all():
            pytest.skip("root reads everything here, without its powers, too")
        yield
    finally:
        assert libc.capset(ctypes.byref(header), ctypes.byref(before)) == 0
        assert libc.prctl(_SET_SECUREBITS, bits, 0, 0, 0) == 0


@contextlib.contextmanager
def closed_folder(folder: Path) -> Iterator[None]:
    """Inside nobody may write to a folder, root without its powers neither."""
    folder.chmod(0o555)
    try:
        with plain_user():
            yield
    finally:
        folder.chmod(0o755)


def _reads_all() -> bool:
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0)
        return os.access(file.name, os.R_OK, effective_ids=True)
