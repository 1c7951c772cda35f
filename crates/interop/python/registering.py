"""What a device tells: it registers, gets what its license opens, reports how the update goes, and logs an event."""

import datetime
import secrets
import time

import checks
import tokens
import transport
from checks import check

REGISTRATIONS = "/uai/2.0/devices/registrations"
STATUS_LOG = "/uai/2.0/updates/statusLog"
EVENTS = "/uai/2.0/events"
TOLD = (REGISTRATIONS, STATUS_LOG, EVENTS)


def register_and_report(device, ask_updates, credentials):
    """A new device from its registration to its reports; `ask_updates` returns the verified list for a question."""
    identity = {"id": "PY-" + secrets.token_hex(8), "idType": "STRING", "publisherName": credentials["publisher_name"]}
    place = {"platform": credentials["platform"], "language": credentials["language"]}
    question = {"deviceClass": "client", **identity, "updateFromPkgId": credentials["update_from_pkg_id"], **place}

    before = ask_updates("unregistered device", question)
    check("unregistered device: the list says so", before["error"]["key"] == "device.unknown", before["error"])
    open_ids = ids_of(before)
    check("unregistered device: what is for everybody is offered all the same", len(open_ids) > 0, before)

    refuse_registrations(device, identity, credentials["activation_id"])
    registration = {**identity, "identityName": "", "activationId": credentials["activation_id"]}
    for what in ("registration", "registration, repeated"):
        tell(device, what, REGISTRATIONS, registration)
    after = ask_updates("registered device", question)
    check("registered device: no error is three empty strings", after["error"] == checks.NO_ERROR, after["error"])
    opened = [item for item in after["updateItems"] if item["updateId"] not in open_ids]
    check("registered device: offered what everybody is, and more for its license",
          len(opened) > 0 and open_ids <= ids_of(after), after)

    update = {"updateId": opened[0]["updateId"], "updateName": opened[0]["updateName"]}
    report_status(device, {**identity, **place, **update, "packageId": opened[0]["toPackageId"]})
    log_events(device, {**identity, **place, **update, "downloadPackageId": opened[0]["toPackageId"]})
    refuse_without_token(device, {**registration, **update, "statusCode": 0, "eventName": "selfTest"})
    return opened


def refuse_registrations(device, identity, activation_id):
    """Registrations that must not be taken. None of them leaves anything behind: the good one comes afterwards."""
    nameless = {name: value for name, value in identity.items() if name != "publisherName"}
    for what, body, key, arguments in (
        ("an activation ID that nobody issued", {**identity, "activationId": activation_id + "X"},
         "activation.unknown", None),
        ("no publisher", {**nameless, "activationId": activation_id}, "request.field.missing", "publisherName"),
        ("a blank ID", {**identity, "id": "", "activationId": activation_id}, "request.field.missing", "id"),
        ("a license server", {**identity, "deviceClass": "server"}, "device.class.notRegistrable", None),
    ):
        refused(device, f"registration, {what}", REGISTRATIONS, body, key, arguments)


def report_status(device, report):
    """The status log: every way to write the time, every number, and what is refused."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for what, code, stamp in (
        ("download started, RFC 3339", 0, now.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("download completed, date and time with a blank", 1, now.strftime("%Y-%m-%d %H:%M:%S")),
        ("install started, milliseconds", 3, str(int(time.time() * 1000))),
        ("install completed, no such time", 4, "yesterday"),
        ("a number without a meaning", 5, now.isoformat()),
    ):
        tell(device, f"status log, {what}", STATUS_LOG, {**report, "statusCode": code, "timeStamp": stamp})
    tell(device, "status log, digits and a long reason", STATUS_LOG,
         {**report, "statusCode": "4", "statusReason": "x" * 150})
    tell(device, "status log, an anonymous device", STATUS_LOG,
         {**report, "id": "", "idType": "", "publisherName": "", "statusCode": 4})
    for what, changes, key in (
        ("no code", {}, "request.field.missing"),
        ("an update that nobody published", {"statusCode": 4, "updateId": "no-such-update"}, "update.unknown"),
        ("a device that has not registered", {"statusCode": 4, "id": "PY-stranger"}, "device.unknown"),
        ("a class that does not exist", {"statusCode": 4, "deviceClass": "robot"}, "request.deviceClass.invalid"),
    ):
        refused(device, f"status log, {what}", STATUS_LOG, {**report, **changes}, key)


def log_events(device, event):
    """Events: the shortest, a full one, and what is refused."""
    shortest = {name: event[name] for name in ("id", "idType", "publisherName")}
    tell(device, "event, only a name", EVENTS, {**shortest, "eventName": "started"})
    stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
    tell(device, "event, every member", EVENTS, {
        **event, "deviceClass": "client", "eventName": "selfTest", "eventGroup": "afterUpdate",
        "eventValue": "pass 14/14", "timestamp": stamp})
    for what, changes, key in (
        ("no name", {}, "request.field.missing"),
        ("a name of 256 letters", {"eventName": "x" * 256}, "event.name.invalid"),
        ("a device that has not registered", {"eventName": "selfTest", "id": "PY-stranger"}, "device.unknown"),
    ):
        refused(device, f"event, {what}", EVENTS, {**event, **changes}, key)


def refuse_without_token(device, body):
    """A bad token is refused on the poll, and an outcome is told only where it belongs."""
    headers = tokens.bearer(tokens.good_token(tokens.new_key()))
    for path, other in zip(TOLD, TOLD[1:] + TOLD[:1]):
        _url, answer = device.ask(f"{path} with another key's token", path, body, headers)
        checks.check_error(f"{path} with another key's token", answer, 401, "auth.token.signature")
        url = checks.check_accepted(path, device.post(path, {}), path)
        answer = transport.poll(device.base_url + other + "/" + url.rsplit("/", 1)[1])
        checks.check_error(f"{path}: its polling ID at {other}", answer, 410, "polling.id.unknown")


def tell(device, what, path, body):
    """Tells something that the server must take; the outcome stays the same when asked for again."""
    url, answer = device.ask(what, path, body)
    checks.check_done(what, answer)
    again = transport.poll(device.base_url + url)
    check(f"{what}: the same bytes when asked again", (again.status, again.body) == (200, answer.body), again)


def refused(device, what, path, body, key, arguments=None):
    """Tells something that the server must not take."""
    _url, answer = device.ask(what, path, body)
    checks.check_error(what, answer, 200, key)
    if arguments is not None:
        check(f"{what}: about {arguments}", answer.json()["arguments"] == arguments, answer)


def ids_of(updates):
    """The IDs of all updates in a list."""
    return {item["updateId"] for item in updates["updateItems"]}
