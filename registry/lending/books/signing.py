"""Signed papers: the PDF as it is, and behind its end some lines that no reader shows, with key and signature.

    %BRICKYARD-STATEMENT-1
    % month: 2026-11
    % book: 1204:5be0...            the last transfer that was written then, and its hash
    % key: d75a98...                Ed25519, 32 bytes
    % signature: 92a009...          64 bytes, over every byte of the file before this line

The last line has 142 bytes, so `head -c -142 FILE` is what was signed, for any other program. Source: RFC 8032.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.errors import Invalid

_BEGINS = b"\n%BRICKYARD-STATEMENT-1\n"
_TAIL = re.compile(
    rb"%BRICKYARD-STATEMENT-1\n% month: (20[0-9]{2}-[01][0-9])\n% book: ([0-9]{1,18}):([0-9a-f]{64})\n"
    rb"% key: ([0-9a-f]{64})\n% signature: ([0-9a-f]{128})\n"
)
STATEMENT_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signed statement says of itself, once its signature was found good."""

    month: str
    head_seq: int
    head_hash: str
    public_key: str
    signature: str

    @property
    def fingerprint(self) -> str:
        """The key's, as papers and pages print it."""
        return fingerprint(self.public_key)


def _private(secret: str) -> Ed25519PrivateKey:
    """The instance's key: made from its secret, so that it is the same on every host and needs no further file."""
    seed = hmac.new(secret.encode("utf-8"), b"brickyard: monthly statement", hashlib.sha256).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key(secret: str) -> str:
    """The public half of the instance's key, in hexadecimal."""
    return _private(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def public_pem(key: str) -> str:
    """A public key as other programs read it."""
    known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    return known.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def fingerprint(key: str) -> str:
    """The first half of a public key's sha256, in groups of four: short enough to be read out."""
    digest = hashlib.sha256(bytes.fromhex(key)).hexdigest()[:32]
    return " ".join(digest[place : place + 4] for place in range(0, 32, 4))


def sign(pdf: bytes, secret: str, month: str, head_seq: int, head_hash: str) -> tuple[bytes, str]:
    """A PDF with its signature behind it. Returns: the file, and the signature in hexadecimal."""
    begun = pdf.rstrip(b"\n") + _BEGINS + f"% month: {month}\n% book: {head_seq}:{head_hash}\n".encode("ascii")
    begun += f"% key: {public_key(secret)}\n".encode("ascii")
    signature = _private(secret).sign(begun).hex()
    return begun + f"% signature: {signature}\n".encode("ascii"), signature


def verify(content: bytes) -> Signed:
    """What a signed statement says of itself. Raises: Invalid if it is none, or if a single byte of it was changed."""
    at = content.rfind(_BEGINS)
    found = _TAIL.fullmatch(content, at + 1) if at >= 0 and content.startswith(b"%PDF-") else None
    if found is None:
        raise Invalid(
            "This is no signed statement, or something was written behind its signature.",
            "Download it again from the registry's books.", field="file",
        )  # fmt: skip
    month, seq, head_hash, key, signature = (part.decode("ascii") for part in found.groups())
    before = content[: found.start(5) - len(b"% signature: ")]
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), before)
    except (InvalidSignature, ValueError) as error:
        raise Invalid(
            "The signature does not fit: the file is not what was signed.",
            "Trust nothing that it says. Download it again from the registry's books.", field="file",
        ) from error  # fmt: skip
    return Signed(month, int(seq), head_hash, key, signature)
