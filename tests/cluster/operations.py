"""Operations that end their worker: always on a red picture, or once."""

from __future__ import annotations

import dataclasses
import os
import signal
from typing import Annotated

from PIL.Image import Image

import imgbatch as ib
from imgbatch.declare import Text


@ib.operation("poison")
@dataclasses.dataclass(frozen=True)
class Poison(ib.Operation):
    """Kills its process on a red picture; `marker`: only as long as there is no such file, which it leaves."""

    marker: Annotated[str, Text("a file", str, ("mark",)), "a file"] = ""

    def apply(self, image: Image) -> Image:
        """The picture itself."""
        if image.getpixel((0, 0)) == (255, 0, 0) and not (self.marker and os.path.exists(self.marker)):
            if self.marker:
                with open(self.marker, "w"):
                    pass
            os.kill(os.getpid(), signal.SIGKILL)
        return image
