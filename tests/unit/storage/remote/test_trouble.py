"""Is an error of a store worded without its secrets, and does it end what it must end?"""

from __future__ import annotations

import errno

import pytest

from imgbatch.core.errors import DISK_ERRNOS, UsageError
from imgbatch.storage.registry import absolute, is_remote, without_secrets
from imgbatch.storage.remote.address import Address, parse
from imgbatch.storage.remote.object_status import etag_number, object_status
from imgbatch.storage.remote.trouble import is_passing, os_error

ADDRESS = Address("s3", "photos", "in/a.jpg")
URL = "https://AKIA:pass@s3.example.org/photos/a.jpg?X-Amz-Signature=5ecre7&X-Amz-Credential=AKIA"


def error(kind: str, text: str) -> Exception:
    """An error as obstore raises it."""
    made: Exception = type(kind, (Exception,), {})(text)
    return made


def answer(status: int, code: str) -> str:
    """The text of an answer that is no success."""
    body = f"<Error><Code>{code}</Code><Message>{URL}</Message></Error>"
    return f"Generic S3 error: Error performing PUT {URL} in 3ms - status code: {status} Oh: {body}"


@pytest.mark.parametrize(
    ("raised", "number", "words"),
    [
        (error("GenericError", answer(404, "NoSuchBucket")), errno.ENXIO, "there is no bucket s3://photos"),
        (FileNotFoundError(answer(404, "NoSuchKey")), errno.ENOENT, "no such object"),
        (error("AlreadyExistsError", answer(412, "PreconditionFailed")), errno.EEXIST, "has that name"),
        (error("PreconditionError", answer(412, "PreconditionFailed")), errno.EEXIST, "somebody else changed it"),
        (error("GenericError", answer(416, "InvalidRange")), errno.EEXIST, "somebody else changed it"),
        (error("PermissionDeniedError", answer(403, "AccessDenied")), errno.EACCES, "access denied (AccessDenied)"),
        (error("PermissionDeniedError", answer(403, "RequestTimeTooSkewed")), errno.EACCES, "machine's clock"),
        (error("UnauthenticatedError", answer(401, "ExpiredToken")), errno.EACCES, "does not accept the credentials"),
        (error("GenericError", "Error performing PUT http://169.254.169.254/x"), errno.EACCES, "no credentials"),
        (error("GenericError", answer(503, "SlowDown") + ", after 8 retries"), errno.EIO, "too busy or broken"),
        (error("GenericError", f"Error performing GET {URL} in 1s"), errno.EIO, "at s3.example.org cannot be reached"),
        (error("InvalidPathError", "a//b"), errno.EINVAL, "empty part"),
        (error("GenericError", answer(301, "PermanentRedirect")), errno.ENXIO, "set AWS_REGION"),
        (error("GenericError", answer(400, "EntityTooLarge")), errno.EFBIG, "one request (EntityTooLarge)"),
        (error("GenericError", answer(400, "KeyTooLongError")), errno.ENAMETOOLONG, "takes no such name"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_trouble_has_its_sentence(raised: Exception, number: int, words: str) -> None:
    meaning = os_error(raised, ADDRESS)
    assert meaning.errno == number and words in str(meaning.strerror) and "\n" not in str(meaning.strerror)
    assert not any(secret in str(meaning) for secret in ("5ecre7", "AKIA:", "pass@", "Signature"))
    if number == errno.EACCES:  # the next object would be refused, too
        assert os_error(raised, ADDRESS, writing=True).errno in DISK_ERRNOS


def test_only_what_passes_is_tried_again() -> None:
    assert is_passing(error("GenericError", answer(503, "SlowDown"))) and is_passing(ConnectionError())
    assert is_passing(error("GenericError", f"Error performing PUT {URL} in 3ms - HTTP error"))
    for text in (answer(400, "Bad"), f"Error performing GET {URL} in 9s, after 8 retries", "http://169.254.169.254"):
        assert not is_passing(error("GenericError", text))
    assert not is_passing(error("PermissionDeniedError", answer(403, "AccessDenied")))


def test_urls_have_one_spelling() -> None:
    assert absolute("s3://photos//in/./a.jpg") == "s3://photos/in/a.jpg" and absolute("gs://b/") == "gs://b"
    assert parse("s3://photos/in/") == Address("s3", "photos", "in") and parse("az://b") == Address("az", "b", "")
    assert [is_remote(path) for path in ("s3://a", "a/s3://b", "ftp://a", "/s3:/a", "http://a")] == [
        True, False, False, False, True,
    ]  # fmt: skip
    for url in ("s3://", "s3://photos/../x"):
        with pytest.raises(UsageError):
            absolute(url)
    for url in ("s3://b/a//c", "s3://b/../c", "s3://b/a\nc", "s3://b/a\0"):
        with pytest.raises(OSError):
            parse(url)
    assert without_secrets(URL) == "https://s3.example.org/photos/a.jpg" and without_secrets("a?b") == "a?b"


def test_an_etag_is_in_the_identity_and_in_the_time() -> None:
    import datetime

    noon = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
    one, other = object_status(9, '"a"', noon), object_status(9, '"b"', noon)
    assert one.st_ino != other.st_ino and one.st_mtime_ns != other.st_mtime_ns
    assert one.st_mtime == other.st_mtime == noon.timestamp() == one.st_mtime_ns // 10**9
    assert object_status(9, '"a"').st_ino == one.st_ino < 2**63
    assert etag_number("0x8D") == etag_number('"0x8D"'), "a listing of Azure has no quotes"
    assert etag_number(None) != etag_number(None), "nothing is like what has no ETag"
