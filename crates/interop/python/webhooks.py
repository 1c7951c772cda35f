"""Verifies webhooks with the reference library of Standard Webhooks, and reads CloudEvents with their SDK."""

import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


def verify(case):
    """Whether the library believes a webhook."""
    try:
        Webhook(case["secret"]).verify(case["body"], case["headers"])
        return True
    except WebhookVerificationError:
        return False


def main():
    cases = json.load(sys.stdin)
    for case in cases:
        believed = verify(case)
        assert believed == case["good"], f"{case['name']}: the library says {believed}"
        if case["good"] and case["format"] == "cloudevents":
            event = from_http_event(HTTPMessage(case["headers"], case["body"].encode()))
            sent = json.loads(case["body"])
            for name in ("id", "type", "source", "subject", "specversion"):
                value = event.get_attributes()[name]
                assert value == sent[name], f"{case['name']}: {name} is {value!r}"
            assert event.get_data() == sent["data"], case["name"]
    print(f"every check held ({len(cases)} webhooks)")


main()
