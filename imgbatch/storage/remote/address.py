"""Address: which bucket and which key does a URL mean, and what of it may be shown?

A key is spelled as the store has it: ``s3://photos/a%20b.jpg`` is an object whose name has a percent sign. Web
addresses are percent-encoded, as everywhere; what follows their ``?`` may be a signature and is shown nowhere.
"""

from __future__ import annotations

import errno
import urllib.parse

from imgbatch.core.errors import UsageError, wrong_value
from imgbatch.core.frozen_dataclass import frozen

MOST_KEY_BYTES = 1024  # S3 and Google; Azure takes 1,024 characters
MOST_NAME_BYTES = 255  # of one part, as on disks: what is copied to one must have room there


@frozen(slots=True)
class Address:
    """An object, or a folder of objects, in a bucket; `key` is without slashes at its ends, "" for the whole bucket."""

    scheme: str
    bucket: str
    key: str

    @property
    def url(self) -> str:
        """As paths are spelled everywhere in the house."""
        return f"{self.home}/{self.key}" if self.key else self.home

    @property
    def home(self) -> str:
        """The bucket's URL."""
        return f"{self.scheme}://{self.bucket}"


def parse(url: str) -> Address:
    """The address of a URL ``scheme://bucket/key``; OSError (EINVAL) where no object can have it."""
    scheme, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    key = key.rstrip("/")
    parts = key.split("/") if key else []
    if not bucket or any(part in ("", ".", "..") for part in parts) or not key.isprintable():
        raise OSError(errno.EINVAL, "object stores take no empty part, no . or .., no control character in a name", url)
    return Address(scheme, bucket, key)


def absolute(url: str) -> str:
    """A URL in the one spelling that is compared: without empty parts and ``.``.

    Raises
    ------
    UsageError
        There is no bucket, ``..`` leads somewhere else, or a key of access stands before the bucket.
    """
    scheme, _, rest = url.partition("://")
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise wrong_value(f"a URL such as {scheme}://bucket/photos", "SRC or -o", url)
    if "@" in parts[0] or ":" in parts[0]:  # no bucket's name has them; this may be a password, and is told to nobody
        raise UsageError(
            f"expected a bucket's name after {scheme}:// for SRC or -o, got one with : or @ (not shown here); "
            "credentials are taken from the environment, never from a URL"
        )
    return f"{scheme}://{'/'.join(parts)}"


def refuse_long_name(address: Address) -> None:
    """OSError (ENAMETOOLONG) for a key that cannot be written everywhere."""
    too_long = any(len(part.encode()) > MOST_NAME_BYTES for part in address.key.split("/"))
    if too_long or len(address.key.encode()) > MOST_KEY_BYTES:
        what = f"the name is longer than the {MOST_KEY_BYTES} bytes of a key or the {MOST_NAME_BYTES} of a part of it"
        raise OSError(errno.ENAMETOOLONG, what, address.url)


def web_name(url: str) -> str:
    """The name of what a web address means, as a file may have it: the last part of its path, decoded."""
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rstrip("/").rpartition("/")[2])
    name = "".join("_" if character == "/" or not character.isprintable() else character for character in name)
    return "index" if name in ("", ".", "..") else name


def without_secrets(url: str) -> str:
    """A web address without user, password, query and fragment; every other text as it is."""
    if not url.startswith(("http://", "https://")):
        return url
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
