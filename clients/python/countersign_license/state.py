"""Whether a license holds."""

from __future__ import annotations

import datetime
import enum
from typing import NamedTuple


class Standing(enum.IntEnum):
    """What holds for the license now."""

    #: Until: the end of the license, if it has one.
    VALID = 0
    #: The license goes on for now. Until: how long. Reason: `SERVER_AWAY` or `PAYMENT_DUE`.
    GRACE = 1
    #: The server could not be asked for too long. Until: when that was over.
    GRACE_ENDED = 2
    #: The license is over. Until: its end.
    EXPIRED = 3
    #: Until: its first moment.
    NOT_STARTED = 4
    #: By the producer.
    DISABLED = 5
    #: It is not active on this machine any more.
    NOT_ACTIVE = 6
    #: The server has refused the last check for another reason. Reason: its code.
    TURNED_AWAY = 7
    #: No seat is held.
    NO_SEAT = 8
    #: The clock of this machine stands before a time that is known to have passed. Until: that time.
    CLOCK_SET_BACK = 9
    #: What was kept is of another machine.
    WRONG_MACHINE = 10
    #: What was kept was altered, or is signed by a key that is not trusted any more.
    ALTERED = 11
    #: There is no license on this machine.
    NEVER_ACTIVATED = 12


#: The reason of a grace: the server was not asked for a while, or could not be.
SERVER_AWAY = "server_away"
#: The reason of a grace: the license is past its end, and goes on for the days that a payment may be late.
PAYMENT_DUE = "payment_due"


class State(NamedTuple):
    """The standing, and the time and the reason that go with it, if there are some."""

    standing: Standing
    until: datetime.datetime | None
    reason: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the application may go on."""
        return self.standing in (Standing.VALID, Standing.GRACE)


def read_time(text: str) -> datetime.datetime:
    """A time as the library writes it (RFC 3339, UTC)."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def write_time(time: datetime.datetime) -> str:
    """A time as the library reads it. It must say its zone: the local one would be a guess."""
    if time.tzinfo is None:
        raise ValueError("the time has no zone; say datetime.timezone.utc, or the zone that is meant")
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
