"""Stripping: which metadata go, and what is written of the rest?

``strip`` and ``keep`` are words; what they do to an output's metadata is in privacy/strip_rules.py, which is loaded
where one of them is there.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from imgbatch.codecs.metadata import exif_tags, xmp

if TYPE_CHECKING:
    from imgbatch.codecs.metadata.block import Metadata
    from imgbatch.codecs.metadata.privacy.strip_rules import StripRules


@functools.lru_cache(maxsize=16)
def strip_rules(strip: str | None, keep: str | None) -> StripRules | None:
    """The rules of an output; None: nothing is stripped."""
    if strip is None and keep is None:
        return None
    from imgbatch.codecs.metadata.privacy.strip_rules import rules_of

    return rules_of(strip, keep)


def icc_policy(icc: str, strip: str | None, keep: str | None) -> str:
    """What becomes of the profile (keep, srgb, none): what ``icc`` says, unless ``strip`` takes it out.

    Parameters
    ----------
    icc : "keep", "srgb" or "none"
    strip, keep : str or None
        Words as :func:`words.canonical_words` gives them.
    """
    rules = strip_rules(strip, keep)
    return "none" if rules is not None and rules.block("icc") else icc


def strip_metadata(metadata: Metadata, strip: str | None, keep: str | None, changes: list[str]) -> Metadata:
    """`metadata` without what is to go.

    Parameters
    ----------
    metadata : Metadata
        Not changed.
    strip, keep : str or None
        Words as :func:`words.canonical_words` gives them.
    changes : list of str
        Gets a sentence about what is removed.
    """
    rules = strip_rules(strip, keep)
    if rules is None:
        return metadata
    from imgbatch.codecs.metadata.privacy.strip_rules import without

    return without(metadata, rules, changes)


def metadata_to_write(
    metadata: Metadata, strip: str | None, keep: str | None, icc: str, size: tuple[int, int], changes: list[str]
) -> Metadata:
    """What is written beside a picture of `size`: `metadata` without what is to go, and with true numbers.

    Parameters
    ----------
    metadata, strip, keep, changes
        As for :func:`strip_metadata`.
    icc : str
        ``keep``, ``srgb`` or ``none``: whether the color space that EXIF names becomes sRGB.
    size : (int, int)
        (width, height) in px.
    """
    changes += dict.fromkeys(f"{name} not kept" for name, _ in metadata.others)
    if metadata.others:
        metadata = replace(metadata, others=())
    result = strip_metadata(metadata, strip, keep, changes)
    if not result.exif and not result.xmp:
        return result
    if metadata.journey is not None:
        from imgbatch.codecs.metadata.regions.follow import follow  # not where a command starts

        result = follow(result, metadata.journey.resize_to(size), changes)
    result = replace(result)
    becomes_srgb = icc_policy(icc, strip, keep) != "keep" and metadata.icc is not None
    if result.exif:
        result.exif = exif_tags.with_size(result.exif, size)
        result.exif = exif_tags.with_srgb(result.exif) if becomes_srgb else result.exif
    if result.xmp:
        packet = xmp.with_size(result.xmp, size)
        result.xmp = xmp.with_srgb(packet) if becomes_srgb else packet
    return result
