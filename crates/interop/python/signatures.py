"""Verification of signed answers: flattened JWS (RFC 7515 section 7.2.2) with RS256 and nothing else."""

import base64
import binascii
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from transport import parse_json

PROTECTED_HEADER = b'{"alg":"RS256"}'


class NotAuthentic(Exception):
    """The answer is not one that the holder of the key has signed."""


def public_key_of(text):
    """The RSA key from base64 of its SubjectPublicKeyInfo in DER, as the key endpoint returns it."""
    key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
        raise NotAuthentic("the signing key is not RSA with at least 2048 bits")
    return key


def verify_flattened(raw, public_key):
    """Verifies the transmitted strings and returns the payload bytes; the payload is not looked at before that."""
    answer = parse_json(raw)
    if not isinstance(answer, dict) or set(answer) != {"payload", "protected", "signature"}:
        raise NotAuthentic(f"the members are not payload, protected and signature: {raw[:200]!r}")
    if not all(isinstance(value, str) for value in answer.values()):
        raise NotAuthentic("a member is not a string")
    signed = (answer["protected"] + "." + answer["payload"]).encode("ascii")
    try:
        public_key.verify(decode(answer["signature"]), signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise NotAuthentic("the signature does not verify") from None
    if decode(answer["protected"]) != PROTECTED_HEADER:
        raise NotAuthentic(f"the protected header is {decode(answer['protected'])!r}")
    return decode(answer["payload"])


def decode(text):
    """Strict base64url: no padding, no other alphabet, no stray bits at the end."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise NotAuthentic(f"not base64url without padding: {text[:60]!r}")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise NotAuthentic(f"not base64url: {text[:60]!r}") from None
    if encode(raw) != text:
        raise NotAuthentic(f"base64url with stray bits: {text[-10:]!r}")
    return raw


def encode(raw):
    """base64url without padding, as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
