"""Which expected pictures are missing? ``python -m tests.golden`` makes them; look at them before you commit them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.golden.cases import CASES, REFERENCES, picture


def main() -> None:
    """Make what is missing, and say so."""
    REFERENCES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in CASES:
            target = REFERENCES / f"{name}.png"
            if not target.exists():
                shutil.copyfile(picture(name, Path(folder)), target)
                print(f"made {target}")


if __name__ == "__main__":
    main()
