"""A licensed program that is sold in a bundle: all its licenses at once, with the server and without a connection.

    bundle.py SETTINGS FOLDER BUNDLE KEY

BUNDLE is the code of the bundle, which takes the place of the product in SETTINGS."""

import json
import pathlib
import sys

from countersign_license import LicenseClient


def online(client: LicenseClient, key: str) -> None:
    client.activate_bundle(key)
    print("licenses:", *(license["product_details"]["short_code"] for license in client.check_bundle()))
    print("standing:", client.check_or_grace().standing.name)
    client.deactivate_bundle()
    print("standing:", client.check_or_grace().standing.name)


def in_files(client: LicenseClient, key: str, folder: pathlib.Path) -> None:
    request, response = folder / "activate_offline.req", folder / "license.lic"
    request.write_text(client.offline_request(key))
    print(f"carry {request} to the server, put its response at {response}, and press Enter", flush=True)
    sys.stdin.readline()
    print("licenses in the file:", len(client.offline_activate_bundle(response.read_text())))
    print("standing:", client.check_or_grace().standing.name)
    (folder / "deactivate_offline.req").write_text(client.offline_deactivate())
    print("standing:", client.state().standing.name)


def main() -> None:
    settings, folder, bundle, key = sys.argv[1:]
    arguments = json.loads(pathlib.Path(settings).read_text())
    with LicenseClient(**{**arguments, "product": bundle}, folder=folder) as client:
        online(client, key)
        in_files(client, key, pathlib.Path(folder))
    print("done")


if __name__ == "__main__":
    main()
