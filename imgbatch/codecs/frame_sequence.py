"""Frame sequence: how do Pillow's encoders take many frames without holding them all?

As one image that shows one frame after another.

They are made for the readers' images of several frames: ``n_frames``, ``seek`` and what can be saved.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image as Images


class FrameSequence(Images.Image):
    """Frames as an image that holds one of them at a time."""

    def __init__(self, frames: Sequence[Images.Image]) -> None:
        super().__init__()
        self._frames = frames
        self._place = -1
        self.seek(0)

    @property
    def n_frames(self) -> int:
        """How many frames there are, at least one; the name is that of Pillow's own images."""
        return len(self._frames)

    @property
    def is_animated(self) -> bool:
        """Whether there are several frames, which is when Pillow's encoders save them all."""
        return len(self._frames) > 1

    def seek(self, frame: int) -> None:
        """Show that frame; EOFError where there is none, as Pillow's own images raise it."""
        if not 0 <= frame < len(self._frames):
            raise EOFError(f"no frame {frame} of {len(self._frames)}")
        if frame == self._place:
            return
        image = self._frames[frame]
        image.load()
        self._place = frame
        self.im, self._mode, self._size, self.palette = image.im, image.mode, image.size, image.palette
        self.info = dict(image.info)

    def tell(self) -> int:
        """The number of the frame that is shown, from 0."""
        return self._place
