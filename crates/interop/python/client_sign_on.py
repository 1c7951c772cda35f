"""An example of our own license client, in whatever language, whose users log in at a real OpenID provider.

Reads from the standard input what the accounts and their provider are, and how the example is run; prints what the example prints, and ends
with status 1 when something does not hold. It is the person at the browser: opens each URL that the example names, and types what came
back."""

import json
import subprocess
import sys

from provider import Provider, browse, check

GIVEN = json.load(sys.stdin)
COMMAND = GIVEN["command"]


def typed(url):
    came = browse(url, "ada", GIVEN["redirect_uri"])
    return came.get("code") or came["id_token"]


provider = Provider(GIVEN, ["first"])
pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
example = subprocess.Popen(COMMAND, env=GIVEN["environment"], text=True, **pipes)
printed = []
for line in example.stdout:
    printed.append(line.rstrip("\n"))
    print(printed[-1])
    if line.startswith("log in at "):
        example.stdin.write(typed(line.removeprefix("log in at ").strip()) + "\n")
        example.stdin.flush()
check("the example came to its end", example.wait(timeout=20) == 0 and printed[-1] == "done", printed)
licenses = [line for line in printed if line.startswith("license: ")]
check("by code and by ID token", len(licenses) == 2, printed)
for license in licenses:
    holder = json.loads(license.removeprefix("license: "))["user"]["email"]
    check("it is the license of who logged in", holder == "ada@domains.test", holder)
check("a code works once", "refused: sso_failed" in printed, printed)
provider.stop()
print("every check held")
