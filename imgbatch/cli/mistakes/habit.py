"""Habit: how does one word of another tool become words of imgbatch?

The other functions here turn values: ImageMagick's ``0x1+0.8+0.02`` is ``1,amount=0.8,threshold=5``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable

from imgbatch.codecs.encoder_options import SPELLINGS
from imgbatch.core.frozen_dataclass import frozen

_SAMPLINGS = {"1x1": "4:4:4", "2x1": "4:2:2", "2x2": "4:2:0"}
_SAVE_OPTIONS = {"interlace": "--progressive", "lossless": "--lossless", "optimize_coding": "--optimize"}
_PLACES = {"centre": "center", "attention": "entropy"}


def same(value: str) -> str:
    """The value as it is."""
    return value


@frozen
class Habit:
    """A flag, or a word, that another tool takes.

    Attributes
    ----------
    names : tuple of str
        Its spellings.
    instead : str
        What to type, with ``{}`` for the value; "": nothing, and `why` says why.
    values : int
        How many words after it belong to it; the last is the value.
    change : callable
        Our value for that of the other tool, quoted for a shell where it needs that; ValueError: there is none.
    why : str
        Why nothing has to be typed instead, or what else is worth knowing.
    adds : str
        What is added to the value of an operation that is meant, too: ``gravity={}``. Then `instead` is an example of
        such an operation, for when none is.
    to : tuple of str
        The flags of the operations to which it is added.
    number : str
        What else is worth knowing where the value is nothing but a number.
    shape : str
        What is typed instead, for the manual, where `change` makes flags of the value.
    when : callable or None
        Of a name that imgbatch has, too: whether the next word shows that the other tool is meant.
    """

    names: tuple[str, ...]
    instead: str = ""
    values: int = 1
    change: Callable[[str], str] = same
    why: str = ""
    adds: str = ""
    to: tuple[str, ...] = ()
    number: str = ""
    shape: str = ""
    when: Callable[[str], bool] | None = None


def geometry(value: str) -> str:
    """A size of ImageMagick, libvips or sharp."""
    text = value.strip().lower()
    if match := re.fullmatch(r"(\d+)@", text):
        return f"{int(match[1]) / 1e6:g}MP"
    enlarges = text.endswith("<")
    text = text.rstrip("<>").removesuffix("px")
    if re.fullmatch(r"\d+(\.\d+)?%", text) is None and re.fullmatch(r"(\d*x\d*|\d+)[%!^]?", text) is None:
        raise ValueError(value)
    return shlex.quote(text + (",upscale" if enlarges else ""))


def area(value: str) -> str:
    """A rectangle of ImageMagick."""
    text = value.strip().rstrip("!").removesuffix("+0+0")
    if re.fullmatch(r"\d*%?x\d*%?([+-]\d+[+-]\d+)?|\d+:\d+", text) is None:
        raise ValueError(value)
    return text


def sigma(value: str) -> str:
    """The sigma of ``RADIUSxSIGMA``; 1 where that is 0 or left out."""
    text = value.lower().partition("x")[2] or value
    return f"{float(text) or 1:g}"


def unsharp(value: str) -> str:
    """``RADIUSxSIGMA+AMOUNT+THRESHOLD``, the threshold as a part of white."""
    blur, _, rest = value.partition("+")
    amount, _, threshold = rest.partition("+")
    words = [sigma(blur)]
    if amount:
        words.append(f"amount={float(amount):g}")
    if threshold:
        words.append(f"threshold={round(float(threshold) * 255)}")
    return ",".join(words)


def modulate(value: str) -> str:
    """``BRIGHTNESS,SATURATION,HUE`` in percent; 100 leaves a hue, 200 turns it by half a circle."""
    numbers = [float(word) for word in re.split("[,x ]", value)]
    bright, rich, hue = (*numbers, 100.0, 100.0)[:3]
    words = [f"{bright / 100:g}"]
    if rich != 100:
        words.append(f"saturation={rich / 100:g}")
    if hue != 100:
        words.append(f"hue={(hue - 100) * 1.8:g}")
    return ",".join(words)


def factor(value: str) -> str:
    """A change in percent as a factor."""
    return f"{1 + float(value.rstrip('%')) / 100:g}"


def percent(value: str) -> str:
    """``80%`` as 0.8."""
    return f"{float(value.rstrip('%')) / 100:g}"


def level_of_percent(value: str) -> str:
    """A distance in percent of white, in levels."""
    number = float(value.rstrip("%"))
    return f"{number * 2.55 if value.endswith('%') else number:g}"


def square(value: str) -> str:
    """The side of the square around a pixel, for its radius."""
    return str(2 * int(float(value)) + 1)


def place(value: str) -> str:
    """A place in the picture by imgbatch's name: northwest, center, entropy."""
    word = value.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    return _PLACES.get(word, word)


def sampling(value: str) -> str:
    """Chroma sampling, also by factors."""
    return _SAMPLINGS.get(value.partition(",")[0], value)


def file_format(value: str) -> str:
    """A format by imgbatch's name."""
    word = value.strip().lower().lstrip(".").rpartition(".")[2]
    return dict(SPELLINGS).get(word, word)


def label(name: str) -> Callable[[str], str]:
    """Makes a text one of the metadata: ``copyright=Ann``."""
    return lambda value: shlex.quote(f"{name}={value}")


def suffix(value: str) -> str:
    """What is put after each name, as a template."""
    return shlex.quote("{dir}/{stem}" + value + ".{ext}")


def quote(value: str) -> str:
    """A word of the shell."""
    return shlex.quote(value)


def text(value: str) -> str:
    """A text for ``--text``, in double quotes where a comma would end it."""
    inside = '"' + value.replace('"', '""') + '"' if set(value) & set(',="()') else value
    return shlex.quote(inside)


def color_space(value: str) -> str:
    """The flag for a color space, or a type of picture, of ImageMagick."""
    word = value.lower()
    if word.startswith(("gray", "grey")):
        return "--grayscale"
    if word == "srgb":
        return "--icc srgb"
    raise ValueError(value)


def compression(value: str) -> str:
    """How a TIFF is packed, by imgbatch's name."""
    word = value.lower()
    return {"zip": "deflate", "group4": "g4"}.get(word, word)


def interlace(value: str) -> str:
    """The flag for files that show up in several scans."""
    if value.lower() == "none":
        raise ValueError(value)
    return "--progressive"


def define(value: str) -> str:
    """The flag for an encoder's option of ImageMagick."""
    key, _, word = value.lower().partition("=")
    if key.endswith(":extent"):
        return f"--max-bytes {word.upper()}"
    if key == "webp:lossless" and word in ("true", "1"):
        return "--lossless"
    if key == "jpeg:sampling-factor":
        return f"--subsampling {sampling(word)}"
    raise ValueError(value)


def is_picture_name(value: str) -> bool:
    """Whether a word is the name of a file that is to be written, not of a folder: ``x.jpg``, ``tn_%s.jpg[Q=80]``."""
    from imgbatch.codecs.registry import CODECS

    name, has_options = _without_options(value)
    if "%s" in os.path.basename(name) or has_options:
        return True
    return file_format(os.path.splitext(name)[1]) in CODECS and not os.path.isdir(value)


def picture_name(value: str) -> str:
    """The flags that write what the name of a picture says, with libvips' options in brackets."""
    folder = os.path.dirname(_without_options(value)[0])
    return f"-o {shlex.quote(folder or '.')} {template(value)}"


def template(value: str) -> str:
    """The flags for the name, the format and the options of ``tn_%s.jpg[Q=80]``, without those for its folder."""
    name, _ = _without_options(value)
    stem, ending = os.path.splitext(os.path.basename(name))
    words = [f"-f {file_format(ending)}"] if ending else []
    if "%s" not in stem:
        words.insert(0, f"--name {shlex.quote(stem + '.{ext}')}")
    elif stem != "%s":
        words.insert(0, f"--name {shlex.quote('{dir}/' + stem.replace('%s', '{stem}') + '.{ext}')}")
    for option in value[len(name) :].strip("[]").split(","):
        key, _, number = option.lower().partition("=")
        if key in ("q", "quality"):
            words.append(f"-q {number}")
        elif key == "strip" or (key == "keep" and number == "none"):
            words.append("--strip all")
        elif key in _SAVE_OPTIONS:
            words.append(_SAVE_OPTIONS[key])
    return " ".join(words)


def _without_options(value: str) -> tuple[str, bool]:
    match = re.fullmatch(r"(.*\.\w+)(\[[^\[\]]*\])", value)
    return (match[1], True) if match else (value, False)
