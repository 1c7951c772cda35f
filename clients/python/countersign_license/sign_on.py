"""What comes back when people have logged in."""

from __future__ import annotations

import enum


class SignOn(enum.IntEnum):
    """What an application is given for its activation, as `LicenseClient.sign_on_url` asks for it."""

    #: An ID token.
    ID_TOKEN = 0
    #: A code.
    CODE = 1
