"""What a client is told, and what it tells the server."""

from __future__ import annotations

import datetime
import re
import unittest
from unittest import mock

import countersign_license
from countersign_license import InvalidArgument, NotActivated, Standing, Unavailable
from countersign_license.client import LicenseClient, _seconds
from countersign_license.state import State

from support import KEY, ClientTest, silence


class Settings(ClientTest):
    def test_one_answer_key_may_be_a_text(self) -> None:
        pem = f"-----BEGIN PUBLIC KEY-----\n{KEY}\n-----END PUBLIC KEY-----\n"
        for keys in (KEY, pem, [KEY], (KEY, pem)):
            with self.client(answer_keys=keys) as client:
                self.assertEqual(client.state(), State(Standing.NEVER_ACTIVATED, None, None))
        with self.assertRaisesRegex(InvalidArgument, "answer key"):
            self.client(answer_keys=[])

    def test_a_part_of_a_second_is_a_second(self) -> None:
        spans = {0: "0", 1: "1", 500: "1", 1000: "1", 1001: "2", 86_400_000: "86400", -1: "-1"}
        for milliseconds, seconds in spans.items():
            self.assertEqual(_seconds(datetime.timedelta(milliseconds=milliseconds)), seconds)
        self.assertIsNone(_seconds(None))
        with self.assertRaises(InvalidArgument):
            self.client(grace=datetime.timedelta(milliseconds=-1))

    def test_an_activation_tells_of_the_machine(self) -> None:
        facts = {"is_vm": True, "vm_info": "kvm", "app_version": "2.1", "os_version": "12", "hostname": "press-7"}
        with silence() as server, self.client(
            base_url=server.url, timeout=datetime.timedelta(milliseconds=900), **facts
        ) as client:
            # It ends by the timeout, after one attempt.
            with self.assertRaises(Unavailable):
                client.activate("KEY-1")
            told = server.body
        expected = {"is_vm": True, "vm_info": "kvm", "app_ver": "2.1", "os_ver": "12", "hostname": "press-7"}
        self.assertEqual({name: told.get(name) for name in expected}, expected)
        self.assertNotIn("ip", told)

    def test_what_is_kept_needs_no_server(self) -> None:
        with self.client() as client:
            self.assertEqual(client.hardware_id(), "HW-1")
            for ask in (client.license, client.licenses_of_bundle):
                with self.assertRaises(NotActivated):
                    ask()
            with self.assertRaises(Unavailable):
                client.change_password("ann@example.com", "old", "new")

    def test_the_version_is_that_of_the_library(self) -> None:
        self.assertTrue(re.fullmatch(r"\d+\.\d+\.\d+.*", countersign_license.__version__))

    def test_a_state_has_its_reason(self) -> None:
        def answer(_: object, standing: object, until: object, reason: object) -> None:
            standing._obj.value = Standing.TURNED_AWAY

        with self.client() as client, mock.patch.object(LicenseClient, "_call", lambda *given: answer(*given[1:])):
            self.assertEqual(client.state(), State(Standing.TURNED_AWAY, None, None))


if __name__ == "__main__":
    unittest.main()
