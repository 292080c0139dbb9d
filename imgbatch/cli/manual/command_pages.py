"""Help pages: what does ``imgbatch --help`` say? Static text, so that it comes at once."""

MAIN = """\
imgbatch: resize, filter and convert folders of images.

usage: imgbatch COMMAND ...

commands:
  run SRC... -o DIR [OPERATIONS] [options]   process files and folders into DIR
  run -r RECIPE.toml [SRC...] [options]      the same, from a recipe file
  sheet SRC... -o SHEET.jpg                  a contact sheet: pages of small pictures
  pack SRC... -o OUT.npy [OPERATIONS]        one (N,H,W,C) uint8 array; or .tar, .parquet
  check SRC... [options]                     decode every frame; list damaged or mislabelled files
  verify DIR [--deep]                        compare outputs with the hashes in the ledger
  stats SRC... [OPERATIONS] [options]        exact mean, std, min, max and histogram; sizes, formats
  dupes SRC... [options]                     what is there twice: the same bytes, pixels, or nearly
  history DIR                                past runs of a folder
  undo DIR [RUN]                             take one back: restore originals, or remove outputs
  merge DIR                                  join what the shards of a run (--shard I/N) did
  watch SRC... -o DIR                        do what is there, then whatever comes
  schedule RECIPE --at 03:00                 print the crontab line or systemd units for it
  ops [NAME]                                 the operations, or one of them with an example
  formats                                    the formats that are read and written here
  help [TOPIC | COMMAND | OPERATION]         pages to read; `imgbatch help topics` lists them
  init FILE.toml|NAME                        write a recipe with all keys, to be filled in
  recipes                                    the recipes that are used by name: run -r NAME
  completion bash|zsh|fish                   print the script that makes Tab complete all of this

thumbnails, cropped to a square:
  imgbatch run photos -o thumbs --resize 256x256,fit=cover

pictures for the web, at most 1600 px, as WebP:
  imgbatch run photos -o web --resize 1600 --unsharp 1,amount=0.8 -f webp -q 80

see what would be written, and write nothing:
  imgbatch run photos -o web --resize 1600 -f webp --dry-run

keep the flags as a recipe, and use them again:
  imgbatch run photos -o web --resize 1600 -f webp --save-recipe web.toml
  imgbatch run -r web.toml

every night; only what is new or changed is done again (prints the crontab line, installs nothing):
  imgbatch schedule web.toml --at 03:00

SRC is a file, a folder, or a quoted glob such as 'photos/**/*.jpg'. Only --in-place
changes sources, and keeps the originals; nothing is overwritten that imgbatch did not write itself.
`imgbatch run --help` shows the flags that are used most, `imgbatch run --help-all` all of them.
"""

CHECK_USAGE = "imgbatch check SRC... [options]"

CHECK_ABOUT = """\
Decode every frame of every file and list what is damaged: truncated, zero-filled or contradictory
data, wrong checksums, formats without a reader, and JPEG data that end before the picture does.
Warned of: a suffix of another format, data after the end, a missing end mark; with --quality also
pictures that are blurred, too dark or too light, or show nothing. Nothing is written."""

CHECK_AFTER = """\
What cannot be seen: damage that leaves a JPEG's length right; wrong pixels in formats without
checksums. Exit codes: 0 all is well, 1 something is wrong (--fail-on
warning: also odd files; none: never), 2 refused, 4 stopped early, 70 internal error,
130 interrupted, 143 terminated."""

VERIFY_USAGE = "imgbatch verify DIR [--deep] [options]"

VERIFY_ABOUT = """\
Read every output in DIR again and compare it with the hash in the ledger: what is gone, cut or no
longer what imgbatch wrote is listed. Nothing is written."""

VERIFY_AFTER = """\
Exit codes: 0 all is well, 1 something is wrong, 2 refused, 4 stopped early, 70 internal error,
130 interrupted, 143 terminated."""

STATS_USAGE = "imgbatch stats SRC... [OPERATIONS] [options]"

STATS_ABOUT = """\
Measure all pixels of all images: mean, std, min, max and histogram of each channel, and how large
the pictures are. Of each file the first frame counts, upright, after the operations, if there are
any; transparency is ignored (not with --mode RGBA), profiles are ignored, 16 bits count by their
high byte."""

STATS_AFTER = """\
Nothing is written but what --plot and --mean-image name. The figures are exact, the same for any
number of workers, and without files that cannot be read. Exit codes: 0 done, 1 some files failed,
2 refused, 4 stopped early, 70 internal error, 130 interrupted, 143 terminated; after the last four
nothing is printed."""

DUPES_USAGE = "imgbatch dupes SRC... [options]"

DUPES_ABOUT = """\
Find files that are there more than once: with the same bytes, with the same pixels in all frames
(whatever format and metadata are), or with a first frame that looks nearly the same. Each group is
what looks like the file that stays: the one with the most pixels, then the most bytes, then the
first name. Nothing is deleted."""

DUPES_AFTER = """\
Near pictures have as many frames as one another, and plain areas of color are near to nothing.
What was decoded is noted in --state DIR (default ~/.local/state/imgbatch), so that the next search
decodes only what is new. To delete what is surely the same:
imgbatch dupes photos --likeness pixels --print0 | xargs -0 rm. Exit codes: 0 done, whatever was
found, 1 some files could not be compared, 2 refused, 4 stopped early, 70 internal error,
130 interrupted, 143 terminated; after the last four nothing is printed."""

SHEET_USAGE = "imgbatch sheet SRC... -o SHEET.jpg|.png|.webp|.pdf [options]"

SHEET_ABOUT = """\
Show pictures on a contact sheet, small, each with a caption. One page is SHEET.jpg, several are
SHEET-1.jpg, SHEET-2.jpg and so on; a .pdf holds them all. A picture that cannot be read has a cell
that says why."""

SHEET_AFTER = """\
A caption has the fields of --text: '{stem}\\n{width}x{height} {exif.Model}'. The font of Pillow has
Latin letters only; --font FILE.ttf has others. Exit codes: 0 done, 1 some files failed, 2 refused
and nothing written, 4 stopped early, 70 internal error, 130 interrupted, 143 terminated; after the
last four nothing is left behind."""

PACK_USAGE = """\
imgbatch pack SRC... -o OUT.npy OPERATIONS [options]
       imgbatch pack SRC... -o 'shards/%06d.tar' [OPERATIONS] [options]
       imgbatch pack SRC... -o OUT.parquet [OPERATIONS] [options]"""

PACK_ABOUT = """\
Make one array of shape (N, height, width, channels), uint8, of all images, in the order of the
sources, and OUT.json, which tells the rows. The operations must give every image one size, such as
--resize 224x224,fit=cover (a picture with a shorter side fails; upscale enlarges it, fit=contain
pads it). The row of a file that failed is zeros. Of animations the first frame counts.

Or make samples, encoded, each with its size and source: .tar as WebDataset reads them, one file or
a shard for each number, .parquet for Hugging Face's datasets (needs pip install
'imgbatch[parquet]'). Where no operation, format or option is given, pictures keep their bytes. A
file that failed is none."""

PACK_AFTER = """\
Read it with numpy.load("OUT.npy", mmap_mode="r"). Transparency is laid on white (not with --mode
RGBA), CMYK becomes sRGB, 16 bits become 8. Both files are written whole or not at all. Exit codes:
0 done, 1 some files failed, 2 refused and nothing written, 4 stopped early, 70 internal error,
130 interrupted, 143 terminated; after the last four nothing is left behind."""

RUN_USAGE = """\
imgbatch run SRC... -o DIR [OPERATIONS] [options]
       imgbatch run SRC... --in-place [OPERATIONS] [options]
       imgbatch run -r RECIPE.toml [SRC...] [options]"""

RUN_ABOUT = """\
Process files, folders (with all folders below) and quoted globs into DIR. Operations apply in the
order in which they are typed. A value is positional,...,key=value: --resize 1600x1200,fit=cover.
A value that is shown as [=VALUE] must be attached: --trim=10, or plain --trim. `imgbatch ops NAME`
tells all of an operation, and `--help NAME` of a flag."""

RUN_AFTER = """\
--in-place needs no -o: each file is replaced, in its own format, once for each recipe; mode and
owner stay, times with -p. Originals are kept in SRC/.imgbatch/backup until --keep-backups is over.
What concerns the whole run can be set as IMGBATCH_WORKERS, IMGBATCH_MAX_PIXELS, ... A flag wins
over the environment, that over the recipe. Exit codes: 0 done, 1 some files failed (--unattended:
some that had not failed before), 2 refused and nothing written, 4 stopped early, 70 internal error,
75 another run is at work, 130 interrupted, 143 terminated."""

HISTORY_USAGE = "imgbatch history DIR [--json]"

HISTORY_ABOUT = """\
List the past runs of an output folder, or of a folder whose files were changed in place, the last
at the end: number, start, duration, exit code, counts, how many files can be taken back, and what
was typed."""

HISTORY_AFTER = """\
An exit code of `-`: the run is at work, or was killed. What was made of sources that were archived
can be taken back once these are back: imgbatch undo names the commands."""

UNDO_USAGE = "imgbatch undo DIR [RUN] [-n]"

UNDO_ABOUT = """\
Take a run back: the last one that left something, or RUN (a number of `imgbatch history DIR`). Of a
run --in-place the originals are restored. Of a run with -o the outputs are removed that are as it
wrote them and whose sources are still there, so that they can be made again; what it had replaced
does not come back."""

UNDO_AFTER = """\
A file that was changed since stays as it is, and is named; the others are still taken back. Where a
source was archived (--archive), the command that brings it back is named; then undo again. Exit
codes: 0 all is taken back, 1 some files were left, 2 refused, 75 a run is at work."""

MERGE_USAGE = "imgbatch merge DIR [--report FILE] [options]"

MERGE_ABOUT = """\
Join what the shards of a run (imgbatch run ... -o DIR --shard I/N) did: their ledgers, so that DIR
is as after one run, and their reports and figures, into the files that are named here."""

MERGE_AFTER = """\
Nothing is joined before every shard has run to its end. It may be repeated until a shard runs
again. --stats needs shards that were run with --stats. Exit codes: as of one run; 2 refused,
4 shards are missing, which are named, 75 a shard is at work."""

WATCH_USAGE = "imgbatch watch SRC... -o DIR [--poll 2s] [OPERATIONS] [options]"

WATCH_ABOUT = """\
Do what is there, then whatever comes, until it is told to end (Ctrl-C, SIGTERM). A file counts when
it has not changed for --settle (half a second)."""

WATCH_AFTER = """\
watchfiles tells when to look: pip install 'imgbatch[watch]'. It hears nothing of what other
machines write to a network disk: use --poll there. The lock of DIR is held all the time."""

SCHEDULE_USAGE = "imgbatch schedule RECIPE.toml --at 03:00 [--as cron|systemd] [--write DIR] [-o DIR]"

SCHEDULE_ABOUT = """\
Print what makes cron or systemd run a recipe unattended: one crontab line, or a service and a timer
unit, with absolute paths, quoted. Nothing is installed. The recipe must say its [input] paths and
where the results go, as what --save-recipe writes does."""

SCHEDULE_AFTER = """\
--at is a time of each day (03:00), a word (hourly, daily, weekly, monthly, yearly), or the five
fields of a crontab in quotes (minute, hour, day of the month, month, day of the week). Add the line
with `crontab -e`. Units: --write DIR writes them as files and prints the three commands that
install them; printed, they go into /etc/systemd/system under the names in their first lines. The
service may write to the folders that the recipe names, and runs as who typed this. `--watch --as
systemd` gives the unit of an `imgbatch watch` instead."""
