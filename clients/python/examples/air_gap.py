"""A licensed program behind an air gap: nothing but codes that people type goes across it.

    air_gap.py SETTINGS FOLDER KEY POLICY

POLICY is the policy file of the license, which comes with the software. Settings have an air_gap_key."""

import json
import pathlib
import sys

from countersign_license import LicenseClient, NotTrusted


def ask(question: str) -> str:
    print(question, flush=True)
    return sys.stdin.readline().strip()


def main() -> None:
    settings, folder, key, policy = sys.argv[1:]
    arguments = json.loads(pathlib.Path(settings).read_text())
    policy = pathlib.Path(policy).read_text()
    with LicenseClient(**arguments, folder=folder) as client:
        code = client.air_gap_code(key, ask("the producer's initialization code?"))
        try:
            client.air_gap_activate(key, code, policy)
        except NotTrusted as error:
            print("not the producer's:", error)
        client.air_gap_activate(key, ask(f"the producer's confirmation of {code}?"), policy)
        print("standing:", client.check_or_grace().standing.name)
        code = client.air_gap_deactivate(ask("the producer's initialization code?"))
        print(f"tell the producer {code}")
        print("standing:", client.state().standing.name)
    print("done")


if __name__ == "__main__":
    main()
