"""A licensed program whose users log in where their company does.

    sign_on.py SETTINGS FOLDER ACCOUNT REDIRECT_URI

A real program opens a browser, and serves REDIRECT_URI itself; here somebody types what came back."""

import json
import pathlib
import sys

from countersign_license import LicenseClient, Refused, SignOn


def log_in(client: LicenseClient, account: str, answer: SignOn, redirect_uri: str) -> str:
    print("log in at", client.sign_on_url(account, answer, redirect_uri), flush=True)
    return sys.stdin.readline().strip()


def main() -> None:
    settings, folder, account, redirect_uri = sys.argv[1:]
    arguments = json.loads(pathlib.Path(settings).read_text())
    with LicenseClient(**arguments, folder=folder) as client:
        code = log_in(client, account, SignOn.CODE, redirect_uri)
        print("license:", json.dumps(client.activate_code(account, code, redirect_uri), separators=(",", ":")))
        client.check()
        try:
            client.activate_code(account, code, redirect_uri)
        except Refused as refusal:
            print("refused:", refusal.code)
        client.deactivate()

        id_token = log_in(client, account, SignOn.ID_TOKEN, redirect_uri)
        print("license:", json.dumps(client.activate_id_token(account, id_token), separators=(",", ":")))
        client.deactivate()
    print("done")


if __name__ == "__main__":
    main()
