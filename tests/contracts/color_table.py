"""Table: how far are the colors from the truth, for every way in which a file tells them?

CIEDE2000 of 343 colors in each color space that a way can tell, converted by ``--icc srgb``: from the definitions of
the space (delta_e.py), and from Little CMS with the profile that is written without conversion.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.contracts.test_color_descriptions import WAYS, WAYS_AND_SPACES, differences
from tests.delta_e import HDR_CURVES


def _worst(found: list[np.ndarray]) -> str:
    return f"{np.max(found):6.2f} {np.mean(found):6.2f}" if found else f"{'-':>6} {'-':>6}"


def main() -> int:
    """Print the table; 1 where a difference is not less than 1."""
    print(
        f"{'':32}{'from definitions':>16} {'from Little CMS':>16}\n{'way in':30} spaces    max   mean      max   mean"
    )
    most = 0.0
    for way in WAYS:
        for kind in ("", ", HDR"):
            spaces = [one for one in WAYS_AND_SPACES if one[0] == way and (one[2] in HDR_CURVES) == bool(kind)]
            pairs = []
            for space in spaces:
                with tempfile.TemporaryDirectory(prefix="colors-") as folder:
                    pairs.append(differences(Path(folder), *space))
            if pairs:
                columns = [one for one, _ in pairs], [two for _, two in pairs if two is not None]
                most = max(most, *(float(np.max(found)) for found in columns if found))
                print(f"{way + kind:30} {len(pairs):6} {_worst(columns[0])}   {_worst(columns[1])}", flush=True)
    return int(most >= 1)


if __name__ == "__main__":
    sys.exit(main())
