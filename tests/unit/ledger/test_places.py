"""Are the places that a ledger names inside its folder, or not believed?"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from imgbatch.core.errors import PlanError
from imgbatch.ledger.database import FILE, open_to_write, read_rows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE written SET path=?",
        "UPDATE replaced SET path=?",
        "UPDATE replaced SET backup=?",
    ],
)
@pytest.mark.parametrize("place", [b"../../.bashrc", b"/etc/passwd", b"a/../../b", b"..", b"a\0b", "../x"])
def test_a_ledger_that_names_a_place_outside_is_set_aside(tmp_path: Path, statement: str, place: object) -> None:
    file = str(tmp_path / FILE)
    with contextlib.closing(open_to_write(file)) as connection, connection:
        connection.execute(
            "INSERT INTO written VALUES (x'61',x'62',0,1,1,'d','png',1,1,1,null,1,1,'','','',1,0,0,'',x'')"
        )
        connection.execute("INSERT INTO replaced VALUES (1,x'61','done','','',x'61',1,1,1,'png',1,1,1,null)")
    read_rows(file, mend=True)
    with contextlib.closing(open_to_write(file)) as connection, connection:
        connection.execute(statement, (place,))
    with pytest.raises(PlanError, match="cannot be read"):
        read_rows(file, mend=False)
    with pytest.raises(PlanError, match="was set aside as"):
        read_rows(file, mend=True)
    assert not os.path.exists(file)
