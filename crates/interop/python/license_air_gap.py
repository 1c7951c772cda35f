"""The unmodified LicenseSpring SDK 3.1.7 behind an air gap: what a person would type is carried between it and the program.

Reads the credentials file of the demo, with the data directory as `data`, from the standard input. The program is named by
the environment."""

import base64
import json
import os
import subprocess
import sys
import tempfile

from licensespring.api.signature import SignatureVerifier
from licensespring.hardware import HardwareIdProvider
from licensespring.licensefile.config import Configuration
from licensespring.licensefile.error import LicenseActivationException
from licensespring.licensefile.license_manager import LicenseManager

CREDENTIALS = json.load(sys.stdin)
LICENSES = CREDENTIALS["license_api"]
KEY = LICENSES["license_keys"]["air_gapped"][0]


class Verifier(SignatureVerifier):
    PUBLIC_KEY = LICENSES["public_key"]


class Hardware(HardwareIdProvider):
    def get_id(self):
        return "SDK-AIR-GAP-1"


def manager(folder, **changes):
    settings = dict(
        product=LICENSES["product"],
        api_key=LICENSES["api_key"],
        shared_key=LICENSES["shared_key"],
        file_key="00" * 32,
        file_iv="11" * 16,
        file_path=folder,
        hardware_id_provider=Hardware,
        signature_verifier=Verifier,
        air_gap_public_key=LICENSES["air_gap_public_key"],
        # Nothing is listening there.
        api_protocol="http",
        api_domain="127.0.0.1:9",
    )
    settings.update(changes)
    return LicenseManager(Configuration(**settings))


def check(what, holds, seen=""):
    if not holds:
        print(f"FAILED: {what}: {seen}")
        sys.exit(1)
    print(f"ok: {what}")


def program(*words):
    command = [os.environ["COUNTERSIGN_PROGRAM"], "--json", "--data", CREDENTIALS["data"], "license", "air-gap", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tempfile.gettempdir())


def said(*words):
    done = program(*words)
    check(" ".join(words[:1]), done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


folder = tempfile.mkdtemp()
device = manager(folder)
started = said("start", KEY)["initialization_code"]
code = device.get_air_gap_activation_code(started, KEY)
refused = program("activate", KEY, "SDK-AIR-GAP-2", code)
check("a code for another device", refused.returncode != 0 and "signature_mismatch" in refused.stderr, refused.stderr)
confirmed = said("activate", KEY, "SDK-AIR-GAP-1", code)
again = program("activate", KEY, "SDK-AIR-GAP-1", code)
check("a code works once", again.returncode != 0 and "signature_mismatch" in again.stderr, again.stderr)
policy = os.path.join(tempfile.mkdtemp(), "policy.lic")
said("policy-file", KEY, "--out", policy)
number = str(confirmed["policy_id"])
other = base64.b64encode(bytes(reversed(base64.b64decode(confirmed["confirmation_code"])))).decode()
try:
    manager(tempfile.mkdtemp()).activate_air_gap_license(other, policy, KEY, number)
    check("a wrong confirmation code", False, "it was believed")
except LicenseActivationException as error:
    check("a wrong confirmation code", "VerificationError" in str(error), error)
licensed = device.activate_air_gap_license(confirmed["confirmation_code"], policy, KEY, number)
check("activation across the gap", licensed.key() == KEY and licensed.license_active(), licensed)
licensed.local_check()
check("local check", licensed.is_air_gapped() and not licensed.is_expired())
started = said("start", KEY)["initialization_code"]
back = device.get_air_gap_activation_code(started, KEY)
said("deactivate", KEY, "SDK-AIR-GAP-1", back)
started = said("start", KEY)["initialization_code"]
back = device.get_air_gap_activation_code(started, KEY)
refused = program("deactivate", KEY, "SDK-AIR-GAP-1", back)
check("it is off the device", "device_not_found" in refused.stderr, refused.stderr)
print("every check held")
