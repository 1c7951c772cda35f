"""A seat of a floating license or feature."""

from __future__ import annotations

import contextlib
import datetime
import json
from types import TracebackType
from typing import TYPE_CHECKING

from ._library import as_text, library
from .errors import NotActivated, Unavailable
from .state import read_time, write_time

if TYPE_CHECKING:
    from .client import LicenseClient


class Seat:
    """A seat of a floating license or feature. Its holder is heard of by `heartbeat`, more often than its `timeout`."""

    def __init__(self, client: LicenseClient, feature: str | None) -> None:
        self._client = client
        self._feature = as_text(feature)
        self._hold(library.csl_seat_take)

    @property
    def timeout(self) -> datetime.timedelta:
        """How long the seat is held after each word of its holder."""
        return self._timeout

    @property
    def borrowed_until(self) -> datetime.datetime | None:
        """Until when the seat is on loan to this machine, as the server has said last; None: it is not."""
        return self._borrowed_until

    def heartbeat(self) -> None:
        """Keeps the seat for another timeout. After `Unavailable` it is held until a timeout after the last call that did not fail; then
        another machine can have it."""
        self._hold(library.csl_seat_heartbeat)

    def borrow(self, until: datetime.datetime | None = None) -> datetime.datetime:
        """Keeps the seat while the machine is away: until a time, or for as long as the license allows. Gives the time that was granted.
        A seat on loan is not given back at the end of `with`, nor at that of a later one: only by `release`."""
        wish = as_text(write_time(until)) if until is not None else None
        granted = read_time(self._client._receive(library.csl_seat_borrow, self._feature, wish))
        self._borrowed_until = granted
        return granted

    def release(self) -> None:
        """Gives the seat back, borrowed or not."""
        self._client._call(library.csl_seat_release, self._feature)
        self._borrowed_until = None

    def __enter__(self) -> Seat:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # In a child of the process that took it, it is still the parent's.
        if self._borrowed_until is not None or not self._client._is_of_this_process:
            return
        # The work is done, and the seat is free after its timeout in any case: the server is asked once, for seconds only. Without a
        # license there is none to give back. Of an error in the work nothing may distract.
        nothing_lost = (Unavailable, NotActivated) if error is None else (Exception,)
        with contextlib.suppress(*nothing_lost):
            self._client._call(library.csl_seat_leave, self._feature)

    def _hold(self, function: object) -> None:
        """Takes the seat or keeps it: the server makes no difference."""
        told = json.loads(self._client._receive(function, self._feature))
        self._timeout = datetime.timedelta(seconds=told["timeout_seconds"])
        until = told["borrowed_until"]
        self._borrowed_until = read_time(until) if until is not None else None
