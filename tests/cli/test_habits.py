"""Does somebody who types another tool's flags get imgbatch's named, and is what is suggested a command that works?"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from imgbatch.__main__ import main
from imgbatch.cli.mistakes.habits import HABITS, TABLES
from tests.cli.conftest import Run, environment

#: What is typed after `imgbatch run photos -o out`, and what is suggested; "": to leave it out.
LINES = {
    # mogrify, convert
    "-resize 800": "--resize 800",
    "-resize 50%": "--resize 50%",
    "-resize 800x600^": "--resize '800x600^'",
    "-resize 800x600!": "--resize '800x600!'",
    "-resize '800x600>'": "--resize 800x600",
    "-resize '800x600<'": "--resize 800x600,upscale",
    "-resize 2000000@": "--resize 2MP",
    "-resize=800": "--resize 800",
    "-thumbnail 200x200": "--resize 200x200 --strip all",
    "-sample 50%": "--resize 50%,kernel=nearest",
    "-quality 80": "--quality 80",
    "-strip": "--strip all",
    "-auto-orient": "",
    "-format WebP": "--format webp",
    "-format jpg": "--format jpeg",
    "-path thumbs": "-o thumbs",
    "-path 'my thumbs'": "-o 'my thumbs'",
    "-crop 100x80+10+10": "--crop 100x80+10+10",
    "-gravity NorthWest -crop 40x30+0+0 +repage": "--crop 40x30,gravity=northwest",
    "-gravity center": "--crop 800x600,gravity=center",
    "-rotate 90": "--rotate 90",
    "-rotate '-90>'": "--rotate -90",
    "-flip": "--flip",
    "-flop": "--flop",
    "-unsharp 0x1": "--unsharp 1",
    "-unsharp 0x0.75+0.8+0.02": "--unsharp 0.75,amount=0.8,threshold=5",
    "-blur 0x2": "--blur 2",
    "-gaussian-blur 3": "--blur 3",
    "-sharpen 0x1": "--unsharp 1",
    "-extent 800x600 -gravity center": "--pad 800x600,gravity=center",
    "-colorspace Gray": "--grayscale",
    "-colorspace sRGB": "--icc srgb",
    "-interlace Plane": "--progressive",
    "-density 300": "",
    "-trim": "--trim",
    "-fuzz 10% -trim": "--trim=25.5",
    "-normalize": "--autocontrast",
    "-negate": "--invert",
    "-monochrome": "--threshold 50%",
    "-modulate 110,130,150": "--modulate 1.1,saturation=1.3,hue=90",
    "-level 5%,95%": "--levels 5%,95%",
    "-gamma 1.2": "--gamma 1.2",
    "-colors 64": "--colors 64",
    "-sepia-tone 80%": "--sepia=0.8",
    "-border 10x10 -bordercolor red": "--border 10x10,color=red",
    "-filter Lanczos -resize 50%": "--resize 50%,kernel=lanczos",
    "-sampling-factor 2x2": "--subsampling 4:2:0",
    "-define jpeg:extent=200kb": "--max-bytes 200KB",
    "-alpha remove -background white": "--alpha remove --background white",
    "-annotate +10+10 'Ann, 2026'": "--text '\"Ann, 2026\"'",
    "-path out2 -resize 800 -quality 80 -strip -auto-orient": "-o out2 --resize 800 --quality 80 --strip all",
    "-verbose": "--verbose",
    # vipsthumbnail
    "--size 800x800": "--resize 800x800",
    "-s 256": "--resize 256",
    "--size=800x600": "--resize 800x600",
    "--size 300x300 --smartcrop attention": "--resize 300x300,fit=cover,gravity=entropy",
    "--size 300x300 --crop centre": "--resize 300x300,fit=cover,gravity=center",
    "--smartcrop low": None,
    "--rotate": "",
    "--no-rotate": "--no-auto-orient",
    "-o x.jpg[Q=80]": "-o . --name 'x.{ext}' -f jpeg -q 80",
    "-o 'thumbs/tn_%s.jpg[Q=80,strip]'": "-o thumbs --name '{dir}/tn_{stem}.{ext}' -f jpeg -q 80 --strip all",
    "-o %s.webp": "-o . -f webp",
    "-f tn_%s.png": "--name '{dir}/tn_{stem}.{ext}' -f png",
    "--eprofile srgb": "--icc srgb",
    "--export-profile srgb": "--icc srgb",
    "--delete": "--icc none",
    "--linear --size 400": "--resize 400,linear",
    # sharp-cli
    "--withMetadata": "",
    "--mozjpeg": "--optimize --progressive",
    "resize 800": "--resize 800",
    "resize 800 --fit cover": None,
    "--resize 300x200 --fit cover": "--resize 300x200,fit=cover",
    "rotate 90": "--rotate 90",
    "blur 2": "--blur 2",
    "flip grayscale": "--flip --grayscale",
    "greyscale": "--grayscale",
    "normalise": "--autocontrast",
    "--chromaSubsampling 4:4:4": "--subsampling 4:4:4",
    "--compressionLevel 9": "--effort 9",
    "--withoutEnlargement": "",
    "-i photos": "photos",
    # caesiumclt
    "--same-folder-as-input": "--in-place",
    "--long-edge 1600": "--resize 1600",
    "--short-edge 800": "--resize 800,fit=outside",
    "--width 800": "--resize 800x",
    "--height 600": "--resize x600",
    "-RS": "",
    "-R": "",
    "--keep-dates": "--preserve",
    "-e": "",
    "--exif": "",
    "--suffix _small": "--name '{dir}/{stem}_small.{ext}'",
    "-d": "--dry-run",
    "--threads 2": "--workers 2",
    "--overwrite never": "",
    # exiftool, and what people try
    "-copyright=Ann": "--set copyright=Ann",
    "--copyright 'Ann Lee'": "--set 'copyright=Ann Lee'",
    "--author Ann": "--set artist=Ann",
    "-all=": "--strip all",
    "--outdir web": "-o web",
    "--jobs 4": "--workers 4",
    "--max-width 800": "--resize 800x",
    "-flat": "--flat",
    "-output web": "--output web",
}
#: A value that a habit takes, by what makes ours of it.
VALUES = {
    "geometry": "80x60", "area": "40x30", "place": "center", "is_picture_name": "x.png", "picture_name": "x.png",
    "template": "tn_%s.png", "define": "jpeg:extent=200kb", "color_space": "Gray", "interlace": "line",
    "modulate": "110", "file_format": "webp", "sampling": "4:2:0", "compression": "zip", "unsharp": "0x1",
}  # fmt: skip
NAMED = {
    "-alpha": "off", "-filter": "lanczos", "--kernel": "lanczos", "--fit": "cover", "-bordercolor": "red",
    "-background": "white", "-depth": "8", "--iprofile": "photos/a.icc", "-limit": "memory 1GB", "-limits": "1",
    "-annotate": "+0+0 Ann", "--crop": "centre", "-rotate": "90", "rotate": "90", "-resize": "80", "-i": "photos",
}  # fmt: skip


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command says when it refuses a line."""
    assert main(["run", *words]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("imgbatch: ") and said.err.count("\n") == 1
    return said.err.removeprefix("imgbatch: ")


def suggestion(line: str) -> str | None:
    """What one did perhaps mean, by the sentence."""
    match = re.search(r"did you mean (.*)\?", line)
    return match[1] if match else None


def follow(capsys: pytest.CaptureFixture[str], wanted: str) -> None:
    """Type what was suggested; it is a plan of a run."""
    folder = [] if "--in-place" in wanted else ["-o", "out"]
    assert main(["run", "photos/a.jpg", *folder, *shlex.split(wanted), "-n"]) == 0, capsys.readouterr().err


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("IMGBATCH_WORKERS", "0")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize(("typed", "wanted"), LINES.items(), ids=LINES)
def test_the_flag_of_imgbatch_is_named_and_the_suggestion_works(
    capsys: pytest.CaptureFixture[str], typed: str, wanted: str | None
) -> None:
    words = shlex.split(typed)
    line = answer(capsys, "photos", "-o", "out", *words)
    assert any(line.startswith(word) for word in words)
    if wanted is None:
        return
    if wanted == "":
        assert "leave it out: " in line and "did you mean" not in line
        return
    assert suggestion(line) == wanted
    follow(capsys, wanted)


def test_forty_habits_and_more() -> None:
    assert len({typed.split()[0] for typed in LINES}) >= 40
    assert all(len(table) >= 8 for table in TABLES[:4])


def sample(name: str) -> list[str]:
    """A value for a habit."""
    habit = HABITS[name]
    for key in habit.names:
        if key in NAMED:
            return NAMED[key].split()
    return [VALUES.get(getattr(habit.change, "__name__", ""), "5")] if habit.values else []


@pytest.mark.parametrize("name", HABITS)
def test_each_spelling_of_a_habit_has_an_answer_that_parses(capsys: pytest.CaptureFixture[str], name: str) -> None:
    Path("photos/a.icc").write_bytes(b"")
    line = answer(capsys, "photos", "-o", "out", name, *sample(name))
    wanted = suggestion(line)
    if wanted is None:
        assert "leave it out: " in line
    elif wanted not in ("--help", "--icc none") and "--assume-icc" not in wanted:
        follow(capsys, wanted)


@pytest.mark.parametrize(
    "words",
    [
        "-q80 -oout -fwebp", "-oout -j0", "-npQ", "-nv -E*.tmp", "--text -resize", "--text -strip --name {stem}.{ext}",
        "-rweb.toml", "-rweb", "-- -trim",
    ],
)  # fmt: skip
def test_what_is_attached_to_a_letter_is_still_its_value(capsys: pytest.CaptureFixture[str], words: str) -> None:
    Path("web.toml").write_text('[[output]]\nformat = "webp"\n')
    Path("web").write_text('[[output]]\nformat = "webp"\n')
    Path("-trim").write_bytes(Path("photos/a.jpg").read_bytes())
    assert main(["run", "photos", "-n", "-o", "out", *words.split()]) == 0, capsys.readouterr().err


def test_a_folder_of_an_operations_name_is_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/trip").rename("resize")
    assert main(["run", "resize", "-o", "out", "-n"]) == 0
    assert "resize/b.jpg" in capsys.readouterr().out
    assert suggestion(answer(capsys, "resize", "-strip", "-o", "out")) == "--strip all"


def test_a_folder_may_have_the_name_of_a_picture_when_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean" in answer(capsys, "photos/a.jpg", "-o", "b.jpg")
    Path("b.jpg").mkdir()
    assert main(["run", "photos/a.jpg", "-o", "b.jpg", "-n"]) == 0


def test_other_commands_suggest_only_what_they_have(run: Run) -> None:
    assert "did you mean --resize 800?" in run("stats", "photos", "-resize", "800").stderr
    assert "did you mean" not in run("stats", "photos", "-quality", "80").stderr
    assert "did you mean" not in run("sheet", "photos", "-o", "%s.xyz").stderr


@pytest.mark.parametrize(
    ("flag", "near"),
    [
        ("--rezise", "--resize"), ("--qualty", "--quality"), ("--ouput", "--output"), ("--box_blur", "--box-blur"),
        ("--border-color", "--border"), ("--saturate", "--saturation"), ("--exlude", "--exclude"),
    ],
)  # fmt: skip
def test_a_slip_is_guessed(capsys: pytest.CaptureFixture[str], flag: str, near: str) -> None:
    assert suggestion(answer(capsys, "photos", "-o", "out", flag, "1")) == near


@pytest.mark.parametrize("flag", ["--copyrihgt", "--lens", "--publisher", "--zoom", "--canvas"])
def test_what_is_like_nothing_is_not_guessed(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert "did you mean" not in answer(capsys, "photos", "-o", "out", flag, "1")


def test_habits_are_loaded_only_for_words_of_others(place: Path) -> None:
    code = (
        "import sys; from imgbatch.__main__ import main; code = main(sys.argv[1:]);"
        "sys.exit(code or 'imgbatch.cli.mistakes.habits' in sys.modules)"
    )
    words = ["run", "photos", "-o", "out", "--resize", "40", "-n", "-q80", "-j0"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=place, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
