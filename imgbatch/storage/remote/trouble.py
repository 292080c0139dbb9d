"""Trouble: what does an object store's error mean, in one sentence without secrets?

The texts of obstore hold URLs, and these may hold signatures. So no word of them is passed on: what is said is made of
the HTTP status, the store's error code and the host. The errno says what follows, as with disks: what ends a disk
(EIO, ENXIO, EROFS) ends a run that writes there, and the next run goes on.
"""

from __future__ import annotations

import errno
import re

from imgbatch.core.errors import one_line
from imgbatch.storage.remote.address import Address

_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_HOST = re.compile(r"Error performing \w+ https?://(?:[^/\s@]*@)?([A-Za-z0-9.:\-\[\]]+)")
_RETRIES = re.compile(r"after \d+ retries")
_METADATA_HOSTS = ("169.254.", "metadata.google", "fd00:ec2")  # asked for credentials where the environment has none
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SKIP_SIGNATURE=true for a public bucket)",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
_BAD_CREDENTIALS = (
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed",
    "TokenRefreshRequired", "InvalidClientTokenId", "AuthorizationHeaderMalformed",
)  # fmt: skip
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
_TOO_LARGE = ("EntityTooLarge", "RequestBodyTooLarge", "MaxMessageLengthExceeded")
_TOO_LONG = ("KeyTooLongError", "InvalidUri", "InvalidResourceName")


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed: the connection was cut, and the client has not tried again itself."""
    text = str(error)
    status = _STATUS.search(text)
    if isinstance(error, ConnectionError):
        return True
    is_ours = type(error).__name__ == "GenericError" and not _RETRIES.search(text) and not _is_without_keys(text)
    return is_ours and (status is None or status[1] == "429" or status[1] >= "500")


def is_panic(error: BaseException) -> bool:
    """Whether obstore has lost its head, which is no Exception: its library does so over an endpoint that is no URL."""
    return type(error).__name__ == "PanicException"


def os_error(error: BaseException, address: Address, writing: bool = False) -> OSError:
    """What an error of obstore means.

    Parameters
    ----------
    error : exception
        Of the package, or a built-in one that it raises.
    address : Address
        What was asked for.
    writing : bool
        Whether something was to be written: what refuses one object will refuse the next.

    Returns
    -------
    OSError
        FileNotFoundError, FileExistsError, PermissionError or another one, with one sentence and the URL.
    """
    number, sentence = _meaning(error, address)
    if writing and number == errno.EACCES:
        number = errno.EROFS
    return OSError(number, one_line(sentence), address.url)


def _meaning(error: BaseException, address: Address) -> tuple[int, str]:
    kind, text = type(error).__name__, str(error)
    code = match[1] if (match := _CODE.search(text)) else ""
    status = match[1] if (match := _STATUS.search(text)) else ""
    keys = _KEYS.get(address.scheme, "the credentials")
    if kind == "AlreadyExistsError":
        return errno.EEXIST, "an object has that name"
    # 416: the rest of what was begun to be read (obstore asks without If-Match), and a shorter object is there by now
    is_changed = kind == "PreconditionError" or isinstance(error, FileExistsError)
    if is_changed or code == "ConditionalRequestConflict" or status == "416":
        return errno.EEXIST, "somebody else changed it meanwhile"
    if code in _NO_BUCKET or (status == "404" and "bucket does not exist" in text):
        return errno.ENXIO, f"there is no bucket {address.home}; make it, or see to its name and to the endpoint"
    if isinstance(error, FileNotFoundError) or kind == "NotFoundError":
        return errno.ENOENT, "there is no such object"
    if code in _CLOCK:
        return errno.EACCES, "the store refuses this machine's clock, which is too far from its own; set the clock"
    if _is_without_keys(text):
        return errno.EACCES, f"no credentials are in the environment; set {keys}"
    if code in _BAD_CREDENTIALS or kind == "UnauthenticatedError" or status == "401":
        return errno.EACCES, f"the store does not accept the credentials{_brackets(code)}; see to {keys}"
    if kind == "PermissionDeniedError" or status == "403":
        return errno.EACCES, f"access denied{_brackets(code)}: the credentials of the environment do not allow it"
    if is_panic(error):
        what = f"the endpoint in the environment and the bucket {address.home} make no URL"
        return errno.ENXIO, f"{what}; see to AWS_ENDPOINT_URL (such as http://127.0.0.1:9000) and to the bucket's name"
    if code in _TOO_LARGE or status == "413":
        return errno.EFBIG, f"the store takes no object of that size in one request{_brackets(code)}; S3 takes 5 GB"
    if code in _TOO_LONG:
        return errno.ENAMETOOLONG, f"the store takes no such name ({code})"
    if isinstance(error, ValueError) or kind == "InvalidPathError":
        return errno.EINVAL, "there is a key with an empty part, with . or .. or a control character, which is not read"
    if status in ("301", "307") or code in ("PermanentRedirect", "IllegalLocationConstraintException"):
        return errno.ENXIO, f"{address.home} lies in another region; set AWS_REGION"
    if status == "429" or status >= "500":
        return errno.EIO, f"the store was too busy or broken, however often it was asked ({code or status}); run again"
    if status or code:
        return errno.EIO, f"the store refused the request ({code or status})"
    host = match[1] if (match := _HOST.search(text)) else address.bucket
    return errno.EIO, f"the store at {host} cannot be reached, or cuts connections; see to it, and run again"


def _is_without_keys(text: str) -> bool:
    return any(host in text for host in _METADATA_HOSTS) or "Account must be specified" in text


def _brackets(code: str) -> str:
    return f" ({code})" if code else ""
