"""Array holder: who keeps an array that one process or several use? One class for each place where it may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ArrayHolder:
    """What holds an array until it is released; :mod:`imgbatch.memory.shared_arrays` has those that processes share.

    Attributes
    ----------
    array : numpy.ndarray
        The array, or a view of it; None after :meth:`release`. A view that was taken before stays what it was.
    """

    array: NDArray[Any]

    def release(self) -> None:
        """Let go of the array. May be called again."""
        self.array = None  # type: ignore[assignment]  # nobody asks afterwards; the memory goes with the last view


class LocalArray(ArrayHolder):
    """An array of this process; pickled it travels whole. Without `own` it belongs to the caller and stays."""

    def __init__(self, array: NDArray[Any], own: bool = True) -> None:
        self.array = array
        self._own = own

    def release(self) -> None:
        """Let go of the array, unless it is the caller's."""
        if self._own:
            super().release()
