"""The file life cycle through unmodified SDKs, against the server that standard input names.

Prints a line for each check, and ends with "every check held", or with what did not hold.
"""

import json
import os
import sys
import tempfile
import urllib.parse
import urllib.request

from storage_clients import CLIENTS, Slides, Words

# 256 byte values, and line ends and NUL in a row: whoever reads them as text changes them.
CONTENT = bytes(range(256)) + b"\r\n\0\n\r\r\n" * 3
NAMES = ("a b+c (1).bin", "plain.bin", "100%.bin", "caf\u00e9.bin")
REFUSALS = (400, 401)


class Failed(Exception):
    pass


def check(what, holds, seen=""):
    if not holds:
        raise Failed(f"{what}: {seen}")
    print(f"    {what}")


def outcome(call, *arguments):
    """The status with which a call fails, 0 when the SDK does not say it, `None` when it succeeds."""
    try:
        call(*arguments)
    except Exception as error:  # Each SDK has exceptions of its own, and its own name for the status.
        return getattr(error, "status", None) or getattr(error, "code", None) or 0
    return None


def live(name, client, folder, local):
    """Puts files through their life."""
    client.create_folder(f"{folder}/deep")
    for file_name in NAMES:
        path = f"{folder}/{file_name}"
        uploaded = client.upload(path, local)
        check(f"{name} uploads {file_name}", uploaded.uploaded == [file_name], uploaded)
        check(f"{name} sees it", client.exists(path))
        check(f"{name} lists it", file_name in client.names(folder), client.names(folder))
        client.copy(path, f"{folder}/deep/{file_name}")
        client.move(f"{folder}/deep/{file_name}", f"{folder}/deep/moved {file_name}")
        check(f"{name} downloads equal bytes", client.download(f"{folder}/deep/moved {file_name}") == CONTENT)
        client.delete_file(path)
        check(f"{name} deletes it", not client.exists(path))
    check(f"{name} is told of a missing file", outcome(client.download, f"{folder}/none.bin") == 404)
    client.delete_folder(folder)
    check(f"{name} deletes a folder with all in it", outcome(client.names, folder) == 404)


def refuse(name, make, wrong):
    """A wrong secret gives nothing, whether the SDK asks for a token at once or with its first call."""
    status = outcome(lambda: make(**wrong).exists("any/file.bin"))
    check(f"{name} is refused with a wrong secret", status in REFUSALS, status)


def revoke(setting, token):
    """Ends a token (RFC 7009), as if its time had come."""
    form = {"token": token, "client_id": setting["client_id"], "client_secret": setting["secret"]}
    body = urllib.parse.urlencode(form).encode("ascii")
    with urllib.request.urlopen(f"{setting['base']}/connect/revocation", body, timeout=20) as answer:
        answer.read()


def lose_no_content(name, make, setting):
    """A token that ends in the middle of an upload from a stream: an error, or the whole file, and never an empty one."""
    client = make(**setting)
    path = f"interrupted/{name}.bin"
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"before")
        file.seek(0)
        client.upload_stream(path, file)
    revoke(setting, client.token())
    with tempfile.NamedTemporaryFile() as file:
        file.write(CONTENT)
        file.seek(0)
        failed = outcome(client.upload_stream, path, file)
    stored = make(**setting).download(path)
    expected = CONTENT if failed is None else b"before"
    check(f"{name} loses nothing to a token that ends ({failed or 'repeated whole'})", stored == expected, stored)


def main():
    told = json.load(sys.stdin)
    setting = {"base": told["base_url"], "client_id": told["client_id"], "secret": told["client_secret"]}
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        local = os.path.join(folder, "local name.bin")
        with open(local, "wb") as file:
            file.write(CONTENT)
        for make in CLIENTS:
            name = make.__name__
            live(name, make(**setting), f"sdk {name}", local)
            # One of its own, because several failures of one pair are made to wait.
            refuse(name, make, dict(setting, secret=f"wrong-{name}"))
        for make in (Words, Slides):
            lose_no_content(make.__name__, make, setting)
    print("every check held")


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        print(f"FAILED: {error}")
        sys.exit(1)
