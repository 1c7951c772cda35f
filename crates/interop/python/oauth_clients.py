"""Generic OAuth clients in Python: each gets a token by discovery alone, and a standard library verifies it.

Reads a document with `issuer`, `client_id` and `client_secret` on standard input. Shares no code with the server: tokens are
fetched by Authlib and requests-oauthlib, and verified by PyJWT and joserfc. Exits with 0 when every check held.
"""

import faulthandler
import json
import os
import sys

import jwt
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests_oauthlib import OAuth2Session as RequestsOAuth2Session

from checks import check

LONGEST_RUN_SECONDS = 120


def verified_by_pyjwt(metadata, token):
    """Fetches the keys by URL alone and judges signature, issuer, audience and times."""
    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key.key,
        algorithms=[key.algorithm_name],
        issuer=metadata["issuer"],
        audience=metadata["issuer"] + "/resources",
        options={"require": ["exp", "iat", "iss", "sub", "aud", "jti"]},
    )


def verified_by_joserfc(metadata, token):
    """The same with another library."""
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=20).json())
    return joserfc_jwt.decode(token, keys, algorithms=["RS256", "ES256", "EdDSA"]).claims


def authlib_session(credentials, method):
    return OAuth2Session(credentials["client_id"], credentials["client_secret"], token_endpoint_auth_method=method)


def main():
    # The server under test speaks plain HTTP on loopback; oauthlib refuses that unless told.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    credentials = json.load(sys.stdin)
    metadata = requests.get(credentials["issuer"] + "/.well-known/openid-configuration", timeout=20).json()
    check("the metadata names the issuer", metadata["issuer"] == credentials["issuer"], metadata["issuer"])
    other = requests.get(credentials["issuer"] + "/.well-known/oauth-authorization-server", timeout=20).json()
    check("both documents name one token endpoint", other["token_endpoint"] == metadata["token_endpoint"])

    for method in ("client_secret_basic", "client_secret_post"):
        session = authlib_session(credentials, method)
        token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        claims = verified_by_pyjwt(metadata, token["access_token"])
        check(f"Authlib gets a token, {method}", claims["client_id"] == credentials["client_id"], claims)
        check("joserfc verifies it", verified_by_joserfc(metadata, token["access_token"]) == claims)
        narrow = session.fetch_token(
            metadata["token_endpoint"], grant_type="client_credentials", scope="storage.read"
        )
        check("a scope is narrowed", narrow["scope"] == "storage.read", narrow["scope"])
        asked = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
        check("the token is active", asked["active"] is True and asked["jti"] == claims["jti"], asked)
        revoked = session.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
        check("the token is revoked", revoked.status_code == 200, revoked.status_code)
        asked = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
        check("the revoked token is not active", asked == {"active": False}, asked)

    client = BackendApplicationClient(client_id=credentials["client_id"])
    session = RequestsOAuth2Session(client=client)
    fetch = {"token_url": metadata["token_endpoint"], "client_id": credentials["client_id"]}
    token = session.fetch_token(client_secret=credentials["client_secret"], **fetch)
    claims = verified_by_pyjwt(metadata, token["access_token"])
    check("requests-oauthlib gets a token", claims["sub"] == credentials["client_id"], claims)

    wrong = dict(credentials, client_secret=credentials["client_secret"] + "x")
    for method in ("client_secret_basic", "client_secret_post"):
        try:
            authlib_session(wrong, method).fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
            check(f"Authlib with a wrong secret, {method}", False, "it got a token")
        except OAuthError as error:
            check(f"Authlib is refused with a wrong secret, {method}", error.error == "invalid_client", error)
    try:
        RequestsOAuth2Session(client=BackendApplicationClient(client_id=credentials["client_id"])).fetch_token(
            client_secret=wrong["client_secret"], **fetch
        )
        check("requests-oauthlib with a wrong secret", False, "it got a token")
    except InvalidClientError:
        check("requests-oauthlib is refused with a wrong secret", True)
    print("every check held")


if __name__ == "__main__":
    faulthandler.dump_traceback_later(LONGEST_RUN_SECONDS, exit=True)
    main()
