"""Writes the wheel: these Python files and one built C library, as a zip file. `cargo xtask wheel` calls it.

    build_wheel.py VERSION LIBRARY LICENSE_FILE FOLDER

Prints the path of the wheel. Equal input gives an equal file."""

import base64
import hashlib
import pathlib
import sys
import sysconfig
import zipfile

NAME = "countersign_license"
HERE = pathlib.Path(__file__).parent
#: The first date that a zip file can have: the time of the build is nobody's business.
DATE = (1980, 1, 1, 0, 0, 0)


def main(version: str, library: pathlib.Path, terms: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    # Any Python 3 can load it, on this platform alone: it calls the library by ctypes, not by Python's own interface.
    tag = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
    about = f"{NAME}-{version}.dist-info"
    sources = sorted((HERE / NAME).glob("*.py")) + [HERE / NAME / "py.typed", library]
    contents = {f"{NAME}/{source.name}": source.read_bytes() for source in sources}
    contents[f"{about}/licenses/LICENSE"] = terms.read_bytes()
    contents[f"{about}/METADATA"] = metadata(version).encode()
    contents[f"{about}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: countersign ({version})\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    )
    lines = [f"{path},sha256={digest(content)},{len(content)}" for path, content in contents.items()]
    contents[f"{about}/RECORD"] = "\n".join([*lines, f"{about}/RECORD,,", ""]).encode()

    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{NAME}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(path, DATE)
            entry.external_attr = (0o755 if path.endswith(library.name) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return wheel


def metadata(version: str) -> str:
    readme = (HERE / "README.md").read_text()
    return (
        f"Metadata-Version: 2.4\nName: countersign-license\nVersion: {version}\n"
        "Summary: The license client of Countersign: activates, checks, counts, shares seats, works offline\n"
        "License-Expression: Apache-2.0\nLicense-File: LICENSE\nRequires-Python: >=3.9\n"
        f"Description-Content-Type: text/markdown\n\n{readme}"
    )


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    print(main(sys.argv[1], *map(pathlib.Path, sys.argv[2:])))
