"""Device tokens: good ones by PyJWT, and forged ones that PyJWT would rightly refuse to make, by hand."""

import base64
import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signatures import encode

HOUR = 3600
# The server allows a skew of 60 s, so this is expired for everybody.
LONG_AGO = 120


def new_key():
    """A key pair of the size that every producer tool makes."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_der(key):
    """SubjectPublicKeyInfo in DER."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_pem(key):
    """SubjectPublicKeyInfo in PEM."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_base64(key):
    """The form in which a producer uploads the key."""
    return base64.b64encode(public_der(key)).decode("ascii")


def good_token(key, **more_claims):
    """A token as any producer's tool makes it."""
    return jwt.encode({"exp": int(time.time()) + HOUR, **more_claims}, key, algorithm="RS256")


def bad_requests(key):
    """Pairs of what is wrong, the headers of the request, and the error key that the poll must answer with."""
    now = int(time.time())
    good = {"exp": now + HOUR}
    header = '{"alg":"RS256","typ":"JWT"}'
    none, shared, turned = '{"alg":"none"}', '{"alg":"HS256"}', '{"alg":"RS256","alg":"none"}'
    return [
        ("no header", {}, "auth.token.missing"),
        ("not Bearer", {"Authorization": "Basic " + good_token(key)}, "auth.token.missing"),
        ("another key", bearer(good_token(new_key())), "auth.token.signature"),
        ("a claim changed after signing", bearer(with_other_claims(good_token(key))), "auth.token.signature"),
        ("alg none, no signature", bearer(forge(none, good, nothing)), "auth.token.malformed"),
        ("alg none, signed", bearer(forge(none, good, rs256(key))), "auth.token.malformed"),
        ("HS256 with the PEM", bearer(forge(shared, good, hs256(public_pem(key)))), "auth.token.malformed"),
        ("HS256 with the DER", bearer(forge(shared, good, hs256(public_der(key)))), "auth.token.malformed"),
        ("two alg members", bearer(forge('{"alg":"none","alg":"RS256"}', good, rs256(key))), "auth.token.malformed"),
        ("two alg members, turned", bearer(forge(turned, good, rs256(key))), "auth.token.malformed"),
        ("no alg", bearer(forge('{"typ":"JWT"}', good, rs256(key))), "auth.token.malformed"),
        ("three parts of garbage", bearer("Zm9v.YmFy.YmF6"), "auth.token.malformed"),
        ("three parts, not base64url", bearer("!!!.???.***"), "auth.token.malformed"),
        ("two parts", bearer(good_token(key).rsplit(".", 1)[0]), "auth.token.malformed"),
        ("padding in a part", bearer(good_token(key) + "=="), "auth.token.malformed"),
        ("expired", bearer(forge(header, {"exp": now - LONG_AGO}, rs256(key))), "auth.token.expired"),
        ("no exp", bearer(forge(header, {}, rs256(key))), "auth.token.expired"),
        ("exp as a string", bearer(forge(header, {"exp": str(now + HOUR)}, rs256(key))), "auth.token.expired"),
    ]


def good_headers(key):
    """Pairs of what is unusual, and headers that must be accepted all the same."""
    return [
        ("a bearer token", bearer(good_token(key))),
        ("lower case and blanks around", {"Authorization": "bearer   " + good_token(key) + " "}),
        ("an expiry with a fraction", bearer(good_token(key, exp=time.time() + HOUR + 0.5))),
        ("claims and header members nobody asked for", bearer(good_token(key, iss="acme", aud="anyone", jti="1"))),
    ]


def bearer(token):
    """The one header that carries a token."""
    return {"Authorization": "Bearer " + token}


def forge(header, claims, signer):
    """A compact token with exactly this header text."""
    signed = encode(header.encode("utf-8")) + "." + encode(json.dumps(claims).encode("utf-8"))
    return signed + "." + encode(signer(signed.encode("ascii")))


def with_other_claims(token):
    """The same header and signature around claims that expire later."""
    header, _claims, signature = token.split(".")
    return ".".join([header, encode(json.dumps({"exp": int(time.time()) + 2 * HOUR}).encode("utf-8")), signature])


def nothing(_signed):
    """No signature at all."""
    return b""


def rs256(key):
    """Signs as RS256 demands."""
    return lambda signed: key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


def hs256(secret):
    """Signs with a shared secret, here always one that is public."""
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()
