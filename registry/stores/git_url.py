"""Which repository addresses are allowed, what they name, and which network addresses may answer for them."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from registry.errors import Invalid, Unavailable
from registry.limits import URL_LENGTH_CHARS
from registry.settings import Settings

Lookup = Callable[[str, int], Sequence[str]]

_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_SCP = re.compile(r"(?:[^/@\s]+@)?([A-Za-z0-9.-]+):(?!//)(.*)")
_BARE = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/[^:@]*")
_PATH_CHARS = re.compile(r"[A-Za-z0-9._~/+@,=(): \u00a1-\U0010ffff-]*")
_FORGES_OF_TWO = ("github.com", "codeberg.org", "bitbucket.org", "gitlab.com")
# Names that mean this machine or this network whatever the resolver says.
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "localdomain", "home.arpa", "onion")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HTTPS_REMEDY = (
    "Give the https address that the repository's page shows under 'clone', such as https://codeberg.org/maker/press."
)

_EXAMPLE = re.compile(r"example:([a-z0-9][a-z0-9-]{0,60})")  # a design that comes with the registry


@dataclass(frozen=True, slots=True)
class RepoUrl:
    """A checked repository address.

    Attributes:
        url: normalised: what is stored, shown and given to git; a local path is absolute.
        example_place: where an example design of this instance lies; its address names no folder of this machine.
        host: ASCII name in lower case, "" for a local path.
        web_path: what followed the repository in a pasted web address, `REF/FOLDER`; a branch name may hold slashes, so
            only the mirror knows where it ends (see `git.locate`).
    """

    url: str
    scheme: str
    host: str = ""
    port: int = 0
    example_place: str = ""
    web_path: str = ""
    web_is_file: bool = False

    @property
    def local(self) -> bool:
        """Whether the repository lies on this machine."""
        return self.scheme == "file"

    @property
    def source(self) -> str:
        """What git is given."""
        return self.example_place or self.url

    @property
    def ref(self) -> str:
        """The first guess for the branch or tag that a pasted web address names."""
        return self.web_path.partition("/")[0]

    @property
    def subdir(self) -> str:
        """The first guess for the folder that a pasted web address names."""
        rest = self.web_path.partition("/")[2]
        return rest.rpartition("/")[0] if self.web_is_file else rest

    @property
    def fallback_name(self) -> str:
        """What the design is called if nothing in it says so: the address's last word."""
        name = unquote(self.url.rstrip("/").rsplit("/", 1)[-1])
        return name.removesuffix(".git") or "design"


def system_lookup(host: str, port: int) -> list[str]:
    """All addresses of a name, as the system's resolver gives them. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet; addresses that wrap another count as the one inside."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if "%" in address or ip.is_multicast or ip.is_reserved or ip.is_unspecified or not ip.is_global:
        wrapped_public = isinstance(ip, ipaddress.IPv6Address) and ip in _NAT64
        if not wrapped_public:
            return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner: ipaddress.IPv4Address | None = ip.ipv4_mapped or ip.sixtofour
        if ip.teredo is not None:
            return False
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return True


def check_url(text: str, settings: Settings, lookup: Lookup | None = system_lookup) -> RepoUrl:
    """What a pasted repository address names. Starts nothing, and never repeats credentials.

    `lookup=None` leaves the host's addresses unchecked; mirroring checks (and pins) them again in any case.
    Raises: Invalid.
    """
    if len(text) > URL_LENGTH_CHARS:
        raise Invalid("This address is too long.", f"Use one of at most {URL_LENGTH_CHARS} characters.", field="url")
    text = text.strip(" ")
    if not text:
        raise Invalid("No repository address was given.", _HTTPS_REMEDY, field="url")
    if any(unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") for char in text):
        raise Invalid(
            "This address holds line breaks or other invisible characters.", "Paste it again, as one line.", field="url"
        )
    if text.startswith("-"):
        raise Invalid("A repository address can't begin with a dash.", _HTTPS_REMEDY, field="url")
    if example := _EXAMPLE.fullmatch(text):
        return RepoUrl(url=text, scheme="file", example_place=str(settings.data / "examples" / example[1]))
    if text.startswith(("/", "~")) or text.lower().startswith("file:"):
        return _check_local(text, settings)
    if "://" not in text and _BARE.fullmatch(text):
        text = "https://" + text
    _refuse_other_transports(text)
    url = _check_web(text, settings)
    if lookup is not None and not _allowed(url.host, url.port, settings):
        try:
            found = lookup(url.host, url.port)
        except OSError:
            found = ()  # the mirror says so, and it may be back by then
        _refuse_private(url.host, found)
    return url


def resolve(url: RepoUrl, settings: Settings, lookup: Lookup = system_lookup) -> list[str]:
    """The addresses that may answer for a repository's host, checked: connect to these alone.

    Raises: Invalid if any is not public, Unavailable if there is none.
    """
    if url.local:
        return []
    try:
        found = list(lookup(url.host.strip("[]"), url.port))
    except OSError as error:
        raise Unavailable(
            f"The name {url.host} could not be found.", "Check the address for typing errors, or try again later."
        ) from error
    if not found:
        raise Unavailable(f"The name {url.host} has no address.", "Check the address, or try again later.")
    if not _allowed(url.host, url.port, settings):
        _refuse_private(url.host, found)
    return found


def _refuse_private(host: str, addresses: Sequence[str]) -> None:
    if any(not is_public(address) for address in addresses):
        raise Invalid(
            f"{host} belongs to a private network, which this registry does not read from.",
            "Use a repository on a public host; whoever runs this registry can add hosts to BRICKYARD_GIT_ALLOW_HOSTS.",
            field="url",
        )


def _refuse_private_host(host: str) -> None:
    """Refuse what is private by its name alone, without asking a resolver."""
    address = host.strip("[]")
    if ":" in address or re.fullmatch(r"[0-9.]+", address):
        _refuse_private(host, [address])
    elif "." not in host or host.endswith(tuple(f".{name}" for name in _LOCAL_NAMES)):
        _refuse_private(host, ["127.0.0.1"])


def _allowed(host: str, port: int, settings: Settings) -> bool:
    return host in settings.git_allow_hosts or f"{host}:{port}" in settings.git_allow_hosts


def _check_local(text: str, settings: Settings) -> RepoUrl:
    if not settings.git_local:
        raise Invalid("Local paths and file: addresses are not accepted here.", _HTTPS_REMEDY, field="url")
    path = text
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise Invalid(
                "This file: address names another machine or holds more than a path.", "Use file:///path.", field="url"
            )
        path = unquote(parts.path)
    if not path.startswith("/") or any(unicodedata.category(char) in ("Cc", "Cs") for char in path):
        raise Invalid("A local repository needs an absolute path.", "Begin it with a slash.", field="url")
    return RepoUrl(url=os.path.normpath("/" + path.lstrip("/")), scheme="file")


def _refuse_other_transports(text: str) -> None:
    scheme = text.split(":", 1)[0].lower()
    if "::" in text.split("/", 1)[0]:
        raise Invalid("Addresses with '::' start programs, and are never accepted.", _HTTPS_REMEDY, field="url")
    if "://" in text:
        if scheme not in _PORTS:
            raise Invalid("Repositories are read over https only.", _HTTPS_REMEDY, field="url")
        return
    scp = _SCP.fullmatch(text)
    if scp and re.fullmatch(r"[A-Za-z0-9._~/-]+", scp[2]) and "@" in text:
        path = scp[2].strip("/").removesuffix(".git")
        raise Invalid(
            "This is an ssh address, and repositories are read over https only.",
            f"Try https://{scp[1]}/{path}",
            field="url",
        )
    raise Invalid("This is not a repository address that the registry knows.", _HTTPS_REMEDY, field="url")


def _check_web(text: str, settings: Settings) -> RepoUrl:
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise Invalid(
            "This address can't be read: its host or port is malformed.", _HTTPS_REMEDY, field="url"
        ) from error
    if "@" in parts.netloc:
        raise Invalid(
            "This address holds a user name or password, which must not be given away.",
            "Make the repository public and give its address without them; change the password if it was real.",
            field="url",
        )
    host = _check_host(host, bracketed="[" in parts.netloc)
    port = port or _PORTS[parts.scheme]
    if not _allowed(host, port, settings):
        _refuse_private_host(host)
    if parts.scheme == "http" and not _allowed(host, port, settings):
        raise Invalid("Repositories are read over https only.", "Begin the address with https://.", field="url")
    path = unquote(parts.path, errors="strict") if _decodes(parts.path) else "\0"
    if not _PATH_CHARS.fullmatch(path) or any(word in (".", "..") for word in path.split("/")):
        raise Invalid("The path of this address holds characters that no repository has.", _HTTPS_REMEDY, field="url")
    authority = host if port == _PORTS[parts.scheme] else f"{host}:{port}"
    words, web_path, web_is_file = _split_web_path(host, [word for word in path.split("/") if word])
    if parts.query and not web_path and host not in _FORGES_OF_TWO:
        raise Invalid(
            "This address goes on after a question mark.", "Leave out the question mark and what follows.", field="url"
        )
    if not words or (host in _FORGES_OF_TWO and len(words) < 2):
        raise Invalid("This address names no repository.", "Add the owner's and the repository's name.", field="url")
    if any(word.startswith("-") for word in words):
        raise Invalid("A part of this address begins with a dash.", _HTTPS_REMEDY, field="url")
    words[-1] = words[-1].removesuffix(".git") or words[-1]
    if host in ("github.com", "codeberg.org"):
        words = words[:2]
    location = quote("/".join(words), safe="/~+@,=():")
    url = RepoUrl(f"{parts.scheme}://{authority}/{location}", parts.scheme, host, port)
    return replace(url, web_path=web_path, web_is_file=web_is_file)


def _decodes(path: str) -> bool:
    try:
        unquote(path, errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def _check_host(host: str, bracketed: bool) -> str:
    """The ASCII name of a host, with every spelling of an address that is not the plain one refused."""
    if bracketed:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError as error:
            raise Invalid("The host of this address can't be read.", _HTTPS_REMEDY, field="url") from error
    host = unicodedata.normalize("NFKC", host).lower().rstrip(".")
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError as error:
        raise Invalid("The host of this address can't be read.", _HTTPS_REMEDY, field="url") from error
    labels = host.split(".")
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Invalid("The host of this address is not a valid name.", _HTTPS_REMEDY, field="url")
    # A last label that is a number makes the whole an IP address, in spellings that resolvers read differently.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise Invalid(
                "This address hides an IP address as a number.", "Use the host's name.", field="url"
            ) from error
    return host.removeprefix("www.") if host.removeprefix("www.") in _FORGES_OF_TWO else host


def _split_web_path(host: str, words: list[str]) -> tuple[list[str], str, bool]:
    """Repository words, `REF/FOLDER` and whether that ends in a file, from the path of a web address."""
    if words and words[-1].endswith(".git"):
        return words, "", False
    if "-" in words[2:]:  # GitLab: group/sub/repo/-/tree/REF/FOLDER
        at = words.index("-", 2)
        return words[:at], *_ref_part(words[at + 1 :])
    if len(words) > 3 and words[2] == "src" and words[3] in ("branch", "tag", "commit"):  # Forgejo, Gitea
        return words[:2], "/".join(words[4:]), False
    if len(words) > 3 and words[2] == "src" and host == "bitbucket.org":
        return words[:2], "/".join(words[3:]), False
    if len(words) > 3 and words[2] in ("tree", "blob", "commit", "commits", "releases", "raw"):
        rest = [word for word in words[2:] if word != "item"] if words[0].startswith("~") else words[2:]
        return words[:2], *_ref_part(rest)
    return words, "", False


def _ref_part(words: list[str]) -> tuple[str, bool]:
    if words[:2] == ["releases", "tag"]:
        return "/".join(words[2:]), False
    if words and words[0] in ("tree", "commit", "commits", "tags", "releases") and words[1:2] != ["latest"]:
        return "/".join(words[1:]), False
    if words and words[0] in ("blob", "raw"):
        return "/".join(words[1:]), True
    return "", False
