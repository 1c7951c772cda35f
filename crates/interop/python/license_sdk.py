"""The unmodified LicenseSpring SDK 3.1.7 against `countersign demo`: what it can do, and what it must be refused.

Reads the credentials file of the demo from the standard input, prints one line for each check, and ends with status 1 at
the first that does not hold. Signatures of answers are verified by the SDK itself, with our public key."""

import base64
import datetime
import json
import os
import sys
import tempfile
import time
import unittest.mock
import urllib.parse

from licensespring.api import APIClient
from licensespring.api.error import ClientError
from licensespring.api.signature import SignatureVerifier
from licensespring.hardware import HardwareIdProvider
from licensespring.licensefile.config import Configuration
from licensespring.licensefile.customer import Customer
from licensespring.licensefile.license_manager import LicenseID, LicenseManager

CREDENTIALS = json.load(sys.stdin)
LICENSES = CREDENTIALS["license_api"]
URL = urllib.parse.urlsplit(CREDENTIALS["base_url"])
RUN = datetime.datetime.now().strftime("%H%M%S%f")


class Verifier(SignatureVerifier):
    PUBLIC_KEY = LICENSES["public_key"]


def hardware(name):
    class Hardware(HardwareIdProvider):
        def get_id(self):
            return f"SDK-{RUN}-{name}"

        def get_ip(self):
            return "192.0.2.10"

        def get_mac_address(self):
            return "00:00:5E:00:53:01"

    return Hardware


def configuration(name, folder, **changes):
    settings = dict(
        product=LICENSES["product"],
        api_key=LICENSES["api_key"],
        shared_key=LICENSES["shared_key"],
        file_key="00" * 32,
        file_iv="11" * 16,
        file_path=folder,
        hardware_id_provider=hardware(name),
        signature_verifier=Verifier,
        api_protocol=URL.scheme,
        api_domain=URL.netloc + URL.path.rstrip("/"),
    )
    settings.update(changes)
    return Configuration(**settings)


def manager(name, **changes):
    return LicenseManager(configuration(name, tempfile.mkdtemp(), **changes))


def check(what, holds, seen=""):
    if not holds:
        print(f"FAILED: {what}: {seen}")
        sys.exit(1)
    print(f"ok: {what}")


def refused(what, status, code, call):
    try:
        call()
    except ClientError as error:
        check(what, (error.status, error.code) == (status, code), repr(error))
        return
    check(what, False, "it was not refused")


def key(kind, number=0):
    return LicenseID.from_key(LICENSES["license_keys"][kind][number])


def by_key():
    folder = tempfile.mkdtemp()
    one = LicenseManager(configuration("key", folder))
    check("the server is reachable", one.is_online())
    licensed = one.activate_license(key("perpetual"))
    check("activation by key", licensed.license_type() == "perpetual" and licensed.is_valid())
    licensed.check()
    licensed.local_check()
    check("check and local check", licensed.license_active() and not licensed.is_expired())
    again = LicenseManager(configuration("key", folder)).load_license()
    check("reload from the file", again.key() == LICENSES["license_keys"]["perpetual"][0])
    again.local_check()
    licensed.deactivate()
    refused("check after deactivation", 400, "license_not_active", lambda: api("key").check_license(
        product=LICENSES["product"], license_key=LICENSES["license_keys"]["perpetual"][0]))


def api(name, **changes):
    settings = dict(
        api_key=LICENSES["api_key"],
        shared_key=LICENSES["shared_key"],
        hardware_id_provider=hardware(name),
        signature_verifier=Verifier,
        api_protocol=URL.scheme,
        api_domain=URL.netloc + URL.path.rstrip("/"),
    )
    settings.update(changes)
    return APIClient(**settings)


def units():
    licensed = manager("units").activate_license(key("consumption", 2))
    licensed.add_local_consumption(4)
    licensed.sync_consumption()
    check("units are counted", licensed.total_consumptions() == 4, licensed.total_consumptions())
    client, named = api("units"), dict(product=LICENSES["product"], license_key=LICENSES["license_keys"]["consumption"][2])
    most = licensed.max_consumptions() + licensed.max_overages()
    counted = client.add_consumption(**named, consumptions=most - 4)
    check("units are counted into the overage", counted["total_consumptions"] == most, counted)
    refused("units beyond the overage", 400, "license_not_enough_consumptions",
            lambda: client.add_consumption(**named, consumptions=1))
    counted = client.add_consumption(**named, consumptions=-most)
    check("units are given back", counted["total_consumptions"] == 0, counted)
    licensed.deactivate()


def features():
    licensed = manager("features").activate_license(key("features"))
    codes = list(licensed.features())
    check("features are listed", sorted(codes) == ["PAGES", "PRO"], codes)
    licensed.add_local_feature_consumption("PAGES", 2)
    licensed.sync_feature_consumption("PAGES")
    seen = licensed.get_feature_data("PAGES")
    check("units of a feature are counted", seen["total_consumptions"] == 2, seen)
    client, named = api("features"), dict(product=LICENSES["product"], license_key=LICENSES["license_keys"]["features"][0])
    one = client.check_license_feature(**named, feature="PRO")
    check("a feature is checked", one["code"] == "PRO", one)
    licensed.deactivate()


def seats():
    one, other = manager("seat-1"), manager("seat-2")
    first = one.activate_license(key("floating"))
    check("a seat is taken with the activation", first.is_floating() and first.max_floating_users() == 1)
    first.check()
    first.local_check()
    check("a seat is held", first.floating_in_use_devices() == 1, first.floating_in_use_devices())
    second = other.activate_license(key("floating"))
    refused("the second device gets no seat", 400, "floating_not_available", second.check)
    first.floating_release(throw_e=True)
    second.check()
    second.local_check()
    check("it has the seat when it was given back", second.floating_in_use_devices() == 1)
    refused("the first one has none now", 400, "floating_not_available", first.check)
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    second.floating_borrow(until)
    second.local_check()
    check("a seat is borrowed", second.is_borrowed() and second.borrow_until() is not None, second.borrow_until())
    second.check()
    check("a check keeps the borrow", second.is_borrowed(), second.borrow_until())
    refused("a borrowed seat is not free", 400, "floating_not_available", first.check)
    late = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=49)).strftime("%Y-%m-%dT%H:%M:%SZ")
    refused("it cannot be borrowed for so long", 400, "borrow_until_not_valid", lambda: second.floating_borrow(late))
    second.floating_release(throw_e=True)
    first.check()
    check("a borrow ends when the seat is given back", first.floating_in_use_devices() == 1)
    first.check_feature("RENDER")
    refused("a seat of a feature is taken", 400, "floating_not_available", lambda: second.check_feature("RENDER"))
    first.release_feature("RENDER")
    second.check_feature("RENDER")
    seen = second.get_feature_data("RENDER")
    check("a seat of a feature was given back", seen["floating_in_use_devices"] == 1, seen)
    first.deactivate()
    second.check()
    check("a deactivation frees the seat", second.floating_in_use_devices() == 1)
    second.deactivate()


def by_user():
    user = LICENSES["user"]
    login = LicenseID.from_user(user["email"], user["password"])
    one = manager("user")
    licensed = one.activate_license(login)
    licensed.check()
    check("activation and check by user", licensed.license_active())
    check("the user's licenses", len(one.get_user_licenses(login)) >= 1)
    licensed.change_password(user["password"], user["password"] + "-next")
    refused("the old password", 400, "invalid_credentials", lambda: one.get_user_licenses(login))
    licensed.change_password(user["password"] + "-next", user["password"])
    licensed.deactivate()


def others():
    one = manager("others")
    licensed = one.activate_license(key("subscription"))
    check("a subscription has an end", licensed.validity_period() > datetime.datetime.now())
    client, named = api("others"), dict(product=LICENSES["product"], license_key=LICENSES["license_keys"]["subscription"][0])
    client.track_device_variables(**named, variables={"lang": "hr"})
    variables = client.get_device_variables(**named)
    check("device variables", [entry["value"] for entry in variables] == ["hr"], variables)
    details = client.product_details(product=LICENSES["product"])
    check("product details", details["short_code"] == LICENSES["product"], details)
    login = key("subscription")
    check("versions", len(one.get_version_list(login)) >= 1)
    check("installation file", one.get_installation_file(login)["installation_file"].startswith("http"))
    licensed.deactivate()
    trial = manager("trial", product=LICENSES["trial_product"])
    email = f"buyer-{RUN}@example.test"
    first = trial.get_trial_license(Customer(email=email)).key
    check("a trial, and the same one again", trial.get_trial_license(Customer(email=email)).key == first)
    users = trial.get_customer_license_users(Customer(email=email))
    check("users of a customer", users["users"] == [], users)
    licensed = trial.activate_license(LicenseID.from_key(first))
    check("a trial can be activated", licensed.is_trial())
    licensed.deactivate()


def offline():
    code = LICENSES["license_keys"]["subscription"][1]
    login, folder = LicenseID.from_key(code), tempfile.mkdtemp()
    device, courier = LicenseManager(configuration("offline", folder)), api("courier")
    request = device.create_offline_activation_file(login, tempfile.mkdtemp())
    with open(request) as file:
        asked = file.read()
    answered = courier.activate_offline(asked)
    check("the response to a request file verifies", answered["hardware_id"] == f"SDK-{RUN}-offline", answered)
    carried = base64.b64encode(json.dumps(answered, separators=(",", ":")).encode()).decode()
    loaded = api("offline").activate_offline_load(carried)
    check("the device verifies it as well", loaded["license_signature_v2"] == answered["license_signature_v2"])
    altered = json.loads(base64.b64decode(carried))
    altered["max_activations"] = 4711
    try:
        api("offline").activate_offline_load(base64.b64encode(json.dumps(altered).encode()).decode())
        check("an altered response is not believed", False, "it was believed")
    except ValueError as error:
        check("an altered response is not believed", "signature" in str(error).lower(), error)
    path = os.path.join(tempfile.mkdtemp(), "license.lic")
    with open(path, "w") as file:
        file.write(carried)
    licensed = device.activate_license_offline(path)
    licensed.local_check()
    check("activation by files", licensed.license_active() and licensed.validity_period() > datetime.datetime.now())
    check("the same file is answered the same", courier.activate_offline(asked) == answered)
    # A file of this form proves nothing but its second, so that one of the same second gives nothing back.
    time.sleep(2)
    back = licensed.deactivate_offline(tempfile.mkdtemp())
    with open(back) as file:
        check("deactivation by a file", courier.deactivate_offline(file.read()) == "license_deactivated")
    refused("check after deactivation by a file", 400, "license_not_active",
            lambda: api("offline").check_license(product=LICENSES["product"], license_key=code))
    refused("the old request file", 400, "offline_request_used", lambda: courier.activate_offline(asked))


def refusals():
    one = manager("refused")
    refused("unknown key", 400, "license_not_found",
            lambda: one.activate_license(LicenseID.from_key("ZZZZ-ZZZZ-ZZZZ-ZZZZ")))
    refused("expired license", 400, "license_expired", lambda: one.activate_license(key("expired")))
    refused("disabled license", 400, "license_not_enabled", lambda: one.activate_license(key("disabled")))
    refused("unknown product", 400, "unknown_product",
            lambda: manager("refused", product="no-such-product").activate_license(key("perpetual")))
    refused("an account without single sign-on", 400, "sso_failed",
            lambda: api("refused").sso_url(product=LICENSES["product"], customer_account_code="nobody"))
    refused("wrong shared key", 401, "signature_mismatch",
            lambda: manager("refused", shared_key="wrong").activate_license(key("perpetual")))
    try:
        manager("refused", signature_verifier=SignatureVerifier).activate_license(key("perpetual", 1))
        check("an answer under another key is not believed", False, "it was believed")
    except ValueError as error:
        check("an answer under another key is not believed", "signature" in str(error).lower(), error)
    taken = [manager(f"taken-{number}") for number in range(12)]
    code = None
    for device in taken:
        try:
            device.activate_license(key("perpetual", 2))
        except ClientError as error:
            code = error.code
            break
    check("the limit of devices", code == "license_activated_max_times", code)


def clocks():
    sends = "licensespring.api.authorization.time.time"
    for minutes, accepted in [(-14, True), (14, True), (-16, False), (16, False)]:
        with unittest.mock.patch(sends, return_value=time.time() + 60 * minutes):
            if accepted:
                api("clock").product_details(product=LICENSES["product"])
                check(f"a clock that is {minutes} minutes off", True)
            else:
                refused(f"a clock that is {minutes} minutes off", 400, "date_header_diff",
                        lambda: api("clock").product_details(product=LICENSES["product"]))


by_key()
units()
features()
seats()
by_user()
others()
offline()
refusals()
clocks()
print("every check held")
