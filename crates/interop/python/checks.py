"""The checks of the Python device: each prints one line, the first that fails ends the run."""

import re

UPDATE_ITEM = {
    "updateId": str,
    "updateName": str,
    "title": str,
    "description": str,
    "productName": str,
    "fromPackageId": str,
    "toPackageId": str,
    "languageCode": int,
    "startDate": str,
    "expireDate": str,
    "commandLine": str,
    "manifestURL": str,
}
MANIFEST_FILE = {"fileUrl": str, "fileSize": str, "md5Hash": str, "sha256Hash": str, "execute": str}
ERROR = {"arguments": str, "key": str, "message": str}
NO_ERROR = {"arguments": "", "key": "", "message": ""}
DATE = r"(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/[0-9]{4}"


class Failed(Exception):
    """A check did not hold."""


def check(what, holds, found=""):
    """Prints the line of one check; `found` tells the reader what was there instead."""
    if not holds:
        raise Failed(f"{what}: {found}" if found != "" else what)
    print(f"ok    {what}", flush=True)


def check_accepted(what, answer, own_path):
    """A POST is always answered with 202 and the path to poll."""
    check(f"{what}: 202", answer.status == 202, answer)
    document = answer.json()
    fits = isinstance(document, dict) and set(document) == {"url"} and isinstance(document["url"], str)
    check(f"{what}: the body has only a url, below the path of the question",
          fits and document["url"].startswith(own_path + "/"), answer)
    return document["url"]


def check_error(what, answer, status, key):
    """An unsigned refusal: its status and the error object with exactly three strings."""
    check(f"{what}: {status}", answer.status == status, answer)
    document = answer.json()
    check(f"{what}: the error object says {key}", has_form(document, ERROR) and document["key"] == key, answer)


def check_done(what, answer):
    """An outcome that is a success: 200 with an error object of three empty strings."""
    check(f"{what}: 200", answer.status == 200, answer)
    check(f"{what}: success is three empty strings", answer.json() == NO_ERROR, answer)


def check_poll_headers(what, answer):
    """What every poll answer carries."""
    media_type = answer.headers.get("Content-Type", "")
    check(f"{what}: is JSON", media_type.split(";")[0].strip().lower() == "application/json", media_type)
    caching = answer.headers.get("Cache-Control", "")
    check(f"{what}: is not to be stored by caches", "no-store" in caching, caching)


def check_updates(payload, question):
    """The update list of a question that some update answers."""
    check("updates: exactly updateItems and error",
          isinstance(payload, dict) and set(payload) == {"updateItems", "error"}, payload)
    check("updates: no error is three empty strings", payload["error"] == NO_ERROR, payload["error"])
    items = payload["updateItems"]
    check("updates: at least one", isinstance(items, list) and len(items) > 0, items)
    for item in items:
        check("update: the twelve members with their types", has_form(item, UPDATE_ITEM), item)
        check("update: starts from the installed package", item["fromPackageId"] == question["updateFromPkgId"], item)
        check("update: leads to another package", item["toPackageId"] not in ("", item["fromPackageId"]), item)
        check("update: the language that was asked for", item["languageCode"] == question["language"], item)
        check("update: start date is MM/DD/YYYY", re.fullmatch(DATE, item["startDate"]), item)
        check("update: expiry date is MM/DD/YYYY or empty", re.fullmatch(f"({DATE})?", item["expireDate"]), item)
        check("update: the manifest URL is one of the signed family",
              re.fullmatch(r"/uai/2\.0/signed-updates/manifests/[0-9a-f-]{36}", item["manifestURL"]), item)
    return items


def check_manifest(payload, base_url):
    """A manifest with at least one file, all on this server."""
    check("manifest: exactly manifestVersion and manifestFiles",
          isinstance(payload, dict) and set(payload) == {"manifestVersion", "manifestFiles"}, payload)
    check("manifest: the version", payload["manifestVersion"] == "1.0", payload)
    files = payload["manifestFiles"]
    check("manifest: at least one file", isinstance(files, list) and len(files) > 0, files)
    for entry in files:
        check("file: the five members, all strings", has_form(entry, MANIFEST_FILE), entry)
        check("file: the size is decimal digits", re.fullmatch(r"0|[1-9][0-9]*", entry["fileSize"]), entry)
        check("file: MD5 in lower-case hex", re.fullmatch(r"[0-9a-f]{32}", entry["md5Hash"]), entry)
        check("file: SHA-256 in lower-case hex", re.fullmatch(r"[0-9a-f]{64}", entry["sha256Hash"]), entry)
        check("file: execute is yes or no", entry["execute"] in ("yes", "no"), entry)
        check("file: the URL is absolute and on this server", entry["fileUrl"].startswith(base_url + "/"), entry)
    return files


def has_form(document, form):
    """Exactly these members, exactly these types; in Python a boolean is an integer, in JSON it is not."""
    return isinstance(document, dict) and set(document) == set(form) and all(
        isinstance(document[name], kind) and not isinstance(document[name], bool) for name, kind in form.items()
    )
