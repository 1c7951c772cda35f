"""A licensed program: activates, checks, counts, shares a seat, works without a connection, and lets go again.

    license.py SETTINGS FOLDER COUNTED_KEY FLOATING_KEY OFFLINE_KEY USER PASSWORD

SETTINGS is a JSON file with the arguments of `LicenseClient`. A program that ships has them built in."""

import datetime
import json
import pathlib
import sys

from countersign_license import LicenseClient, NotActivated, Refused


def count(client: LicenseClient, key: str) -> None:
    license = client.activate(key)
    print("license:", license["license_type"], "of", license["product_details"]["short_code"])

    # At the start, and every now and then: it goes on for a while when the server cannot be asked.
    state = client.check_or_grace()
    print("standing:", state.standing.name, "until", state.until)
    if not state.is_usable:
        sys.exit(f"this program is not licensed: {state.reason or state.standing.name}")
    # Features and what the producer has written, at any time: as they were signed last.
    print("kept:", client.license()["license_type"], "on", client.hardware_id())

    print("counters:", client.consume(3))
    # More than there are: refused with a reason, and nothing is counted.
    try:
        client.consume(1000)
    except Refused as refusal:
        print(f"refused: {refusal.code} ({refusal})")
    client.deactivate()


def share_a_seat(client: LicenseClient, key: str) -> None:
    client.activate(key)
    with client.seat() as seat:
        print("in use:", client.check()["floating_in_use_devices"])
        seat.heartbeat()
    with client.seat() as seat:
        granted = seat.borrow(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1))
        print("borrowed until:", granted.isoformat())
    # On loan in later runs, too: `with` does not give it back.
    for time in ("first", "second"):
        with client.seat() as seat:
            print(f"on loan for the {time} time:", seat.borrowed_until == granted, "timeout", seat.timeout)
    seat.release()
    client.deactivate()


def work_offline(client: LicenseClient, key: str, folder: pathlib.Path) -> None:
    request, response = folder / "activate_offline.req", folder / "license.lic"
    request.write_text(client.offline_request(key))
    print(f"carry {request} to the server, put its response at {response}, and press Enter", flush=True)
    sys.stdin.readline()
    client.offline_activate(response.read_text())
    print("standing:", client.state().standing.name)
    (folder / "deactivate_offline.req").write_text(client.offline_deactivate())
    print("standing:", client.state().standing.name)
    try:
        client.check()
    except NotActivated as error:
        print("not activated:", error)


def main() -> None:
    settings, folder, counted, floating, offline, user, password = sys.argv[1:]
    arguments = json.loads(pathlib.Path(settings).read_text())
    with LicenseClient(**arguments, folder=folder) as client:
        count(client, counted)
        share_a_seat(client, floating)
        client.activate_user(user, password)
        client.deactivate()
        work_offline(client, offline, pathlib.Path(folder))
    print("done")


if __name__ == "__main__":
    main()
