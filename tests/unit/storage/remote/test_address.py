"""What does a URL mean, and what of it is told?"""

from __future__ import annotations

import pytest

from imgbatch.core.errors import UsageError
from imgbatch.storage.remote.address import absolute, parse


@pytest.mark.parametrize("url", ["s3://KEY:secret@photos/a.jpg", "s3://KEY:sec/ret@photos", "az://user@photos"])
def test_credentials_in_a_url_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="credentials are taken from the environment") as refusal:
        absolute(url)
    assert not any(word in str(refusal.value) for word in ("KEY", "sec", "user", "photos"))


def test_keys_may_have_signs_that_buckets_have_not() -> None:
    url = "s3://photos/2024@sea/10:30.jpg"
    assert absolute(url) == url
    assert parse(url).key == "2024@sea/10:30.jpg"
