"""Checks of the Python device without a server: a device that accepts everything would prove nothing."""

import http.server
import json
import threading
import unittest

import jwt

import checks
import tokens
import transport
from signatures import NotAuthentic, decode, encode, public_key_of, verify_flattened

# Section 15.2 of the updates contract: made with other tools, so this side is not judged by its own words.
SIGNING_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqso+HBVOy+vu4BJo3CWJNF6Y6o1FmAx/SEu/shtRZAaoEIZExwHtyRik9MOmKPIdssOa"
    "h6gO748N9fDCR6KchVICi38PLRKEPvB9fxMMMIG9xF/Wt1OBzMcz5hZC9voRQx4UDtjCB83wqjikv5OFP8fxux8kFKGiFlbj/i/LbQWZDbn8JhoU"
    "lE3y5/HuzkWnkfFHXKAvPuIlfyPA+ag7+Jfgxou9MgjcQxQcIh8f4DiKW142Uj436exZ7NZ1sE1AvUQi35KofvJ5BWm1Y942UqgUXwZKkdniSh6I"
    "V8w7DDNb4TaKVHU2vJ+t5IBmdMiViXrymxUb9ANpLsr43iuvVwIDAQAB"
)
SIGNED_MANIFEST = {
    "payload": (
        "eyJtYW5pZmVzdFZlcnNpb24iOiIxLjAiLCJtYW5pZmVzdEZpbGVzIjpbeyJmaWxlVXJsIjoiaHR0cHM6Ly9kbC5leGFtcGxlLm5ldC9mLzlj"
        "MWUvcHVtcC1mdy00LjIuMS5iaW4iLCJmaWxlU2l6ZSI6IjEwNDg1NzYiLCJtZDVIYXNoIjoiYjZkODFiMzYwYTU2NzJkODBjMjc0MzBmMzkx"
        "NTNlMmMiLCJzaGEyNTZIYXNoIjoiMzBlMTQ5NTVlYmYxMzUyMjY2ZGMyZmY4MDY3ZTY4MTA0NjA3ZTc1MGFiYjlkM2IzNjU4MmI4YWY5MDlm"
        "Y2I1OCIsImV4ZWN1dGUiOiJubyJ9XX0"
    ),
    "protected": "eyJhbGciOiJSUzI1NiJ9",
    "signature": (
        "afdKqaIbo9e2952lj7ZvEccT1FDJqQenCX2mu2XL3QwRJakozGuBQqk0eCOp-iy23eeU8P5005IhanXeWyVOveLNsu8MdUxgCDkwTOQAipaz"
        "EMxPemYfcJwENX6iVmcoJgLcDh3_EIHDiUNKu0mgvMUNvrYbEmYZTOPNdg4bFAVtbMM_YuU3R7cnzo2HC3XYh2zBBOeYxMMaUJM3RlNlLNlG"
        "j1eF-21yuR1ECD57UiR5wEOiao6g-gfuwdJNxsFR2SRDNXZt-LNNM90d2-0nZE4rOZqalgB3PpTJ_bJwXaWcKRP4q4mXoJwTbpagJMgplMnr"
        "7ehmygv77-NKtjnGNQ"
    ),
}


class SignedAnswers(unittest.TestCase):
    def verify(self, **changes):
        raw = json.dumps({**SIGNED_MANIFEST, **changes}).encode("utf-8")
        return verify_flattened(raw, public_key_of(SIGNING_KEY))

    def test_the_vector_verifies(self):
        self.assertEqual(json.loads(self.verify())["manifestVersion"], "1.0")

    def test_one_changed_character_is_found(self):
        with self.assertRaises(NotAuthentic):
            self.verify(payload=SIGNED_MANIFEST["payload"][:-1] + "1")

    def test_another_header_is_refused_even_when_signed(self):
        key = tokens.new_key()
        for header in (b'{"alg":"RS256","kid":"1"}', b'{"alg": "RS256"}', b'{"alg":"RS512"}'):
            signed = encode(header) + "." + encode(b"{}")
            signature = encode(tokens.rs256(key)(signed.encode("ascii")))
            document = {"protected": encode(header), "payload": encode(b"{}"), "signature": signature}
            with self.assertRaises(NotAuthentic):
                verify_flattened(json.dumps(document).encode("utf-8"), key.public_key())

    def test_other_members_are_refused(self):
        with self.assertRaises(NotAuthentic):
            self.verify(header={})
        with self.assertRaises(ValueError):
            verify_flattened(b'{"payload":"","payload":"","protected":"","signature":""}', public_key_of(SIGNING_KEY))

    def test_base64url_is_strict(self):
        self.assertEqual(decode("Zm8"), b"fo")
        for text in ("Zm8=", "Zm9", "Z", "+/", "Zm 8"):
            with self.assertRaises(NotAuthentic):
                decode(text)


class Tokens(unittest.TestCase):
    def test_good_tokens_are_good_for_others_too(self):
        key = tokens.new_key()
        for _what, headers in tokens.good_headers(key):
            jwt.decode(headers["Authorization"].split()[1], key.public_key(), ["RS256"], options={"verify_aud": False})

    def test_bad_tokens_are_bad_for_others_too(self):
        key = tokens.new_key()
        # PyJWT takes the last of two members, demands no expiry, reads one from a string, and forgives padding.
        lenient = {"two alg members", "exp as a string", "no exp", "padding in a part"}
        for what, headers, _key in tokens.bad_requests(key):
            value = headers.get("Authorization", "")
            if not value.startswith("Bearer ") or what in lenient:
                continue
            with self.assertRaises(jwt.PyJWTError, msg=what):
                jwt.decode(value.split()[1], key.public_key(), ["RS256"])


class Forms(unittest.TestCase):
    def test_types_are_exact(self):
        form = {"language": int, "name": str}
        self.assertTrue(checks.has_form({"language": 1033, "name": ""}, form))
        for document in ({"language": "1033", "name": ""}, {"language": True, "name": ""}, {"language": 1033}, [],
                         {"language": 1033, "name": "", "more": 1}, {"language": 1033, "name": None}):
            self.assertFalse(checks.has_form(document, form), document)

    def test_only_three_empty_strings_are_a_success(self):
        def outcome(status, body):
            return transport.Answer(status, {}, body)

        checks.check_done("told", outcome(200, b'{"arguments":"","key":"","message":""}'))
        for answer in (outcome(202, b'{"arguments":"","key":"","message":""}'), outcome(200, b"{}"), outcome(200, b"null"),
                       outcome(200, b'{"arguments":"","key":"device.unknown","message":""}'),
                       outcome(200, b'{"arguments":"","key":"","message":"","more":""}')):
            with self.assertRaises(checks.Failed):
                checks.check_done("told", answer)

    def test_a_failed_check_ends_the_run(self):
        with self.assertRaisesRegex(checks.Failed, "sky: green"):
            checks.check("sky", False, "green")


class Polling(unittest.TestCase):
    def test_the_pace_is_the_servers_within_limits(self):
        self.assertEqual(transport.pause_of("2"), 2)
        self.assertEqual(transport.pause_of("86400"), transport.LONGEST_PAUSE_SECONDS)
        self.assertEqual(transport.pause_of(None), 1)
        self.assertEqual(transport.pause_of("-1"), 1)

    def test_polls_until_there_is_a_verdict_and_sends_no_token(self):
        answers = [(202, {"Retry-After": "0"}), (202, {"Retry-After": "0"}), (401, {})]
        seen = []

        class Server(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.headers.get("Authorization"))
                status, headers = answers[len(seen) - 1]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            answer = transport.poll(f"http://127.0.0.1:{server.server_port}/x")
            server.shutdown()
        self.assertEqual((answer.status, answer.json(), seen), (401, {}, [None, None, None]))


if __name__ == "__main__":
    unittest.main()
