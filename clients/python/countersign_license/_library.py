"""The C library beside this file: what it offers, as ctypes sees it. The header `countersign_license.h` says what each call means."""

from __future__ import annotations

import ctypes
import pathlib
import sys

_NAMES = {"darwin": "libcountersign_license.dylib", "win32": "countersign_license.dll"}
_PATH = pathlib.Path(__file__).with_name(_NAMES.get(sys.platform, "libcountersign_license.so"))

library = ctypes.CDLL(str(_PATH))

_handle = ctypes.c_void_p
_text = ctypes.c_char_p
#: A text that belongs to us: not `c_char_p`, of which ctypes would keep only a copy, and the text itself could not be freed.
owned = ctypes.c_void_p
_answer = ctypes.POINTER(owned)
_number = ctypes.POINTER(ctypes.c_int32)

_STATUS_CALLS = {
    "csl_set": (_text, _text),
    "csl_open": (),
    "csl_activate_key": (_text, _answer),
    "csl_activate_user": (_text, _text, _answer),
    "csl_sign_on_url": (_text, ctypes.c_int32, _text, _answer),
    "csl_activate_id_token": (_text, _text, _answer),
    "csl_activate_code": (_text, _text, _text, _answer),
    "csl_check": (_answer,),
    "csl_check_feature": (_text, _answer),
    "csl_license": (_answer,),
    "csl_hardware_id": (_answer,),
    "csl_change_password": (_text, _text, _text),
    "csl_state": (_number, _answer, _answer),
    "csl_check_or_grace": (_number, _answer, _answer),
    "csl_consume": (_text, ctypes.c_int64, _text, _answer),
    "csl_seat_take": (_text, _answer),
    "csl_seat_heartbeat": (_text, _answer),
    "csl_seat_borrow": (_text, _text, _answer),
    "csl_seat_release": (_text,),
    "csl_seat_leave": (_text,),
    "csl_offline_request": (_text, _answer),
    "csl_offline_activate": (_text, _answer),
    "csl_offline_refresh": (_text, _answer),
    "csl_offline_deactivate": (_answer,),
    "csl_bundle_activate_key": (_text, _answer),
    "csl_bundle_activate_user": (_text, _text, _answer),
    "csl_bundle_check": (_answer,),
    "csl_bundle_licenses": (_answer,),
    "csl_bundle_offline_activate": (_text, _answer),
    "csl_bundle_deactivate": (),
    "csl_air_gap_code": (_text, _text, _answer),
    "csl_air_gap_activate": (_text, _text, _text, _answer),
    "csl_air_gap_deactivate": (_text, _answer),
    "csl_deactivate": (),
}

for _name, _arguments in _STATUS_CALLS.items():
    _function = getattr(library, _name)
    _function.argtypes = [_handle, *_arguments]
    _function.restype = ctypes.c_int32

library.csl_new.argtypes = []
library.csl_new.restype = _handle
library.csl_free.argtypes = [_handle]
library.csl_free.restype = None
library.csl_version.argtypes = []
library.csl_version.restype = ctypes.c_char_p
library.csl_text_free.argtypes = [owned]
library.csl_text_free.restype = None
for _function in (library.csl_message, library.csl_code):
    _function.argtypes = [_handle]
    _function.restype = owned


def take(text: int | None) -> str | None:
    """A text that the library has handed out, as our own; its memory is given back."""
    if not text:
        return None
    try:
        value = ctypes.cast(text, ctypes.c_char_p).value
        return value.decode() if value is not None else None
    finally:
        library.csl_text_free(text)


def as_text(value: str | None) -> bytes | None:
    """A text as the library reads it."""
    if value is None:
        return None
    if "\0" in value:
        raise ValueError("a text has a NUL")
    return value.encode()
