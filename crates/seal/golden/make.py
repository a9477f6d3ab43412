"""Writes the golden files of this folder, from the documentation of the formats alone.

A second implementation of CSE1, CSW1 and CSK1 on Python's `cryptography`; it shares no code with the
crate, so a golden file proves the bytes and not only that they stayed the same.
Run: python3 make.py. A changed golden file is a new version number of its format.
"""

import hashlib
import hmac
import pathlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

KEY = bytes(range(32))
OTHER_KEY = b"\xff" * 32
NONCE = bytes(range(0x40, 0x58))
WORKSPACE, ROW, SUBJECT, KEY_ID = b"\xaa" * 16, b"\xbb" * 16, b"\xcc" * 16, b"\xdd" * 16


def cmac(key, block):
    mac = CMAC(AES(key))
    mac.update(block)
    return mac.finalize()


def xaes_seal(key, nonce, text, aad):
    derived = b"".join(cmac(key, bytes([0, n, 0x58, 0]) + nonce[:12]) for n in (1, 2))
    return AESGCM(derived).encrypt(nonce[12:], text, aad)


def field(purpose, key_no, table, column, text, row_version=None):
    shape = b"" if row_version is None else row_version.to_bytes(8, "big")
    header = bytes([1, 1, purpose, len(shape) // 8]) + key_no.to_bytes(4, "big")
    place = WORKSPACE + table.to_bytes(2, "big") + column.to_bytes(2, "big") + ROW + shape
    return header + NONCE + xaes_seal(KEY, NONCE, text, b"countersign/field/v1" + header + place)


def wrap(kind, parent, purpose, number, subject, key):
    header = bytes([1, 1, kind, 0]) + parent.to_bytes(4, "big")
    place = WORKSPACE + bytes([purpose]) + number.to_bytes(4, "big") + subject
    return header + NONCE + xaes_seal(KEY, NONCE, key, b"countersign/wrap/v1" + header + place)


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def key_object(state, purpose, number, subject, key):
    facts = (b"CSK1" + bytes([1, 2, state, purpose]) + number.to_bytes(4, "big") + bytes(4) + WORKSPACE + subject
             + (1000).to_bytes(8, "big") + (2000).to_bytes(8, "big"))
    commitment = hmac_sha256(key, b"countersign/commit/v1" + WORKSPACE + bytes([purpose]) + number.to_bytes(4, "big"))
    seal = hmac_sha256(key, b"countersign/record/v1" + facts)
    return facts + KEY_ID + commitment + wrap(2, 1, purpose, number, subject, key) + seal


def blind(table, column, value):
    return hmac_sha256(KEY, b"countersign/blind/v1" + table.to_bytes(2, "big") + column.to_bytes(2, "big") + value)[:16]


FILES = {
    "cse1-row": field(1, 0x01020304, 7, 1, "Reisekosten € 40".encode()),
    "cse1-row-version": field(1, 2, 9001, 1, b"golden", row_version=5),
    "cse1-padded": field(1, 3, 9, 1, (b"no" + b"\x80").ljust(64, b"\0")),
    "csw1-data-key": wrap(2, 1, 1, 9, SUBJECT, OTHER_KEY),
    "csk1-data-key": key_object(2, 8, 9, SUBJECT, OTHER_KEY),
    "blind-email": blind(2, 2, b"owner@sample.test"),
}

for name, content in FILES.items():
    pathlib.Path(__file__).with_name(name + ".hex").write_text(content.hex() + "\n")
