"""Version: which imgbatch is this?"""

VERSION = "0.1.0"


def versions() -> str:
    """What makes files: imgbatch and Pillow."""
    from PIL import __version__

    return f"imgbatch {VERSION}, Pillow {__version__}"


#: Packages that read, resize or write pixels where they are installed.
_PACKAGES = ("numpy", "pillow-heif", "pillow-jxl-plugin", "turbojpeg", "cykooz-resizer", "pyspng", "zlib-ng")
_OF_SCREENS = frozenset({"tkinter", "xcb"})


def component_versions() -> dict[str, str]:
    """All that outputs depend on beside sources and recipe, each with its version: two machines can be compared."""
    from importlib.metadata import PackageNotFoundError, version

    from PIL import features

    there = {name: str(features.version(name)) for name in features.get_supported() if name not in _OF_SCREENS}
    for package in _PACKAGES:
        try:
            there[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"imgbatch": VERSION, "Pillow": there.pop("pil"), **there}
