"""The OpenID provider of `../node/openid_provider.mjs`, and a browser: an HTTP client with cookies that opens the URL which an application
was given, logs in at the provider, and takes what stands in the URL that the provider sends it back to."""

import json
import os
import subprocess
import sys
import urllib.parse

import requests

LONGEST = 20


def check(what, holds, seen=""):
    if not holds:
        print(f"FAILED: {what}: {seen}")
        sys.exit(1)
    print(f"ok: {what}")


class Provider:
    """The provider, as a process of its own."""

    def __init__(self, given, keys):
        node, script, port = given["node"], given["provider_script"], given["port"]
        environment = {"NODE_PATH": given["node_packages"], "PATH": os.environ["PATH"]}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen([node, script], env=environment, text=True, **pipes)
        wanted = dict(port=port, keys=keys, people=given["people"], clients=given["clients"])
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        self.issuer = self.process.stdout.readline().strip()
        check(f"the provider serves with the keys {keys}", self.issuer.startswith("http://127.0.0.1:"), self.issuer)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=LONGEST)


def browse(url, person, back):
    """Logs a person in, and gives the parameters that the application behind the URL `back` would be sent."""
    browser = requests.Session()
    browser.trust_env = False
    answer = browser.get(url, allow_redirects=False, timeout=LONGEST)
    for _ in range(8):
        if answer.status_code == 200:
            answer = browser.post(answer.url, data={"login": person}, allow_redirects=False, timeout=LONGEST)
            continue
        check("the provider leads on", answer.status_code in (302, 303), (answer.status_code, answer.text))
        to = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        if to.startswith(back):
            parts = urllib.parse.urlsplit(to)
            return {name: values[0] for name, values in urllib.parse.parse_qs(parts.query or parts.fragment).items()}
        answer = browser.get(to, allow_redirects=False, timeout=LONGEST)
    check("the provider comes to an end", False, answer.url)
