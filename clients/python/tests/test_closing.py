"""A client is closed once, whoever does it and when, and it is not used by children of its process."""

from __future__ import annotations

import datetime
import os
import signal
import threading
import unittest
from unittest import mock

from countersign_license import LicenseClient, NotOpen, Unavailable
from countersign_license import _handle
from countersign_license._library import library

from support import DEADLINE, ClientTest, silence


class Closing(ClientTest):
    def test_closing_waits_for_no_call_and_the_last_call_frees(self) -> None:
        with silence() as server:
            client = self.client(base_url=server.url)
            failures: list[BaseException] = []
            thread = threading.Thread(target=activate, args=(client, failures))
            thread.start()
            self.assertTrue(server.asked.wait(DEADLINE))
            client.close()
            client.close()
            self.assertTrue(client._handle._unfreed, "the call of the other thread still uses it")
            with self.assertRaises(NotOpen):
                client.state()
            self.assertTrue(client._handle._unfreed, "so it does after a call that was refused")
            server.hang_up()
            thread.join(DEADLINE)
        self.assertEqual([type(failure) for failure in failures], [Unavailable])
        self.assertFalse(client._handle._unfreed)

    @unittest.skipUnless(hasattr(signal, "SIGALRM"), "without this signal")
    def test_a_signal_handler_closes_in_the_middle_of_a_call(self) -> None:
        with silence() as server:
            # Python runs the handler when the library returns, which is the end of this time.
            client = self.client(base_url=server.url, timeout=datetime.timedelta(seconds=1))
            closed: list[bool] = []

            def close(*_: object) -> None:
                client.close()
                closed.append(bool(client._handle._calls and client._handle._unfreed))

            before = signal.signal(signal.SIGALRM, close)
            self.addCleanup(signal.signal, signal.SIGALRM, before)
            # Only when the request has come is the call sure to be under way.
            waker = threading.Thread(target=lambda: server.asked.wait(DEADLINE) and signal.raise_signal(signal.SIGALRM))
            waker.start()
            with self.assertRaises(Unavailable):
                client.activate("KEY-1")
            waker.join(DEADLINE)
        self.assertEqual(closed, [True], "it was closed while the call used it")
        self.assertFalse(client._handle._unfreed)

    def test_what_could_not_be_made_is_told_and_needs_no_closing(self) -> None:
        with mock.patch.object(library, "csl_new", return_value=None):
            with self.assertRaisesRegex(Exception, "could not make a client"):
                self.client()


@unittest.skipUnless(hasattr(os, "fork"), "without fork")
class Forking(ClientTest):
    def test_a_child_drops_the_client_while_another_thread_of_its_parent_is_in_a_call(self) -> None:
        with silence() as server:
            client = self.client(base_url=server.url)
            thread = threading.Thread(target=activate, args=(client, []))
            thread.start()
            self.assertTrue(server.asked.wait(DEADLINE))
            child = os.fork()
            if child == 0:
                signal.alarm(DEADLINE)
                os._exit(0 if refuses(client) else 1)
            _, status = os.waitpid(child, 0)
            self.assertEqual(status, 0)
            server.hang_up()
            thread.join(DEADLINE)
        with self.assertRaises(Unavailable):
            client.activate("KEY-1")
        client.close()

    def test_a_grandchild_with_the_number_of_its_grandparent_is_another_process(self) -> None:
        client = self.client()
        _handle._count_fork()
        with self.assertRaises(NotOpen):
            client.state()


def activate(client: LicenseClient, failures: list[BaseException]) -> None:
    try:
        client.activate("KEY-1")
    except BaseException as failure:
        failures.append(failure)


def refuses(client: LicenseClient) -> bool:
    """Whether calls in a child are refused, and the end of the client does nothing there."""
    try:
        client.state()
    except NotOpen:
        with client:
            pass
        client.__del__()
        return bool(client._handle._unfreed)
    return False


if __name__ == "__main__":
    unittest.main()
