"""Checks a dossier that was taken along as Deploy/runbooks/onestop-forms.md describes it, sharing no code with LiênThông:
verify_bundle.py BUNDLE KEYS.

Prints "proven" or "refused"."""

import base64
import hashlib
import json
import struct
import sys
import zipfile

from cryptography.exceptions import InvalidSignature

from verify_receipt import columns, read_keys, verify


def check(bundle, keys):
    files = {info.filename: bundle.read(info) for info in bundle.infolist()}
    text = files.pop("MANIFEST.txt")
    first, *lines = text.decode().removesuffix("\n").split("\n")
    if first != "lienthong bundle 1":
        raise ValueError("no manifest")
    facts = dict(line.split(": ", 1) for line in lines if not line.startswith("file: "))
    if facts["service"] != "onestop":
        raise ValueError("another service")
    # Only OneStop has dossiers, whoever else's keys are known: of the manifest, and of every receipt.
    keys = {owner: key for owner, key in keys.items() if owner[0] == "onestop"}
    keys[("onestop", facts["key"])].verify(base64.b64decode(files.pop("MANIFEST.sig")), text)
    listed = {}
    for line in lines[len(facts):]:
        _, digest, size, path = line.split(" ", 3)
        listed[path] = (digest, int(size))
    if {path: (hashlib.sha256(data).hexdigest(), len(data)) for path, data in files.items()} != listed:
        raise ValueError("other files")
    for version in range(1, int(facts["version"]) + 1):
        receipt = json.loads(files[f"receipts/{version:04}.json"])
        verify(receipt, keys)
        event = [content for _, content in columns(base64.b64decode(receipt["event"]))]
        if (event[4], event[5].decode()) != (b"dossier", facts["dossier"]) or struct.unpack(">q", event[6])[0] != version:
            raise ValueError("a receipt of another event")


try:
    with zipfile.ZipFile(sys.argv[1]) as archive:
        check(archive, read_keys(sys.argv[2]))
    print("proven")
except (InvalidSignature, ValueError, KeyError, struct.error, zipfile.BadZipFile):
    print("refused")
