"""Fixed size: which size do operations give every image, whatever its own was? Found without opening one.

Two probes, a wide and a high one, larger than any picture, go through the operations: where both come out with the same
size, every picture that is large enough does. Operations are asked what they make of a size; those that cannot tell get
a blank picture, once it has become small enough to be made.
"""

from __future__ import annotations

from collections.abc import Sequence

from imgbatch.core.errors import UsageError
from imgbatch.core.quantities import Size
from imgbatch.operations import Operation

_PROBES: tuple[Size, Size] = ((60013, 40009), (40009, 60013))
_MOST = 16_000_000  # pixels of a blank picture


class _Unknown(Exception):
    """A probe is too large to be made, or an operation refuses a blank picture."""


def fixed_size(ops: Sequence[Operation]) -> Size:
    """(width, height) in px of whatever comes out of `ops`.

    Operations before the one that settles the size are left out where they cannot be asked: a blur of a probe, say.

    Raises
    ------
    UsageError
        The size depends on the picture, or nothing can be said.
    """
    for first in range(len(ops)):
        try:
            wide, high = (_through(ops[first:], probe) for probe in _PROBES)
        except _Unknown:
            continue
        if wide != high:
            break
        return wide
    calls = ", ".join(map(_call, ops)) or "none"
    raise UsageError(
        "expected operations that give every image one size, such as Resize('224x224', fit='cover') or at the shell "
        f"--resize 224x224,fit=cover; got {calls}"
    )


def _through(ops: Sequence[Operation], size: Size) -> Size:
    for op in ops:
        size = _after(op, size)
    return size


def _after(op: Operation, size: Size) -> Size:
    """The size of a picture of `size` after `op`."""
    result = op.after(size)
    if result is not None:
        return result
    if size[0] * size[1] > _MOST:
        raise _Unknown
    from PIL import Image as Images

    try:
        return op.apply(Images.new("RGB", size, (127, 127, 127))).size
    except Exception as error:
        raise _Unknown from error


def _call(op: Operation) -> str:
    """The call, with what differs from the defaults."""
    from imgbatch.core.parameters import to_table

    return f"{type(op).__name__}({', '.join(f'{key}={value!r}' for key, value in to_table(op).items())})"
