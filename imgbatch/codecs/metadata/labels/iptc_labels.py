"""IPTC labels: how do texts get among the records of IIM, in a coding that readers know?

Texts are UTF-8, which the record 1:90 says (``ESC % G``; IIM 4.2, 1:90); texts of before in another coding are brought
there with it, else they would be read wrong. IIM says how many bytes a text may have; what is longer is cut between
two letters, as exiftool and Adobe's programs do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from imgbatch.codecs.metadata import iptc
from imgbatch.codecs.metadata.labels.label_words import Labels

#: A record as iptc.items has it.
Row = tuple[int, int, int, bytes]

_UTF8 = b"\x1b%G"
_CODING = 90  # of record 1
#: The dataset of record 2 that a word is in, and the bytes that it holds (IIM 4.2, chapter 6).
DATASETS = {"title": (5, 64), "keywords": (25, 64), "artist": (80, 32), "copyright": (116, 128),
            "description": (120, 2000)}  # fmt: skip


def cut(text: str, most: int) -> bytes:
    """The beginning of a text that has at most `most` bytes as UTF-8, whole letters."""
    return text.encode()[:most].decode("utf-8", "ignore").rstrip().encode()


def values_of(labels: Labels, changes: list[str]) -> dict[int, list[bytes]]:
    """The values of each dataset that labels mean; `changes` gets which are cut."""
    values: dict[int, list[bytes]] = {}
    for word, text in labels:
        dataset, most = DATASETS[word]
        texts = (text,) if isinstance(text, str) else text
        values[dataset] = list(dict.fromkeys(cut(one, most) for one in texts if one))
        if any(len(one.encode()) > most for one in texts):
            changes.append(f"{word} cut to {most} bytes in iptc, which holds no more")
    return values


def has_other(records: bytes, labels: Labels) -> bool:
    """Whether records hold texts of these labels that are others."""
    values = values_of(labels, [])
    texts = _texts(list(iptc.items(records)), values)
    return any(texts[dataset] and texts[dataset] != values[dataset] for dataset in values)


def with_labels(records: bytes | None, labels: Labels, changes: list[str]) -> bytes | None:
    """Records with the texts of `labels`; the same where they have them, None where none are left.

    Parameters
    ----------
    records : bytes or None
    labels : Labels
    changes : list of str
        Gets which texts are cut.
    """
    rows, values = list(iptc.items(records or b"")), values_of(labels, changes)
    is_told = _is_utf8(rows) or all(text.isascii() for texts in values.values() for text in texts)
    return records if is_told and _texts(rows, values) == values else _with_values(rows, values)


def _texts(rows: Sequence[Row], datasets: Collection[int]) -> dict[int, list[bytes]]:
    """What each of these datasets holds."""
    texts: dict[int, list[bytes]] = {dataset: [] for dataset in datasets}
    for record, dataset, head, raw in rows:
        if record == 2 and dataset in texts:
            texts[dataset].append(raw[head:])
    return texts


def _is_utf8(rows: Sequence[Row]) -> bool:
    return any(row[:2] == (1, _CODING) and _UTF8 in row[3] for row in rows)


def _with_values(rows: Sequence[Row], values: Mapping[int, Sequence[bytes]]) -> bytes | None:
    is_utf8 = _is_utf8(rows)
    first = [raw for record, dataset, _, raw in rows if record < 2 and (record, dataset) != (1, _CODING)]
    version, second = _row(2, 0, b"\0\4"), []
    for record, dataset, head, raw in rows:
        if (record, dataset) == (2, 0):
            version = raw
        elif record == 2 and dataset not in values:
            second.append(raw if is_utf8 or dataset not in iptc.NAMES else _in_utf8(dataset, raw, head))
    second += [_row(2, dataset, text) for dataset in sorted(values) for text in values[dataset]]
    others = [raw for record, _, _, raw in rows if record > 2]
    if not second and not others:
        return None
    return b"".join([_row(1, _CODING, _UTF8), *first, version, *second, *others])


def _in_utf8(dataset: int, raw: bytes, head: int) -> bytes:
    """A record whose text is UTF-8; without a mark it was Windows' Latin, unless it is UTF-8 all the same."""
    text = raw[head:]
    try:
        text.decode()
    except UnicodeDecodeError:
        latin = text.decode("cp1252", "replace") if b"\x81" not in text else text.decode("latin-1")
        return _row(2, dataset, latin.encode())
    return raw


def _row(record: int, dataset: int, value: bytes) -> bytes:
    length = len(value).to_bytes(2, "big") if len(value) < 0x8000 else b"\x80\x04" + len(value).to_bytes(4, "big")
    return bytes((0x1C, record, dataset)) + length + value
