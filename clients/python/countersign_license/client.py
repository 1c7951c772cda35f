"""A client for one product on one machine."""

from __future__ import annotations

import ctypes
import datetime
import json
import os
from collections.abc import Sequence
from typing import Any

from ._handle import Handle
from ._library import as_text, library, owned, take
from .errors import BY_STATUS, LibraryFault
from .seat import Seat
from .sign_on import SignOn
from .state import Standing, State, read_time


class LicenseClient:
    """Activates, checks and counts the license of a product, or the licenses of a bundle, on this machine.

    Requests are proved by `api_key` and `shared_key`, or by `client_id` and `client_secret`. `answer_keys` are the producer's public keys
    (PEM; one text is one key): they must come with the application. `folder` must exist; what is kept there is signed, and bound to this
    machine. Without `hardware_id` a fingerprint of the machine is used.

    What the producer is told of the machine goes out with activations: `is_vm` says whether it is a virtual one, if the application knows
    that; licenses may refuse those, and what is not told is no virtual machine to them.

    `timeout` is for one attempt to ask the server, and `attempts` says how many of them a call makes at most. Spans are whole seconds,
    rounded up.

    A client is of the process that made it. In a child after `os.fork` its calls raise `NotOpen`, and to close it there does nothing.
    """

    def __init__(
        self,
        *,
        base_url: str,
        product: str,
        folder: str | os.PathLike[str],
        answer_keys: str | Sequence[str],
        api_key: str | None = None,
        shared_key: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_url: str | None = None,
        hardware_id: str | None = None,
        air_gap_key: str | None = None,
        confirmed: datetime.timedelta | None = None,
        grace: datetime.timedelta | None = None,
        timeout: datetime.timedelta | None = None,
        attempts: int | None = None,
        is_vm: bool | None = None,
        vm_info: str | None = None,
        app_version: str | None = None,
        os_version: str | None = None,
        hostname: str | None = None,
        ip: str | None = None,
        mac_address: str | None = None,
    ) -> None:
        self._handle = Handle()
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
            "timeout_seconds": _seconds(timeout),
            "attempts": None if attempts is None else str(attempts),
            "is_vm": None if is_vm is None else "true" if is_vm else "false",
            "vm_info": vm_info,
            "app_version": app_version,
            "os_version": os_version,
            "hostname": hostname,
            "ip": ip,
            "mac_address": mac_address,
        }
        pairs = [(name, value) for name, value in settings.items() if value is not None]
        # A text is a sequence of its letters, too.
        keys = [answer_keys] if isinstance(answer_keys, str) else answer_keys
        try:
            for name, value in [*pairs, *(("answer_key", key) for key in keys)]:
                self._call(library.csl_set, as_text(name), as_text(value))
            self._call(library.csl_open)
        except BaseException:
            self.close()
            raise

    def activate(self, key: str) -> dict[str, Any]:
        """Activates the license with a key on this machine."""
        return self._ask(library.csl_activate_key, as_text(key))

    def activate_user(self, user: str, password: str) -> dict[str, Any]:
        """Activates a license of a license user on this machine."""
        return self._ask(library.csl_activate_user, as_text(user), as_text(password))

    def sign_on_url(self, account: str, answer: SignOn, redirect_uri: str | None = None) -> str:
        """Where people of a customer account are to be sent to log in. What comes back with them to `redirect_uri` (left out: where the producer
        has laid down) activates."""
        return self._receive(library.csl_sign_on_url, as_text(account), int(answer), as_text(redirect_uri))

    def activate_id_token(self, account: str, id_token: str) -> dict[str, Any]:
        """Activates a license for a person who came back with an ID token."""
        return self._ask(library.csl_activate_id_token, as_text(account), as_text(id_token))

    def activate_code(self, account: str, code: str, redirect_uri: str | None = None) -> dict[str, Any]:
        """Activates a license for a person who came back with a code, to the same `redirect_uri` as they were sent off with."""
        return self._ask(library.csl_activate_code, as_text(account), as_text(code), as_text(redirect_uri))

    def check(self) -> dict[str, Any]:
        """Asks the server about the license. A floating license gets or keeps its seat by this."""
        return self._ask(library.csl_check)

    def check_feature(self, feature: str) -> dict[str, Any]:
        """Asks the server about a feature of the license. A floating feature gets or keeps its seat by this."""
        return self._ask(library.csl_check_feature, as_text(feature))

    def license(self) -> dict[str, Any]:
        """The license as the server has signed it last, without asking the server: its features and what the producer has written beside it.
        It may be over; `state` says that. `NotActivated` when there is none."""
        return self._ask(library.csl_license)

    def hardware_id(self) -> str:
        """What names this machine to the server."""
        return self._receive(library.csl_hardware_id)

    def change_password(self, user: str, password: str, new_password: str) -> None:
        """Changes the password of a license user. After `Unavailable` nobody knows whether it was changed."""
        self._call(library.csl_change_password, as_text(user), as_text(password), as_text(new_password))

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
        return self._ask(library.csl_consume, as_text(feature), units, as_text(once))

    def seat(self, feature: str | None = None) -> Seat:
        """Takes a seat of a floating license, or of a floating feature, or keeps the one that this machine has. Use it with `with`: it is
        given back at the end, unless it is on loan (`Seat.borrow`). `Refused` without a code means that what the seat is of has ended, so
        there is none to hold."""
        return Seat(self, feature)

    def offline_request(self, key: str) -> str:
        """The text of a file that is carried to the server, to activate the license with a key without a connection."""
        return self._receive(library.csl_offline_request, as_text(key))

    def offline_activate(self, response: str) -> dict[str, Any]:
        """Reads the text of the response that was carried back."""
        return self._ask(library.csl_offline_activate, as_text(response))

    def offline_refresh(self, refresh: str) -> dict[str, Any]:
        """Reads the text of a later file about the same license."""
        return self._ask(library.csl_offline_refresh, as_text(refresh))

    def offline_deactivate(self) -> str:
        """Gives the license back: the text of a file that is carried to the server. The license is not active here from then on, and the
        text is all that is left of it: write it down."""
        return self._receive(library.csl_offline_deactivate)

    def activate_bundle(self, key: str) -> list[dict[str, Any]]:
        """Activates all licenses of the bundle with a key on this machine, or none."""
        return self._ask_all(library.csl_bundle_activate_key, as_text(key))

    def activate_bundle_user(self, user: str, password: str) -> list[dict[str, Any]]:
        """Activates all licenses of the bundle that a license user has, or none."""
        return self._ask_all(library.csl_bundle_activate_user, as_text(user), as_text(password))

    def check_bundle(self) -> list[dict[str, Any]]:
        """Asks the server about all licenses of the bundle. `state` and `check_or_grace` are about all of them together."""
        return self._ask_all(library.csl_bundle_check)

    def offline_activate_bundle(self, response: str) -> list[dict[str, Any]]:
        """Reads the text of the response to an `offline_request` that was carried to the server as one about a bundle. `offline_deactivate`
        gives all licenses back; its file is carried in the same way."""
        return self._ask_all(library.csl_bundle_offline_activate, as_text(response))

    def licenses_of_bundle(self) -> list[dict[str, Any]]:
        """What `license` is, for all licenses of the bundle."""
        return self._ask_all(library.csl_bundle_licenses)

    def deactivate_bundle(self) -> None:
        """Gives all licenses of the bundle back."""
        self._call(library.csl_bundle_deactivate)

    def air_gap_code(self, key: str, initialization: str) -> str:
        """Answers the producer's initialization code for a license key with the code of this machine, for people to type."""
        return self._receive(library.csl_air_gap_code, as_text(key), as_text(initialization))

    def air_gap_activate(self, key: str, confirmation: str, policy: str) -> dict[str, Any]:
        """Activates with the producer's confirmation code and the text of the policy file that comes with the software."""
        return self._ask(library.csl_air_gap_activate, as_text(key), as_text(confirmation), as_text(policy))

    def air_gap_deactivate(self, initialization: str) -> str:
        """Gives the license back: the code that answers a fresh initialization code. The license is not active here from then on, and the
        code is all that is left of it."""
        return self._receive(library.csl_air_gap_deactivate, as_text(initialization))

    def deactivate(self) -> None:
        """Gives the license back."""
        self._call(library.csl_deactivate)

    def close(self) -> None:
        """Lets nothing more be asked of the client. It waits for no call: what it holds is freed when the last one that is under way has
        ended, so that it can be closed in a signal handler, too."""
        self._handle.close()

    def __enter__(self) -> LicenseClient:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Not there when the library could not make a handle.
        if getattr(self, "_handle", None) is not None:
            self.close()

    @property
    def _is_of_this_process(self) -> bool:
        return self._handle.is_of_this_process

    def _call(self, function: Any, *arguments: Any) -> None:
        """Calls a function of the library, and raises what its status says."""
        with self._handle.used() as handle:
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
        standing, until, reason = ctypes.c_int32(), owned(), owned()
        self._call(function, ctypes.byref(standing), ctypes.byref(until), ctypes.byref(reason))
        time, why = take(until.value), take(reason.value)
        return State(Standing(standing.value), read_time(time) if time else None, why)


def _seconds(span: datetime.timedelta | None) -> str | None:
    """Whole seconds, away from zero: nothing has a meaning of its own, which half a second must not get."""
    if span is None:
        return None
    second = datetime.timedelta(seconds=1)
    return str(-(-span // second) if span > datetime.timedelta() else span // second)
