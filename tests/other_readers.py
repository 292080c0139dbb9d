"""Which other readers of pictures are installed? The tests compare with them, and skip with a reason without them.

Only what says of itself that it is ImageMagick counts: "convert" is a common word for a command.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest


def _imagemagick() -> str | None:
    """The path of ImageMagick's ``convert``, where that is what it is."""
    path = shutil.which("convert")
    if path is None:
        return None
    version = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    return path if version.returncode == 0 and "ImageMagick" in version.stdout else None


IMAGEMAGICK = _imagemagick()
EXIFTOOL = shutil.which("exiftool")
needs_imagemagick = pytest.mark.skipif(IMAGEMAGICK is None, reason="ImageMagick is not installed")
needs_exiftool = pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")
