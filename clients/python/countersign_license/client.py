"""A client for one product on one machine, and the seat that it may hold."""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import json
import os
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from ._library import library, owned, take
from .errors import BY_STATUS, LibraryFault, NotOpen
from .sign_on import SignOn
from .state import Standing, State, read_time, write_time


class LicenseClient:
    """Activates, checks and counts the license of a product, or the licenses of a bundle, on this machine.

    Requests are proved by `api_key` and `shared_key`, or by `client_id` and `client_secret`. `answer_keys` are the producer's public keys
    (PEM): they must come with the application. `folder` must exist; what is kept there is signed, and bound to this machine.
    Without `hardware_id` a fingerprint of the machine is used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        product: str,
        folder: str | os.PathLike[str],
        answer_keys: Sequence[str],
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_url: str | None = None,
        hardware_id: str | None = None,
        air_gap_key: str | None = None,
        confirmed: datetime.timedelta | None = None,
        grace: datetime.timedelta | None = None,
    ) -> None:
        self._handle: int | None = library.csl_new()
        self._calls = 0
        self._changed = threading.Condition()
        settings = {
            "base_url": base_url,
            "product": product,
            "folder": os.fspath(folder),
            "api_key": api_key,
            "shared_key": shared_key,
            "client_id": client_id,
            "client_secret": client_secret,
            "token_url": token_url,
            "hardware_id": hardware_id,
            "air_gap_key": air_gap_key,
            "confirmed_seconds": _seconds(confirmed),
            "grace_seconds": _seconds(grace),
        }
        pairs = [(name, value) for name, value in settings.items() if value is not None]
        try:
            for name, value in [*pairs, *(("answer_key", key) for key in answer_keys)]:
                self._call(library.csl_set, _text(name), _text(value))
            self._call(library.csl_open)
        except BaseException:
            self.close()
            raise

    def activate(self, key: str) -> dict[str, Any]:
        """Activates the license with a key on this machine."""
        return self._ask(library.csl_activate_key, _text(key))

    def activate_user(self, user: str, password: str) -> dict[str, Any]:
        """Activates a license of a license user on this machine."""
        return self._ask(library.csl_activate_user, _text(user), _text(password))

    def sign_on_url(self, account: str, answer: SignOn, redirect_uri: str | None = None) -> str:
        """Where people of a customer account are to be sent to log in. What comes back with them to `redirect_uri` (left out: where the producer
        has laid down) activates."""
        return self._receive(library.csl_sign_on_url, _text(account), int(answer), _text(redirect_uri))

    def activate_id_token(self, account: str, id_token: str) -> dict[str, Any]:
        """Activates a license for a person who came back with an ID token."""
        return self._ask(library.csl_activate_id_token, _text(account), _text(id_token))

    def activate_code(self, account: str, code: str, redirect_uri: str | None = None) -> dict[str, Any]:
        """Activates a license for a person who came back with a code, to the same `redirect_uri` as they were sent off with."""
        return self._ask(library.csl_activate_code, _text(account), _text(code), _text(redirect_uri))

    def check(self) -> dict[str, Any]:
        """Asks the server about the license. A floating license gets or keeps its seat by this."""
        return self._ask(library.csl_check)

    def check_feature(self, feature: str) -> dict[str, Any]:
        """Asks the server about a feature of the license. A floating feature gets or keeps its seat by this."""
        return self._ask(library.csl_check_feature, _text(feature))

    def state(self) -> State:
        """Whether the license holds by what was kept, without asking the server."""
        return self._standing(library.csl_state)

    def check_or_grace(self) -> State:
        """Asks the server if it can be asked, and says then whether the license holds: for the start, and every now and then."""
        return self._standing(library.csl_check_or_grace)

    def consume(self, units: int = 1, feature: str | None = None, once: str | None = None) -> dict[str, Any]:
        """Counts units of the license, or of a feature of it; negative numbers give units back. A count whose outcome is not known is repeated
        with the same text `once` (1 to 255 visible ASCII characters), and is counted once."""
        if not -(2**63) <= units < 2**63:
            raise ValueError("the number of units is too large")
        return self._ask(library.csl_consume, _text(feature), units, _text(once))

    def seat(self, feature: str | None = None) -> Seat:
        """Takes a seat of a floating license, or of a floating feature. Use it with `with`: it is given back at the end. `Refused` without a
        code means that what the seat is of has ended, so there is none to hold."""
        self._call(library.csl_seat_take, _text(feature))
        return Seat(self, feature)

    def offline_request(self, key: str) -> str:
        """The text of a file that is carried to the server, to activate the license with a key without a connection."""
        return self._receive(library.csl_offline_request, _text(key))

    def offline_activate(self, response: str) -> dict[str, Any]:
        """Reads the text of the response that was carried back."""
        return self._ask(library.csl_offline_activate, _text(response))

    def offline_refresh(self, refresh: str) -> dict[str, Any]:
        """Reads the text of a later file about the same license."""
        return self._ask(library.csl_offline_refresh, _text(refresh))

    def offline_deactivate(self) -> str:
        """Gives the license back: the text of a file that is carried to the server. The license is not active here from then on, and the
        text is all that is left of it: write it down."""
        return self._receive(library.csl_offline_deactivate)

    def activate_bundle(self, key: str) -> list[dict[str, Any]]:
        """Activates all licenses of the bundle with a key on this machine, or none."""
        return self._ask_all(library.csl_bundle_activate_key, _text(key))

    def activate_bundle_user(self, user: str, password: str) -> list[dict[str, Any]]:
        """Activates all licenses of the bundle that a license user has, or none."""
        return self._ask_all(library.csl_bundle_activate_user, _text(user), _text(password))

    def check_bundle(self) -> list[dict[str, Any]]:
        """Asks the server about all licenses of the bundle. `state` and `check_or_grace` are about all of them together."""
        return self._ask_all(library.csl_bundle_check)

    def offline_activate_bundle(self, response: str) -> list[dict[str, Any]]:
        """Reads the text of the response to an `offline_request` that was carried to the server as one about a bundle. `offline_deactivate`
        gives all licenses back; its file is carried in the same way."""
        return self._ask_all(library.csl_bundle_offline_activate, _text(response))

    def deactivate_bundle(self) -> None:
        """Gives all licenses of the bundle back."""
        self._call(library.csl_bundle_deactivate)

    def air_gap_code(self, key: str, initialization: str) -> str:
        """Answers the producer's initialization code for a license key with the code of this machine, for people to type."""
        return self._receive(library.csl_air_gap_code, _text(key), _text(initialization))

    def air_gap_activate(self, key: str, confirmation: str, policy: str) -> dict[str, Any]:
        """Activates with the producer's confirmation code and the text of the policy file that comes with the software."""
        return self._ask(library.csl_air_gap_activate, _text(key), _text(confirmation), _text(policy))

    def air_gap_deactivate(self, initialization: str) -> str:
        """Gives the license back: the code that answers a fresh initialization code. The license is not active here from then on, and the
        code is all that is left of it."""
        return self._receive(library.csl_air_gap_deactivate, _text(initialization))

    def deactivate(self) -> None:
        """Gives the license back."""
        self._call(library.csl_deactivate)

    def close(self) -> None:
        """Frees what the client holds, once the calls of other threads have ended. It cannot be used any more."""
        with self._changed:
            handle, self._handle = self._handle, None
            while self._calls:
                self._changed.wait()
        if handle is not None:
            library.csl_free(handle)

    def __enter__(self) -> LicenseClient:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Not there when the library could not make a handle.
        if getattr(self, "_changed", None) is not None:
            self.close()

    def _call(self, function: Any, *arguments: Any) -> None:
        """Calls a function of the library, and raises what its status says."""
        with self._used() as handle:
            status = function(handle, *arguments)
            if status:
                # Kept for each thread, so that this is about our call.
                message, code = take(library.csl_message(handle)), take(library.csl_code(handle))
                raise BY_STATUS.get(status, LibraryFault)(message or f"status {status}", code)

    def _ask(self, function: Any, *arguments: Any) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._receive(function, *arguments))
        return document

    def _ask_all(self, function: Any, *arguments: Any) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = json.loads(self._receive(function, *arguments))
        return documents

    def _receive(self, function: Any, *arguments: Any) -> str:
        """Calls a function whose last argument is the place for a text."""
        answer = owned()
        self._call(function, *arguments, ctypes.byref(answer))
        return take(answer.value) or ""

    def _standing(self, function: Any) -> State:
        standing, until = ctypes.c_int32(), owned()
        self._call(function, ctypes.byref(standing), ctypes.byref(until))
        time = take(until.value)
        return State(Standing(standing.value), read_time(time) if time else None)

    @contextlib.contextmanager
    def _used(self) -> Iterator[int]:
        """The handle, which is not freed before the end."""
        with self._changed:
            if self._handle is None:
                raise NotOpen("the client was closed")
            handle, self._calls = self._handle, self._calls + 1
        try:
            yield handle
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()


class Seat:
    """A seat of a floating license or feature. Its holder is heard of by `heartbeat`, more often than the license's timeout."""

    def __init__(self, client: LicenseClient, feature: str | None) -> None:
        self._client = client
        self._feature = _text(feature)
        self._borrowed = False

    def heartbeat(self) -> None:
        """Keeps the seat for another timeout. After `Unavailable` it is held until a timeout after the last call that did not fail; then
        another machine can have it."""
        self._client._call(library.csl_seat_heartbeat, self._feature)

    def borrow(self, until: datetime.datetime | None = None) -> datetime.datetime:
        """Keeps the seat while the machine is away: until a time, or for as long as the license allows. Gives the time that was granted.
        A borrowed seat is not given back at the end of `with`."""
        wish = _text(write_time(until)) if until is not None else None
        granted = self._client._receive(library.csl_seat_borrow, self._feature, wish)
        self._borrowed = True
        return read_time(granted)

    def release(self) -> None:
        """Gives the seat back, borrowed or not."""
        self._client._call(library.csl_seat_release, self._feature)
        self._borrowed = False

    def __enter__(self) -> Seat:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._borrowed:
            return
        if error is None:
            self.release()
        else:
            # What went wrong first is more important; the seat is free after the license's timeout in any case.
            with contextlib.suppress(Exception):
                self.release()


def _text(value: str | None) -> bytes | None:
    if value is None:
        return None
    if "\0" in value:
        raise ValueError("a text has a NUL")
    return value.encode()


def _seconds(span: datetime.timedelta | None) -> str | None:
    return None if span is None else str(int(span.total_seconds()))
