"""Habits: which flags and words of other tools are known, and what does imgbatch call them?

In this order: ImageMagick (mogrify, convert), vipsthumbnail, sharp-cli, caesiumclt, exiftool, and what people try
anyway. Each may have several spellings; of two for one name the first counts.
"""

from __future__ import annotations

import re

from imgbatch.cli.mistakes.habit import (
    Habit,
    area,
    color_space,
    compression,
    define,
    factor,
    file_format,
    geometry,
    interlace,
    is_picture_name,
    label,
    level_of_percent,
    modulate,
    percent,
    picture_name,
    place,
    quote,
    sampling,
    sigma,
    square,
    suffix,
    template,
    text,
    unsharp,
)

_WITH_PLACE = ("--crop", "--pad", "--text", "--watermark")
_EDGE = "a number alone is the longest edge; 800x is a width"
_UPRIGHT = "pictures are turned upright by their EXIF orientation, unless --no-auto-orient is there"
_METADATA = "metadata stays unless --strip is there"
_NO_ENLARGING = "nothing is enlarged unless upscale is said: --resize 800,upscale"
_BELOW = "folders below are read, and mirrored in -o DIR unless --flat is there"
_RESOLUTION = "sizes are in px, and the resolution of a source is kept"
_SOURCE = "SRC has no flag"
_ATTENTION = ("none", "centre", "center", "entropy", "attention", "low", "high", "all", "fill", "smart", "cover")


def _crops_smartly(value: str) -> bool:
    return value.lower() in _ATTENTION


def _is_no_number(value: str) -> bool:
    return value != "--" and re.fullmatch(r"[-+]?\d+(\.\d+)?(,.*)?", value) is None


IMAGEMAGICK = (
    Habit(("-resize", "-scale", "-adaptive-resize"), "--resize {}", change=geometry, number=_EDGE),
    Habit(("-sample",), "--resize {},kernel=nearest", change=geometry),
    Habit(("-thumbnail",), "--resize {} --strip all", change=geometry, number=_EDGE),
    Habit(("-quality",), "--quality {}"),
    Habit(("-strip",), "--strip all", 0),
    Habit(("-auto-orient",), values=0, why=_UPRIGHT),
    Habit(("-format",), "--format {}", change=file_format),
    Habit(("-path",), "-o {}", change=quote),
    Habit(("-crop",), "--crop {}", change=area),
    Habit(("-rotate",), "--rotate {}", change=lambda value: value.strip("<>")),
    Habit(("-flip",), "--flip", 0),
    Habit(("-flop",), "--flop", 0),
    Habit(("-unsharp",), "--unsharp {}", change=unsharp),
    Habit(("-sharpen", "-adaptive-sharpen"), "--unsharp {}", change=sigma),
    Habit(("-blur", "-gaussian-blur", "-adaptive-blur"), "--blur {}", change=sigma),
    Habit(("-gravity",), "--crop 800x600", change=place, adds="gravity={}", to=_WITH_PLACE),
    Habit(("-extent",), "--pad {}", change=area),
    Habit(("-colorspace", "-type"), "{}", change=color_space, shape="--grayscale"),
    Habit(("-interlace",), "{}", change=interlace, shape="--progressive"),
    Habit(("-density", "-units", "-resample"), why=_RESOLUTION),
    Habit(("-trim",), "--trim", 0),
    Habit(("-fuzz",), "--trim={}", change=level_of_percent),
    Habit(("-normalize", "-auto-level"), "--autocontrast", 0),
    Habit(("-contrast-stretch", "-linear-stretch"), "--autocontrast=1"),
    Habit(("-equalize",), "--equalize", 0),
    Habit(("-negate",), "--invert", 0),
    Habit(("-monochrome",), "--threshold 50%", 0),
    Habit(("-threshold",), "--threshold {}"),
    Habit(("-depth",), "--depth {}"),
    Habit(("-colors",), "--colors {}"),
    Habit(("-sampling-factor",), "--subsampling {}", change=sampling),
    Habit(("-define",), "{}", change=define, shape="--max-bytes V"),
    Habit(("-background",), "--background {}", change=quote),
    Habit(("-flatten",), "--flatten", 0),
    Habit(("-alpha",), "--alpha {}", change=str.lower),
    Habit(("-border",), "--border {}"),
    Habit(("-bordercolor",), "--border 10", change=quote, adds="color={}", to=("--border",)),
    Habit(("-filter",), "--resize 800", change=lambda value: value.lower().rstrip("0123456789"), adds="kernel={}",
          to=("--resize",)),
    Habit(("-modulate",), "--modulate {}", change=modulate),
    Habit(("-gamma",), "--gamma {}"),
    Habit(("-level",), "--levels {}"),
    Habit(("-brightness-contrast",), "--brightness {}", change=lambda value: factor(re.split("[,x]", value)[0])),
    Habit(("-sepia-tone",), "--sepia={}", change=percent),
    Habit(("-posterize",), "--posterize {}"),
    Habit(("-solarize",), "--solarize {}"),
    Habit(("-median",), "--median {}", change=square),
    Habit(("-despeckle",), "--median 3", 0),
    Habit(("-emboss",), "--emboss"),
    Habit(("-edge",), "--edges"),
    Habit(("-profile",), "--icc srgb"),
    Habit(("-annotate",), "--text {}", 2, text),
    Habit(("-compress",), "--compression {}", change=compression),
    Habit(("-limit",), "--memory {}", 2),
    Habit(("-monitor",), values=0, why="progress is shown on a terminal"),
    Habit(("-coalesce", "-repage", "+repage", "-layers"), values=0, why="all frames of animations are kept whole"),
    Habit(("+profile",), "--strip all"),
    Habit(("-verbose",), "--verbose", 0),
    Habit(("-quiet",), "--quiet", 0),
    Habit(("-help",), "--help", 0),
)  # fmt: skip
VIPSTHUMBNAIL = (
    Habit(("--size", "-s"), "--resize {}", change=geometry),
    Habit(("--smartcrop", "--crop"), "--resize 800x800", change=place, adds="fit=cover,gravity={}", to=("--resize",),
          when=_crops_smartly),
    Habit(("--rotate", "--auto-rotate", "--autorotate", "-t"), values=0, why=_UPRIGHT, when=_is_no_number),
    Habit(("--no-rotate", "--no-autorotate"), "--no-auto-orient", 0),
    Habit(("--eprofile", "--export-profile", "--output-profile"), "--icc srgb"),
    Habit(("--iprofile", "--import-profile", "--input-profile"), "--assume-icc {}", change=quote),
    Habit(("--delete",), "--icc none", 0),
    Habit(("--linear", "-a"), "--resize 800", 0, adds="linear", to=("--resize",)),
    Habit(("--intent", "--render-intent"), why="profiles are converted with the relative intent"),
    Habit(("-o", "--output"), "{}", change=picture_name, shape="-o DIR --name V -f V", when=is_picture_name),
    Habit(("-f", "--format"), "{}", change=template, shape="--name V -f V", when=lambda value: "%s" in value),
)  # fmt: skip
SHARP = (
    Habit(("--withMetadata", "--with-metadata", "--keepMetadata", "-m"), values=0, why=_METADATA),
    Habit(("--mozjpeg",), "--optimize --progressive", 0),
    Habit(("--chromaSubsampling", "--chroma-subsampling"), "--subsampling {}", change=sampling),
    Habit(("--compressionLevel", "--compression-level"), "--effort {}"),
    Habit(("--withoutEnlargement", "--without-enlargement", "--no-upscale"), values=0, why=_NO_ENLARGING),
    Habit(("--fit",), "--resize 800x800", adds="fit={}", to=("--resize",)),
    Habit(("--position", "--gravity"), "--crop 800x600", change=place, adds="gravity={}",
          to=("--resize", *_WITH_PLACE)),
    Habit(("--kernel",), "--resize 800", change=lambda value: value.rstrip("23"), adds="kernel={}", to=("--resize",)),
    Habit(("--optimise",), "--optimize", 0),
    Habit(("--colours",), "--colors {}"),
    Habit(("--palette",), "--colors 256", 0),
    Habit(("--pages",), "--frames {}", change=lambda value: "all" if value == "-1" else value),
    Habit(("--animated",), values=0, why="all frames of animations are kept"),
    Habit(("--limitInputPixels", "--limit-input-pixels"), "--max-pixels {}"),
    Habit(("--sequentialRead", "--sequential"), values=0, why="memory is bounded anyway"),
    Habit(("--input", "-i"), "{}", change=quote, why=_SOURCE, shape="SRC"),
    Habit(("resize",), "--resize {}", change=geometry),
    Habit(("rotate",), "--rotate {}"),
    Habit(("normalise", "normalize", "--normalise", "--normalize"), "--autocontrast", 0),
    Habit(("greyscale", "--greyscale"), "--grayscale", 0),
    Habit(("negate", "--negate"), "--invert", 0),
)  # fmt: skip
CAESIUM = (
    Habit(("--same-folder-as-input",), "--in-place", 0),
    Habit(("--long-edge",), "--resize {}"),
    Habit(("--short-edge",), "--resize {},fit=outside"),
    Habit(("--width",), "--resize {}x"),
    Habit(("--height",), "--resize x{}"),
    Habit(("-RS", "-R", "-S", "--keep-structure"), values=0, why=_BELOW),
    Habit(("--keep-dates",), "--preserve", 0),
    Habit(("-e", "--exif", "--keep-exif", "--keep-metadata"), values=0, why=_METADATA),
    Habit(("--suffix",), "--name {}", change=suffix, shape="--name {stem}V.{ext}"),
    Habit(("-d", "--dryrun"), "--dry-run", 0),
    Habit(("--threads", "--jobs", "--parallel", "--concurrency", "--cores"), "--workers {}"),
    Habit(("--jpeg-chroma-subsampling",), "--subsampling {}", change=sampling),
    Habit(("--png-opt-level",), "--optimize"),
    Habit(("--zopfli",), "--optimize", 0),
    Habit(("--strip-icc",), "--strip icc", 0),
    Habit(("--jpeg-baseline",), values=0, why="JPEG files are baseline unless --progressive is there"),
    Habit(("never", "bigger"), values=0, why="--overwrite takes no value; without it no file of others is replaced"),
)  # fmt: skip
EXIFTOOL = (
    Habit(("-all",), "--strip all", 0),
    Habit(("-gps:all", "-gps*"), "--strip gps", 0),
    Habit(("-overwrite_original",), "--in-place", 0),
    Habit(("--copyright", "-copyright"), "--set {}", change=label("copyright"), shape="--set copyright=V"),
    Habit(("--artist", "--author", "--creator", "-artist"), "--set {}", change=label("artist"), shape="--set artist=V"),
    Habit(("--title", "-title"), "--set {}", change=label("title"), shape="--set title=V"),
    Habit(("--description", "--caption", "--comment", "-description", "-comment"), "--set {}",
          change=label("description"), shape="--set description=V"),
    Habit(("--keywords", "--tags", "-keywords"), "--set {}", change=label("keywords"), shape="--set keywords=V"),
)  # fmt: skip
GUESSES = (
    Habit(("--out", "--outdir", "--out-dir", "--output-dir", "--dest", "--destination"), "-o {}", change=quote),
    Habit(("--ext", "--type", "--convert", "--to"), "--format {}", change=file_format),
    Habit(("--webp",), "--format webp", 0),
    Habit(("--avif",), "--format avif", 0),
    Habit(("--max-width",), "--resize {}x"),
    Habit(("--max-height",), "--resize x{}"),
    Habit(("--max-dimension", "--longest-side", "--longest-edge", "--max-edge"), "--resize {}"),
    Habit(("--scale",), "--resize {}", change=geometry),
    Habit(("--thumbnail",), "--resize {},fit=cover", change=geometry),
    Habit(("--bw", "--gray"), "--grayscale", 0),
    Habit(("--no-exif", "--strip-exif", "--no-metadata", "--strip-metadata", "--strip-all"), "--strip all", 0),
    Habit(("--jpeg-quality", "--jpg-quality", "--webp-quality"), "--quality {}"),
    Habit(("--no-overwrite", "--no-clobber"), values=0, why="nothing is overwritten that imgbatch did not write"),
)

TABLES = (IMAGEMAGICK, VIPSTHUMBNAIL, SHARP, CAESIUM, EXIFTOOL, GUESSES)
#: Each habit by each of its names.
HABITS = {name: habit for table in reversed(TABLES) for habit in reversed(table) for name in habit.names}
