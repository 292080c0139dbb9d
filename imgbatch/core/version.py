"""Version: which imgbatch is this?"""

VERSION = "0.1.0"


def versions() -> str:
    """What makes files: imgbatch and Pillow."""
    from PIL import __version__

    return f"imgbatch {VERSION}, Pillow {__version__}"
