"""HTTP of the Python device: the standard library only, no redirects, no proxy, every wait bounded."""

import json
import time
import urllib.error
import urllib.request

REQUEST_SECONDS = 20
POLL_SECONDS = 60
LONGEST_PAUSE_SECONDS = 5
# Anything but a file; a larger answer is a fault of the server, not something to read on.
LARGEST_ANSWER = 1 << 20


class Answer:
    """One answer, read whole."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        """The body as JSON; a member that occurs twice is an error."""
        return parse_json(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:300]!r}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Device clients may not follow redirects, so an answer that needs one is an answer like any other."""

    def redirect_request(self, *_arguments):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())


def parse_json(raw):
    """Parses JSON and refuses objects that name a member twice: two readers could see two values."""

    def once(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError(f"an object names a member twice: {[name for name, _ in pairs]}")
        return members

    return json.loads(raw, object_pairs_hook=once)


def open_url(method, url, headers=None, body=None):
    """Sends one request and returns the open response, whatever its status."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        return OPENER.open(request, timeout=REQUEST_SECONDS)
    except urllib.error.HTTPError as error:
        return error


def send(method, url, headers=None, document=None):
    """Sends one request, with a JSON document if one is given, and reads the whole answer."""
    headers = dict(headers or {})
    body = None
    if document is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(document).encode("utf-8")
    with open_url(method, url, headers, body) as response:
        raw = response.read(LARGEST_ANSWER + 1)
        if len(raw) > LARGEST_ANSWER:
            raise ValueError(f"{method} {url} answers with more than {LARGEST_ANSWER} bytes")
        return Answer(response.status, response.headers, raw)


def poll(url):
    """Asks until the answer is something else than 202, without any credential, at the pace the server asks for."""
    deadline = time.monotonic() + POLL_SECONDS
    while True:
        answer = send("GET", url)
        if answer.status != 202:
            return answer
        pause = pause_of(answer.headers.get("Retry-After"))
        if time.monotonic() + pause > deadline:
            raise TimeoutError(f"no answer within {POLL_SECONDS} s")
        time.sleep(pause)


def pause_of(retry_after):
    """How long to wait, from a Retry-After in seconds; a missing or odd value counts as one second."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return 1
    return min(int(retry_after), LONGEST_PAUSE_SECONDS)
