"""What shall stay as it is? The command's flags, the picture they are applied to, and the name of the expected one.

``FILES/`` stands for the files of tests/outside.py: a mark, a table, frames, a font.

To add a case: one line here, then ``python -m tests.golden`` makes the expected pictures that do not exist yet, and a
person looks at them before they are committed. A case whose picture changes on purpose: delete the PNG, make it anew.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from imgbatch.__main__ import main
from tests import outside

SAMPLES = Path(__file__).parents[2] / "sample_images"
REFERENCES = Path(__file__).parent / "expected"
RGB, ALPHA, PALETTE, ONE_BIT = "png/rgb.png", "png/soft-alpha.png", "png/palette.png", "png/one-bit.png"
GRAY_16, GRAY = "png/gray-16.png", "color/gray.jpg"
SMALL = "--resize 48x36!,kernel=box"  # what the operations that do not resize are shown on

CASES: dict[str, tuple[str, str]] = {
    # resize: the geometry grammar, the fits, the kernels
    "resize-longest": (RGB, "--resize 40"),
    "resize-width": (RGB, "--resize 40x"),
    "resize-height": (RGB, "--resize x30"),
    "resize-inside": (RGB, "--resize 40x40"),
    "resize-outside": (RGB, "--resize 40x40^"),
    "resize-cover": (RGB, "--resize 40x40,fit=cover"),
    "resize-cover-west": (RGB, "--resize 24x40,fit=cover,gravity=west"),
    "resize-cover-focal": (RGB, "--resize 24x40,fit=cover,focal=80%x40%"),
    "resize-cover-entropy": (RGB, "--resize 24x40,fit=cover,gravity=entropy"),
    "resize-linear": (RGB, "--resize 40,linear"),
    "resize-linear-alpha": (ALPHA, "--resize 40,linear,kernel=box"),
    "resize-linear-16-bit": (GRAY_16, "--resize 40,linear"),
    "resize-contain": (RGB, "--resize 40x40,fit=contain,background=teal"),
    "resize-fill": (RGB, "--resize 48x20!"),
    "resize-percent": (RGB, "--resize 10%"),
    "resize-nearest": (RGB, "--resize 40,kernel=nearest"),
    "resize-bicubic": (RGB, "--resize 40,kernel=bicubic"),
    "resize-upscale": (RGB, "--resize 8 --resize 40,upscale"),
    "resize-alpha": (ALPHA, "--resize 40,kernel=box"),
    "resize-palette": (PALETTE, "--resize 40"),
    "resize-one-bit": (ONE_BIT, "--resize 40"),
    "resize-16-bit": (GRAY_16, "--resize 40"),
    # the rest of geometry
    "crop-ratio": (RGB, f"{SMALL} --crop 1:1"),
    "crop-box": (RGB, f"{SMALL} --crop 20x10,gravity=southeast"),
    "crop-focal": (RGB, f"{SMALL} --crop 20x10,focal=76%x38%"),
    "crop-entropy": (RGB, f"{SMALL} --crop 20x10,gravity=entropy"),
    "trim": (RGB, f"{SMALL} --border 6,color=red --trim"),
    "pad": (RGB, f"{SMALL} --pad 56x56,background=navy"),
    "border": (RGB, f"{SMALL} --border 3,color=orange"),
    "rotate-90": (RGB, f"{SMALL} --rotate 90"),
    "rotate-30": (RGB, f"{SMALL} --rotate 30,background=white"),
    "rotate-alpha": (ALPHA, f"{SMALL} --rotate -12"),
    "flip": (RGB, f"{SMALL} --flip"),
    "flop": (RGB, f"{SMALL} --flop"),
    # filters
    "blur": (RGB, f"{SMALL} --blur 2"),
    "blur-alpha": (ALPHA, f"{SMALL} --blur 2"),
    "box-blur": (RGB, f"{SMALL} --box-blur 2"),
    "unsharp": (RGB, f"{SMALL} --unsharp 1,amount=0.8"),
    "sharpen": (RGB, f"{SMALL} --sharpen"),
    "median": (RGB, f"{SMALL} --median 3"),
    "min": (RGB, f"{SMALL} --min 3"),
    "max-alpha": (ALPHA, f"{SMALL} --max 5"),
    "edges": (RGB, f"{SMALL} --edges"),
    "emboss": (RGB, f"{SMALL} --emboss=2,angle=45"),
    "denoise": (RGB, f"{SMALL} --denoise=20"),
    # tone and color
    "brightness": (RGB, f"{SMALL} --brightness 1.3"),
    "contrast": (RGB, f"{SMALL} --contrast 1.3"),
    "saturation": (RGB, f"{SMALL} --saturation 0.4"),
    "gamma": (RGB, f"{SMALL} --gamma 1.6"),
    "gamma-16-bit": (GRAY_16, f"{SMALL} --gamma 1.6"),
    "autocontrast": (RGB, f"{SMALL} --brightness 0.6 --autocontrast"),
    "equalize": (GRAY, "--resize 48x36!,kernel=box --equalize"),
    "grayscale": (RGB, f"{SMALL} --grayscale"),
    "invert": (ALPHA, f"{SMALL} --invert"),
    "sharpness": (RGB, f"{SMALL} --sharpness 3"),
    "levels": (RGB, f"{SMALL} --levels 30,220,1.2"),
    "levels-16-bit": (GRAY_16, f"{SMALL} --levels 10%,60%"),
    "modulate": (RGB, f"{SMALL} --modulate 1.1,1.3,hue=60"),
    "clahe": (RGB, f"{SMALL} --clahe=3,tiles=4"),
    "sepia": (RGB, f"{SMALL} --sepia"),
    "tint": (GRAY, "--resize 48x36!,kernel=box --tint '#4060a0'"),
    "posterize": (RGB, f"{SMALL} --posterize 4"),
    "solarize": (RGB, f"{SMALL} --solarize 50%"),
    "threshold": (ALPHA, f"{SMALL} --threshold 40%"),
    "white-balance": (RGB, f"{SMALL} --white-balance"),
    "white-patch": (RGB, f"{SMALL} --white-balance=white-patch"),
    # alpha
    "flatten": (ALPHA, f"{SMALL} --flatten=white"),
    "alpha-extract": (ALPHA, f"{SMALL} --alpha extract"),
    "alpha-shape": (RGB, f"{SMALL} --alpha shape,background=teal"),
    # what needs a file
    "lut": (RGB, f"{SMALL} --lut FILES/look.cube"),
    "lut-trilinear-alpha": (ALPHA, f"{SMALL} --lut FILES/look.cube,interpolation=trilinear"),
    "watermark": (RGB, "--resize 120 --watermark FILES/logo.png,size=40%,opacity=80%,margin=4%"),
    "watermark-tile": (RGB, "--resize 120 --watermark FILES/logo.png,size=25%,margin=10%,tile,blend=multiply"),
    "watermark-alpha": (ALPHA, "--resize 120 --watermark FILES/logo.png,size=50%,gravity=northwest"),
    "text": (RGB, "--resize 120 --text '{stem} {width}x{height},size=14%,gravity=south'"),
    "text-outline": (RGB, "--resize 120 --text 'Ag\\nxyz,size=25%,color=gold,outline=navy,gravity=center'"),
    "text-font": (GRAY_16, "--resize 120 --text 'Deep,size=30%,font=FILES/font.ttf,gravity=west,opacity=60%'"),
    "flat-field": (RGB, "--resize 40x30!,kernel=box --flat-field FILES/flat.png"),
    "flat-field-16-bit": (GRAY_16, "--resize 40x30!,kernel=box --flat-field FILES/flat.png"),
    "dark-frame": (RGB, "--resize 40x30!,kernel=box --dark-frame FILES/dark.png,amount=6"),
    "match-histogram": (RGB, f"{SMALL} --match-histogram FILES/best.png"),
    # what decoding does: the EXIF orientation, profiles, ink, frames
    **{f"orientation-{n}": (f"orientation/orientation-{n}.jpg", "--resize 36") for n in range(1, 9)},
    "orientation-as-stored": ("orientation/orientation-6.jpg", "--resize 36 --no-auto-orient"),
    "cmyk": ("color/cmyk.jpg", "--resize 40 --brightness 1"),
    "wide-gamut": ("color/wide-gamut.jpg", "--resize 40"),
    "gif": ("animated/sunset.gif", "--resize 40 --frames first"),
    "webp": ("web/lossy.webp", "--resize 40"),
}


def picture(name: str, folder: Path) -> Path:
    """What the command makes of a case today: a PNG in `folder`."""
    source, flags = CASES[name]
    words = ["run", str(SAMPLES / source), "-o", str(folder), "--name", f"{name}.png", "-f", "png", "-j", "0", "-Q",
             "--resampler", "numpy"]  # fmt: skip
    code = main([*words, *shlex.split(flags.replace("FILES/", f"{outside.folder()}/"))])
    if code != 0:
        raise AssertionError(f"{name}: exit code {code}")
    return folder / f"{name}.png"
