"""What a handle, a password and an address have to be: pure decisions."""

from __future__ import annotations

import itertools
import re
import unicodedata

from registry import limits
from registry.errors import Invalid

_HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")
_RESERVED = frozenset(
    """about account accounts admin administrator anonymous api brickyard builds design designs help login logout
    moderator nobody null official registry reset root security signup staff static steward stewards submit support
    system""".split()
)
# What guessing programs try first, of those that would be long enough here.
_COMMON = frozenset(
    """0123456789 0987654321 1111111111 1122334455 1234512345 12345678910 1234567890 1234567891 123456789a 123456789q
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 9876543210 987654321a abc1234567 abcd1234567 abcdefghij administrator
    asdfghjkl1 asdfghjkl; baseball123 basketball charlie123 changeme123 computer123 dragonball football123 iloveyou123
    iloveyouso letmein123 letmein1234 liverpool1 michael123 mypassword password123 password1234 password12345
    password123456 passw0rd123 p@ssword123 p@ssw0rd123 princess123 q1w2e3r4t5 qazwsxedcrfv qwer1234567 qwerty12345
    qwerty123456 qwerty1234567 qwertyuiop qwertyuiop1 qwertyuiop123 sunshine123 superman123 test123456 testtest123
    trustno1trustno1 welcome123 welcome1234 whatever123 zaq12wsxcde3 zxcvbnm123 zxcvbnm1234""".split()
)
GONE = "deleted-"  # begins the handles of accounts that were deleted
_DIFFERENT_CHARS_MIN = 5
_ENDINGS = "0123456789!?.,_-*#$ "


def check_handle(handle: str) -> str:
    """The handle as it is kept. Raises: Invalid."""
    handle = handle.strip()
    if not handle:
        raise Invalid("A handle is missing.", "Choose the name that others will see here.", field="handle")
    if len(handle) < 2 or len(handle) > limits.HANDLE_CHARS:
        raise Invalid(
            f"A handle has 2 to {limits.HANDLE_CHARS} characters; this one has {len(handle)}.",
            "Choose a shorter or longer one.",
            field="handle",
        )
    if not _HANDLE.fullmatch(handle):
        raise Invalid(
            "A handle holds lower-case letters from a to z, digits and single dashes between them.",
            "Write it like ada-lovelace or maker42.",
            field="handle",
        )
    if handle in _RESERVED or handle.startswith(GONE):
        raise Invalid(f"The handle {handle} is kept for the registry itself.", "Choose another.", field="handle")
    return handle


def check_email(email: str) -> str:
    """The e-mail address as it is kept; it may be left out. Raises: Invalid."""
    email = email.strip()
    if email and not _EMAIL.fullmatch(email):
        raise Invalid("That is no e-mail address.", "Write it like name@example.org, or leave it out.", field="email")
    return email


def same_password(password: str) -> bytes:
    """The bytes to hash: the same for one text, whatever keyboard wrote it (Source: NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check_password(password: str, handle: str, email: str = "") -> None:
    """Long enough, and not what a stranger tries first. Raises: Invalid."""
    if len(password) < limits.PASSWORD_MIN_CHARS:
        raise _weak(
            f"A password has at least {limits.PASSWORD_MIN_CHARS} characters; this one has {len(password)}.",
            "Take three or four words that nobody would put together.",
        )
    if len(password) > limits.PASSWORD_MAX_CHARS:
        raise _weak(f"A password has at most {limits.PASSWORD_MAX_CHARS} characters.", "Choose a shorter one.")
    plain = unicodedata.normalize("NFKC", password).casefold()
    bare = plain.strip(_ENDINGS)
    if bare and bare in (handle.casefold(), email.casefold(), email.partition("@")[0].casefold(), "brickyard"):
        raise _weak("The password is nearly your handle or address.", "Choose one that has nothing to do with them.")
    if plain in _COMMON or bare in ("password", "passwort", "letmein", "welcome", "iloveyou", "qwerty", "changeme"):
        raise _weak("That password is one that guessing programs try first.", "Take three or four words of your own.")
    if len(set(plain)) < _DIFFERENT_CHARS_MIN or _is_run(plain):
        raise _weak("That password repeats or counts, and is guessed at once.", "Take three or four words of your own.")


def _is_run(text: str) -> bool:
    """True for abcdefghij, 9876543210 and the like."""
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return steps in ({1}, {-1})


def _weak(message: str, remedy: str) -> Invalid:
    return Invalid(message, remedy, field="password")


def check_token_name(name: str) -> str:
    """What a token is called in its owner's list. Raises: Invalid."""
    name = " ".join(name.split())
    if not name or len(name) > limits.TOKEN_NAME_CHARS or not name.isprintable():
        raise Invalid(
            f"A token needs a name of 1 to {limits.TOKEN_NAME_CHARS} characters.",
            "Say what it is for, such as: release script.",
            field="name",
        )
    return name


def safe_next(path: str) -> str:
    """Where to go after logging in: a path of this site, or the front page; never another site."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if inside and len(path) < limits.URL_LENGTH_CHARS and path.isprintable() else "/"
