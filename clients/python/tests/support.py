"""What the tests share: clients of servers that are not there, or that say nothing for a while."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import tempfile
import threading
import unittest
from collections.abc import Iterator
from typing import Any

from countersign_license import LicenseClient

#: A public key (2048 bits) whose private half nobody has.
KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu4YRkqt+q411aMBHbNc9la0WG2htm3re2r2dxwW3q3tQDJ6+Y1oVVIpC"
    "JOiG4uiNGsZDhLtDXslsePiqFtLR5qSIUmIHWNmv49naiNjXivDDNphWl7pSJcNEmMl0okJLZKNErmYe26o6maI4ZFJJYoZz85Zs"
    "sB5+ooJb0GZe4I7GeEwmo7/Kg6dmNYkKDujlT0TsMwHtPOKtKumPPkZEJqdLd31IcWRMqU4E5faKp+5GzYCQf72L9VqEu6pGXTx6"
    "h4SqXeeiZJzFj3weA7qFljujiQXXsGqCTAZ/U29gKX6HMidGESe0/eIkiXHqQ4gk1VUj7037XlMm/cxyyiqa/wIDAQAB"
)


class ClientTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def client(self, **settings: Any) -> LicenseClient:
        """A client that asks where nobody listens, on the port of `discard`, if nothing else is said."""
        usual = {
            "base_url": "http://127.0.0.1:9",
            "product": "pump",
            "folder": self.folder,
            "answer_keys": [KEY],
            "api_key": "key",
            "shared_key": "secret",
            "hardware_id": "HW-1",
            "attempts": 1,
        }
        return LicenseClient(**{**usual, **settings})


class Silence:
    """A server that takes requests and answers none, until it hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        #: Set when a request has come.
        self.asked = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            asker, _ = self._listener.accept()
            with asker:
                self.body = read_body(asker)
                self.asked.set()
                self._over.wait(DEADLINE)

    def hang_up(self) -> None:
        self._over.set()
        self._listener.close()
        self._thread.join()


@contextlib.contextmanager
def silence() -> Iterator[Silence]:
    server = Silence()
    try:
        yield server
    finally:
        server.hang_up()


def read_body(asker: socket.socket) -> dict[str, Any]:
    """The members that a request has in its body."""
    with asker.makefile("rb") as request:
        length = 0
        while line := request.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        document: dict[str, Any] = json.loads(request.read(length))
        return document


#: After so many seconds something hangs that must not.
DEADLINE = 20
