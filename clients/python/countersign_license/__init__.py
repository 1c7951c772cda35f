"""The license client of Countersign: activates, checks, counts, shares seats, signs on, and works without a connection.

    from countersign_license import LicenseClient

    with LicenseClient(base_url=..., product=..., folder=..., answer_keys=[...], api_key=..., shared_key=...) as client:
        client.activate("AAAA-BBBB-CCCC-0001")
        if client.check_or_grace().is_usable:
            ...

Answers of the server are verified before they are read, and come as dictionaries with the members of the protocol. Calls block while they
talk to the server; any number of threads may use one client.
"""

from ._library import library as _library
from .client import LicenseClient
from .errors import (
    InvalidArgument,
    LibraryFault,
    LicenseError,
    NotActivated,
    NotOpen,
    NotTrusted,
    Refused,
    StorageFailed,
    Unavailable,
)
from .seat import Seat
from .sign_on import SignOn
from .state import PAYMENT_DUE, SERVER_AWAY, Standing, State

#: The version of the C library, which is that of the wheel.
__version__: str = _library.csl_version().decode()

__all__ = [
    "PAYMENT_DUE",
    "SERVER_AWAY",
    "InvalidArgument",
    "LibraryFault",
    "LicenseClient",
    "LicenseError",
    "NotActivated",
    "NotOpen",
    "NotTrusted",
    "Refused",
    "Seat",
    "SignOn",
    "Standing",
    "State",
    "StorageFailed",
    "Unavailable",
    "__version__",
]
