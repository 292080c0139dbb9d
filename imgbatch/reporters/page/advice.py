"""Advice: what can a user do about files that failed in some way?"""

from __future__ import annotations

from imgbatch.core.errors import Kind

#: One or two sentences for each kind of failure.
ADVICE: dict[Kind, str] = {
    "unidentified": "No reader recognizes the content. Look at the file: it may be a text or a download that went "
    "wrong; if it is no picture, leave it out with --exclude.",
    "unsupported": "The format is known, but cannot be read or written here. `imgbatch formats` says which extra "
    "would help; else convert the file first.",
    "truncated": "The file ends too early: a copy or download was cut off. Fetch it again from where it came.",
    "corrupt": "The data contradict themselves. Fetch the file again, or restore it from a backup.",
    "too_large": "More pixels than --max-pixels allows. Raise that limit if you trust the file.",
    "frames": "Several frames, and a format that holds one. Choose with --frames first or --frames N, or write GIF, "
    "WebP, PNG, AVIF or TIFF.",
    "mode": "An operation or format cannot take these pixels. The message says which; --flatten, --grayscale or "
    "another --format often helps.",
    "target": "The wanted size or likeness is out of reach. Loosen --max-bytes, --min-ssim or --min-quality, or let "
    "--then-shrink take pixels away.",
    "exists": "A file is in the way that imgbatch did not write. Move it, or say --overwrite, --skip-existing or "
    "--rename.",
    "permission": "The file may not be read, or its place not be written to. Change its rights, or run as a user who "
    "may.",
    "no_space": "The disk is full. Make room and run the same command again; it goes on where it stopped.",
    "io": "Reading or writing failed. Look at the disk or the network, then run the same command again.",
    "disk": "The disk fails or takes no writes. Look at it first; then run the same command again.",
    "changed": "The file was written to while it was read. Run again when it is whole, or use --settle 5s.",
    "operation": "An operation raised an error. The message names it; -vv shows where.",
    "memory": "Not enough memory. Use fewer workers (-j), or more memory.",
    "timeout": "The file took longer than --timeout. Allow more, or look at what is special about it.",
    "crash": "The worker process died over this file. Others are not affected; keep the file and report it.",
    "internal": "A mistake of imgbatch, or of the executor it was given. Please report it with the message.",
}
