"""A device in another language: asks for updates, verifies every answer itself, downloads, registers, reports, and tries
to cheat.

Reads the credentials file of `countersign demo` on standard input and talks to the server that it names. Shares no code
with the server: tokens are made by PyJWT, signatures verified by cryptography. Exits with 0 when every check held.
"""

import base64
import faulthandler
import hashlib
import json
import sys

import checks
import registering
import tokens
import transport
from checks import check
from signatures import encode, public_key_of, verify_flattened

LONGEST_RUN_SECONDS = 300
CHUNK = 1 << 16
KEYS = "/flexnet/operations/api/updates"
UPDATES = "/uai/2.0/signed-updates"
MANIFESTS = "/uai/2.0/signed-updates/manifests"
NOBODYS_ID = "3f0d9c52-8a41-4d0b-9a57-0f6f5d1f7a11"


class Device:
    """One device of one site: where the server is, how it proves itself, and which key must have signed."""

    def __init__(self, base_url, authorization_key, signing_key):
        self.base_url = base_url
        self.authorization_key = authorization_key
        self.signing_key = signing_key

    def post(self, path, document, headers=None):
        """Sends a question, by default with a good token."""
        if headers is None:
            headers = tokens.bearer(tokens.good_token(self.authorization_key))
        return transport.send("POST", self.base_url + path, headers, document)

    def ask(self, what, path, document, headers=None):
        """Asks and polls until there is a verdict; returns the polling URL and the answer."""
        url = checks.check_accepted(what, self.post(path, document, headers), path)
        answer = transport.poll(self.base_url + url)
        checks.check_poll_headers(what, answer)
        return url, answer

    def ask_signed(self, what, path, document, headers=None):
        """Asks, polls and verifies; returns the payload, which is parsed only when it is authentic."""
        url, answer = self.ask(what, path, document, headers)
        check(f"{what}: 200", answer.status == 200, answer)
        payload = verify_flattened(answer.body, self.signing_key)
        check(f"{what}: signed with the published key, header exactly RS256", True)
        again = transport.poll(self.base_url + url)
        check(f"{what}: the same bytes when asked again", (again.status, again.body) == (200, answer.body), again)
        return transport.parse_json(payload)


def main():
    credentials = json.load(sys.stdin)
    base_url = credentials["base_url"].rstrip("/")
    device = exchange_keys(base_url, credentials["producer"])
    question = question_of(credentials["device"])

    manifest_ids = walk_through(device, question)
    opened = registering.register_and_report(
        device, lambda what, asked: device.ask_signed(what, UPDATES, asked), credentials["device"])
    for item in opened:
        take_update(device, item)
    accept_unusual_tokens(device, question)
    refuse_bad_tokens(device, question)
    refuse_foreign_ids(device, question, manifest_ids[0])
    print("every check held", flush=True)


def exchange_keys(base_url, producer):
    """The producer's part: uploads the key that checks device tokens, fetches the one that checks answers."""
    login = basic(producer["username"], producer["password"])
    key = tokens.new_key()
    upload = {"publicKey": tokens.public_base64(key)}

    answer = transport.send("PUT", f"{base_url}{KEYS}/update-authorization-key",
                            basic(producer["username"], producer["password"] + "x"), upload)
    check("authorization key: a wrong password is refused", answer.status == 401, answer)
    answer = transport.send("PUT", f"{base_url}{KEYS}/update-authorization-key", {}, upload)
    check("authorization key: no password is refused", answer.status == 401, answer)
    answer = transport.send("PUT", f"{base_url}{KEYS}/update-authorization-key", login, upload)
    check("authorization key: uploaded, empty answer", (answer.status, answer.body) == (200, b""), answer)

    answer = transport.send("GET", f"{base_url}{KEYS}/update-signing-key", login)
    check("signing key: 200", answer.status == 200, answer)
    document = answer.json()
    check("signing key: publicKey, and an empty errorMessage",
          checks.has_form(document, {"publicKey": str, "errorMessage": str}) and document["errorMessage"] == "", answer)
    signing_key = public_key_of(document["publicKey"])
    check("signing key: RSA with at least 2048 bits, in base64 of the DER", True)
    return Device(base_url, key, signing_key)


def question_of(device):
    """The body of the update question, from what the demo says about its device."""
    return {
        "deviceClass": "client",
        "id": device["id"],
        "idType": device["id_type"],
        "publisherName": device["publisher_name"],
        "updateFromPkgId": device["update_from_pkg_id"],
        "platform": device["platform"],
        "language": device["language"],
    }


def walk_through(device, question):
    """What an honest device does, from the question to the bytes on disk; returns the manifest UUIDs it saw."""
    updates = device.ask_signed("updates", UPDATES, question)
    return [take_update(device, item) for item in checks.check_updates(updates, question)]


def take_update(device, item):
    """Downloads what one update delivers; returns the UUID of its manifest."""
    manifest_id = item["manifestURL"].rsplit("/", 1)[1]
    manifest = device.ask_signed("manifest", MANIFESTS, {"uuid": manifest_id})
    for entry in checks.check_manifest(manifest, device.base_url):
        download(entry)
    return manifest_id


def download(entry):
    """Fetches one file whole and in two halves; both must be what the manifest says."""
    size = int(entry["fileSize"])
    whole = Digests()
    headers = fetch(entry["fileUrl"], {}, 200, whole)
    check("download: whole, with size and digests of the manifest", whole.match(entry), whole)
    check("download: Content-Length", headers.get("Content-Length") == str(size), headers.get("Content-Length"))
    check("download: ranges are offered", headers.get("Accept-Ranges") == "bytes", headers.get("Accept-Ranges"))
    etag = headers.get("ETag")
    check("download: a strong ETag", etag is not None and etag.startswith('"'), etag)
    if size < 2:
        return

    halves = Digests()
    middle = size // 2
    for wanted, first, last in ((f"bytes=0-{middle - 1}", 0, middle - 1), (f"bytes={middle}-", middle, size - 1)):
        headers = fetch(entry["fileUrl"], {"Range": wanted, "If-Range": etag}, 206, halves)
        check(f"download: {wanted} names its range", headers.get("Content-Range") == f"bytes {first}-{last}/{size}",
              headers.get("Content-Range"))
    check("download: two halves, with size and digests of the manifest", halves.match(entry), halves)


class Digests:
    """Size and digests of bytes that come in pieces."""

    def __init__(self):
        self.size = 0
        self.md5 = hashlib.md5()
        self.sha256 = hashlib.sha256()

    def take(self, piece):
        self.size += len(piece)
        self.md5.update(piece)
        self.sha256.update(piece)

    def match(self, entry):
        """Whether these are the bytes that the manifest describes."""
        return (str(self.size), self.md5.hexdigest(), self.sha256.hexdigest()) == (
            entry["fileSize"], entry["md5Hash"], entry["sha256Hash"])

    def __str__(self):
        return f"{self.size} bytes, MD5 {self.md5.hexdigest()}, SHA-256 {self.sha256.hexdigest()}"


def fetch(url, headers, status, digests):
    """Streams one answer into the digests and returns its headers."""
    with transport.open_url("GET", url, headers) as response:
        what = headers.get("Range", "the file")
        check(f"download: {what} answers {status}", response.status == status, response.status)
        while piece := response.read(CHUNK):
            digests.take(piece)
        return response.headers


def accept_unusual_tokens(device, question):
    """Tokens that look odd but are good."""
    for what, headers in tokens.good_headers(device.authorization_key):
        device.ask_signed(f"token: {what}", UPDATES, question, headers)


def refuse_bad_tokens(device, question):
    """Every bad token is accepted on POST and refused on the poll, which itself needs no token."""
    for what, headers, key in tokens.bad_requests(device.authorization_key):
        _url, answer = device.ask(f"bad token: {what}", UPDATES, question, headers)
        checks.check_error(f"bad token: {what}", answer, 401, key)


def refuse_foreign_ids(device, question, manifest_id):
    """Polling IDs that nobody issued, or not for this, and manifests that do not exist."""
    url = checks.check_accepted("polling ID", device.post(UPDATES, question), UPDATES)
    polling_id = url.rsplit("/", 1)[1]
    # The first character always carries six bits of content, whatever the ID is made of.
    altered = ("B" if polling_id[0] == "A" else "A") + polling_id[1:]
    for what, path in (
        ("nobody issued it", f"{UPDATES}/{NOBODYS_ID}"),
        ("altered", f"{UPDATES}/{altered}"),
        ("issued for another question", f"{MANIFESTS}/{polling_id}"),
        ("a manifest UUID instead", f"{MANIFESTS}/{manifest_id}"),
        ("made up by the device", f"{UPDATES}/{encode(b'x' * 96)}"),
    ):
        answer = transport.poll(device.base_url + path)
        checks.check_error(f"polling ID: {what}", answer, 410, "polling.id.unknown")

    _url, answer = device.ask("unknown manifest", MANIFESTS, {"uuid": NOBODYS_ID})
    checks.check_error("unknown manifest", answer, 404, "manifest.uuid.unknown")


def basic(username, password):
    """The header of HTTP Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode("utf-8")).decode("ascii")}


if __name__ == "__main__":
    # A server that never answers must fail the run with the place where it hung, not hold it for ever.
    faulthandler.dump_traceback_later(LONGEST_RUN_SECONDS, exit=True)
    try:
        main()
    except Exception as error:
        print(f"FAIL  {type(error).__name__}: {error}", flush=True)
        sys.exit(1)
