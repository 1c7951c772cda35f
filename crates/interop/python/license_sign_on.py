"""The unmodified LicenseSpring SDK 3.1.7 and people who log in at a real OpenID provider (`../node/openid_provider.mjs`).

Reads from the standard input what the license door, the accounts and their providers are, prints one line for each check, and
ends with status 1 at the first that does not hold."""

import base64
import datetime
import json
import sys
import urllib.parse

import provider as providers
from licensespring.api import APIClient
from licensespring.api.error import ClientError
from licensespring.api.signature import SignatureVerifier
from licensespring.hardware import HardwareIdProvider
from provider import check

GIVEN = json.load(sys.stdin)
URL = urllib.parse.urlsplit(GIVEN["base_url"])
BACK, PRODUCT = GIVEN["redirect_uri"], GIVEN["product"]


class Verifier(SignatureVerifier):
    PUBLIC_KEY = GIVEN["public_key"]


class Hardware(HardwareIdProvider):
    def get_id(self):
        return "SDK-SSO-1"

    def get_ip(self):
        return "192.0.2.10"

    def get_mac_address(self):
        return "00:00:5E:00:53:01"


SDK = APIClient(
    api_key=GIVEN["api_key"],
    shared_key=GIVEN["shared_key"],
    hardware_id_provider=Hardware,
    signature_verifier=Verifier,
    api_protocol=URL.scheme,
    api_domain=URL.netloc,
)


def refused(what, call, code="sso_failed"):
    """A refusal is a 400 of the contract's form: the SDK takes everything else for an outage, and lets its licenses go on."""
    try:
        call()
    except ClientError as error:
        check(what, (error.status, error.code) == (400, code), repr(error))
        return
    check(what, False, "it was not refused")


def browse(url, person):
    return providers.browse(url, person, BACK)


def url_of(account, response_type):
    answer = SDK.sso_url(product=PRODUCT, customer_account_code=account, response_type=response_type)
    return answer["url"]


def parameters(url):
    return {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}


def changed(url, **changes):
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode({**parameters(url), **changes})))


def activate(account, **proof):
    return SDK.activate_license(product=PRODUCT, customer_account_code=account, **proof)


def by_code(account, person):
    return activate(account, code=browse(url_of(account, "code"), person)["code"])


def by_token(account, person):
    return activate(account, id_token=browse(url_of(account, "token"), person)["id_token"])


def licenses(account, **proof):
    """What the SDK has no call for yet: the same request with other members."""
    answer = SDK.send_request(
        method="get", endpoint="/user_licenses", params={"customer_account_code": account, **proof}
    )
    Verifier().verify_license_signature_v2(answer.content, answer.headers.get("LicenseSignature"))
    return answer.json()


def holder(license):
    return license["customer"]["customer_account"]["name"], license["user"]["email"]


def logins():
    url = url_of("Domains", "code")
    asked = parameters(url)
    check("a login by code has a challenge", asked.get("code_challenge_method") == "S256", asked)
    check("people are sent back to where the producer has laid down", asked["redirect_uri"] == BACK, asked)
    came = browse(url, "ada")
    check("the state comes back", came["state"] == asked["state"], came)
    license = activate("Domains", code=came["code"])
    check("activation by code", holder(license) == ("Domains", "ada@domains.test"), license)
    refused("a code works once", lambda: activate("Domains", code=came["code"]))
    seen = SDK.check_license(product=PRODUCT, username="ada@domains.test")
    check("check by name alone", seen["license_active"] is True, seen)

    token = browse(url_of("Domains", "token"), "ada")["id_token"]
    license = activate("Domains", id_token=token)
    check("activation by ID token", holder(license) == ("Domains", "ada@domains.test"), license)
    mine = licenses("Domains", id_token=token)
    check("the licenses of who logged in", [one["user"]["email"] for one in mine] == ["ada@domains.test"], mine)
    mine = licenses("Domains", code=browse(url_of("Domains", "code"), "ada")["code"])
    check("the same by code", len(mine) == 1, mine)
    SDK.deactivate_license(product=PRODUCT, username="ada@domains.test")


def people():
    refused("another domain", lambda: by_token("Domains", "eve"))
    refused("an address that is not verified", lambda: by_code("Domains", "una"))
    for activated in (by_code, by_token):
        license = activated("Claims", "grace")
        check("a claim lets somebody in", holder(license) == ("Claims", "grace@elsewhere.test"), license)
        SDK.deactivate_license(product=PRODUCT, username="grace@elsewhere.test")
        refused("without the claim nobody is let in", lambda: activated("Claims", "eve"))
    refused("nothing is assigned to him", lambda: by_token("Domains", "bob"), "license_not_found")


def tokens():
    began = url_of("Domains", "token")
    other = browse(changed(began, client_id="other"), "ada")["id_token"]
    refused("an ID token for another application", lambda: activate("Domains", id_token=other))
    stranger = browse(changed(began, nonce="a nonce of somebody else"), "ada")["id_token"]
    refused("an ID token with another nonce", lambda: activate("Domains", id_token=stranger))
    good = browse(began, "ada")["id_token"]
    refused("an ID token of another account's login", lambda: activate("Claims", id_token=good))
    header, claims, signature = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    said["email"] = "grace@domains.test"
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    # Somewhere else, because the provider's keys are looked for once a minute only when a token does not fit.
    refused("an altered ID token", lambda: activate("Late", id_token=f"{header}.{forged}.{signature}"))
    late = browse(url_of("Late", "token"), "ada")["id_token"]
    refused("an ID token that has ended", lambda: activate("Late", id_token=late))
    refused("a code with another challenge", lambda: activate(
        "Domains", code=browse(changed(url_of("Domains", "code"), code_challenge="x" * 43), "ada")["code"]))
    check("the good one still works", holder(activate("Domains", id_token=good))[0] == "Domains")


provider = providers.Provider(GIVEN, ["first"])
logins()
people()
tokens()
old = browse(url_of("Domains", "token"), "ada")["id_token"]
provider.stop()
refused("a provider that is down exchanges no code", lambda: activate("Domains", code="any"))
refused("one that was never asked has no URL", lambda: url_of("Down", "token"))
check("what is active goes on", SDK.check_license(product=PRODUCT, username="ada@domains.test")["license_active"])
provider = providers.Provider(GIVEN, ["second"])
check("a new key of the provider is found", holder(by_token("Domains", "ada"))[0] == "Domains")
refused("the old key is forgotten with it", lambda: activate("Domains", id_token=old))
check("and codes again", holder(by_code("Domains", "ada"))[0] == "Domains")
provider.stop()
print("every check held")
