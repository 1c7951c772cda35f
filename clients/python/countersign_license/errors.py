"""Why a call failed: one class for each status of the C library."""

from __future__ import annotations


class LicenseError(Exception):
    """A call failed. `code` is the server's own word for it, when the server has refused; the text is for people."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class InvalidArgument(LicenseError, ValueError):
    """An argument cannot be what it should."""


class NotOpen(LicenseError):
    """The client was closed, or is of the process that this one was forked from."""


class Refused(LicenseError):
    """The server has refused; `code` says why, such as `license_not_found`. Without a code, it has answered but gave no seat."""


class Unavailable(LicenseError):
    """The server could not be asked, or had a fault: worth another try later."""


class NotTrusted(LicenseError):
    """An answer, a file or what was kept is not signed by the producer, or not for this machine."""


class NotActivated(LicenseError):
    """There is no license on this machine that the call could be about."""


class StorageFailed(LicenseError):
    """A file cannot be read or written."""


class LibraryFault(LicenseError):
    """A fault of the library."""


#: The class for each status; statuses of later versions are faults to this one.
BY_STATUS: dict[int, type[LicenseError]] = {
    1: InvalidArgument,
    2: NotOpen,
    3: Refused,
    4: Unavailable,
    5: NotTrusted,
    6: NotActivated,
    7: StorageFailed,
    8: LibraryFault,
}
