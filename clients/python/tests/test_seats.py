"""Seats: which are given back at the end of `with`, and what may go wrong there."""

from __future__ import annotations

import datetime
import json
import unittest

from countersign_license import NotActivated, Refused, Seat, Unavailable
from countersign_license._library import library

LOAN = "2031-05-06T00:00:00Z"
END_OF_LOAN = datetime.datetime(2031, 5, 6, tzinfo=datetime.timezone.utc)


class Client:
    """What a seat needs of its client, without a server."""

    _is_of_this_process = True

    def __init__(self, borrowed_until: "str | None" = None, fault: "Exception | None" = None) -> None:
        self.borrowed_until = borrowed_until
        self.fault = fault
        self.released = 0

    def _receive(self, function: object, *_: object) -> str:
        if function is library.csl_seat_borrow:
            self.borrowed_until = LOAN
            return LOAN
        return json.dumps({"timeout_seconds": 90, "borrowed_until": self.borrowed_until})

    def _call(self, function: object, *_: object) -> None:
        assert function in (library.csl_seat_release, library.csl_seat_leave)
        if self.fault is not None:
            raise self.fault
        self.released += 1
        self.borrowed_until = None


class Seats(unittest.TestCase):
    def test_a_seat_is_given_back_at_the_end(self) -> None:
        client = Client()
        with Seat(client, None) as seat:
            self.assertEqual((seat.timeout, seat.borrowed_until), (datetime.timedelta(seconds=90), None))
        self.assertEqual(client.released, 1)

    def test_a_seat_on_loan_is_given_back_by_release_alone(self) -> None:
        client = Client()
        with Seat(client, None) as seat:
            self.assertEqual(seat.borrow(), END_OF_LOAN)
        # As another run finds it.
        with Seat(client, None) as seat:
            self.assertEqual(seat.borrowed_until, END_OF_LOAN)
        self.assertEqual(client.released, 0)
        seat.release()
        self.assertEqual((client.released, seat.borrowed_until), (1, None))

    def test_a_loan_that_is_over_is_noticed_by_the_heartbeat(self) -> None:
        client = Client(borrowed_until=LOAN)
        with Seat(client, None) as seat:
            client.borrowed_until = None
            seat.heartbeat()
        self.assertEqual(client.released, 1)

    def test_work_that_is_done_does_not_fail_because_the_server_is_away(self) -> None:
        for fault in (Unavailable("away"), NotActivated("given back")):
            with Seat(Client(fault=fault), None) as seat:
                pass
            with self.assertRaises(type(fault)):
                seat.release()
        with self.assertRaises(Refused), Seat(Client(fault=Refused("no", "other")), None):
            pass
        # What went wrong first is more important.
        with self.assertRaises(KeyError), Seat(Client(fault=Refused("no", "other")), None):
            raise KeyError

    def test_a_child_leaves_the_seat_to_its_parent(self) -> None:
        client = Client()
        with Seat(client, None):
            client._is_of_this_process = False
        self.assertEqual(client.released, 0)


if __name__ == "__main__":
    unittest.main()
