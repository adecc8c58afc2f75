"""Checks a receipt as Deploy/runbooks/receipts.md describes it, sharing no code with LiênThông:
verify_receipt.py RECEIPT KEYS [SERVICE].

KEYS is PEM, with a line "service: NAME" before each key; SERVICE says whose those are that have none. Prints "proven" or
"refused"."""

import base64
import hashlib
import json
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

BEGIN, END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


def sha(data):
    return hashlib.sha256(data).digest()


def climb(node, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    last = size - 1
    for step in map(bytes.fromhex, path):
        if last == 0:
            raise ValueError("path too long")
        if index % 2 == 1 or index == last:
            node = sha(b"\x01" + step + node)
            while index % 2 == 0 and index != 0:
                index, last = index // 2, last // 2
        else:
            node = sha(b"\x01" + node + step)
        index, last = index // 2, last // 2
    if last != 0:
        raise ValueError("path too short")
    return node


def columns(record):
    """Type and bytes of each column."""
    (count,) = struct.unpack_from(">i", record)
    at, found = 4, []
    for _ in range(count):
        kind, length = struct.unpack_from(">ii", record, at)
        at += 8
        found.append((kind, None if length < 0 else record[at : at + length]))
        at += max(0, length)
    if at != len(record):
        raise ValueError("bytes left over")
    return found


def read_keys(path, service=None):
    """By the service that the line before a key names, and by its name in statements."""
    with open(path, encoding="utf-8") as file:
        parts = file.read().split(BEGIN)
    keys = {}
    for before, part in zip([END + parts[0]] + parts[1:], parts[1:]):
        key = load_pem_public_key((BEGIN + part.partition(END)[0] + END).encode())
        named = [line[9:].strip() for line in before.partition(END)[2].splitlines() if line.startswith("service: ")]
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        keys[(named[-1] if named else service, sha(raw)[:8].hex())] = key
    return keys


def verify(receipt, keys):
    statement = receipt["statement"]
    first, *rest = statement.split("\n")
    lines = dict(line.split(": ", 1) for line in rest if line)
    if first != "lienthong seal 1" or len(lines) != 9:
        raise ValueError("no statement")
    # Whose key it is, is not for the statement to say.
    keys[(lines["service"], lines["key"])].verify(base64.b64decode(receipt["signature"]), statement.encode())
    first, last = map(int, lines["ticks"].split("-"))
    record = base64.b64decode(receipt["event"])
    kinds = [kind for kind, _ in columns(record)]
    if kinds != [20, 5069, 23, 2950, 25, 25, 20, 25, 25, 25, 25, 1184, 114]:
        raise ValueError("no row of an event log")
    json.loads(columns(record)[12][1])
    root = climb(sha(b"\x00" + record), receipt["place"] - 1, receipt["tickEvents"], receipt["eventPath"])
    entry = struct.pack(">iqi", int(lines["epoch"]), receipt["tick"], receipt["tickEvents"]) + root
    top = climb(sha(b"\x00" + entry), receipt["tick"] - first, last - first + 1, receipt["tickPath"])
    if not first <= receipt["tick"] <= last or top.hex() != lines["root"]:
        raise ValueError("another root")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        given = json.load(file)
    try:
        verify(given, read_keys(*sys.argv[2:4]))
        print("proven")
    except (InvalidSignature, ValueError, KeyError, struct.error):
        print("refused")
