"""The instance's settings: frozen, and the only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from registry.errors import Invalid

PROJECT = Path(__file__).resolve().parent.parent
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}", re.ASCII)
_SENDER = re.compile(rf"(?:[^<>@\x00-\x1f\x7f]{{0,80}}<{_EMAIL.pattern}>|{_EMAIL.pattern})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The server that takes this instance's mail. `tls`: from the first byte (smtps); else as soon as it is offered."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where data lies and what is allowed.

    Attributes:
        data: folder for the database, mirrors and artifacts.
        database_url: SQLAlchemy URL; SQLite in `data` unless told otherwise.
        blobs_url: `s3://BUCKET/PREFIX` for shared object storage; empty for a folder in `data`.
        public_url: the address people use, printed on documents; no trailing slash.
        git_local: local paths may be submitted (for tests and private instances).
        git_allow_hosts: hosts (`name` or `name:port`) that may be private or plain http.
        proxies: how many reverse proxies stand in front, whose word on the caller's address is taken.
        worker_slots: targets built at once by one worker.
        https: cookies are sent over https alone.
        contact: e-mail address of who keeps this instance, offered where a fault of the registry can be reported.
        smtp: the server that takes mail; without one, notices are shown on pages alone.
        mail_from: who mails come from, such as `Brickyard <notices@example.org>`.
    """

    data: Path
    database_url: str
    blobs_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    git_local: bool = False
    git_allow_hosts: tuple[str, ...] = ()
    proxies: int = 0
    worker_slots: int = 2
    https: bool = False
    contact: str = ""
    smtp: SmtpServer | None = None
    mail_from: str = ""
    secret_key: str = field(default="", repr=False)
    tests: bool = False

    @property
    def mirrors(self) -> Path:
        """The folder of mirrored repositories."""
        return self.data / "mirrors"

    @property
    def blobs(self) -> Path:
        """The folder of artifacts."""
        return self.data / "blobs"

    @property
    def work(self) -> Path:
        """The folder in which targets are built."""
        return self.data / "work"

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is SQLite; else it is PostgreSQL."""
        return self.database_url.startswith("sqlite")


def _flag(name: str, text: str) -> bool:
    value = text.strip().lower()
    if value not in _TRUE | _FALSE:
        raise Invalid(f"{name} is {text!r}.", "Set it to 1 or 0.")
    return value in _TRUE


def _number(name: str, text: str, default: int) -> int:
    if not text.strip():
        return default
    if not text.strip().isdigit() or len(text) > 4:
        raise Invalid(f"{name} is {text!r}.", "Set it to a whole number.")
    return int(text)


def read_smtp(text: str) -> SmtpServer | None:
    """smtp://USER:PASSWORD@HOST:587 or smtps://..., as a server. Raises: Invalid, without repeating the password."""
    if not text.strip():
        return None
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise _no_smtp("its host or port can't be read") from error
    if parts.scheme not in ("smtp", "smtps"):
        raise _no_smtp("it begins neither with smtp:// nor with smtps://")
    if not parts.hostname or port == 0:
        raise _no_smtp("it names no server")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise _no_smtp("something follows its host and port")
    if bool(parts.username) != bool(parts.password):
        raise _no_smtp("user and password come together")
    tls = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(parts.hostname, port or (465 if tls else 587), tls, user, password)


def _no_smtp(why: str) -> Invalid:
    return Invalid(
        f"BRICKYARD_SMTP_URL is no mail server: {why}.", "Write it like smtp://USER:PASSWORD@mail.example.org:587."
    )


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from BRICKYARD_* variables. Raises: Invalid for a value that can't be understood."""
    env = os.environ if environ is None else environ
    data = Path(env.get("BRICKYARD_DATA") or "var").resolve()
    url = env.get("BRICKYARD_DATABASE_URL") or f"sqlite:///{data / 'brickyard.sqlite3'}"
    if url.startswith(("postgres://", "postgresql://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise Invalid(
            "BRICKYARD_DATABASE_URL names a database that Brickyard does not know.", "Use sqlite:/// or postgresql://."
        )
    slots = _number("BRICKYARD_WORKER_SLOTS", env.get("BRICKYARD_WORKER_SLOTS", ""), min(os.cpu_count() or 1, 8))
    proxies = _number("BRICKYARD_PROXIES", env.get("BRICKYARD_PROXIES", ""), 0)
    public = (env.get("BRICKYARD_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/")
    if not public.startswith(("http://", "https://")):
        raise Invalid(
            "BRICKYARD_PUBLIC_URL is not an http address.",
            "Set it to what people type, for example https://hw.example.org.",
        )
    blobs_url = env.get("BRICKYARD_BLOBS_URL", "")
    if blobs_url and not blobs_url.startswith("s3://"):
        raise Invalid("BRICKYARD_BLOBS_URL names a store that Brickyard does not know.", "Use s3://BUCKET/PREFIX.")
    contact = env.get("BRICKYARD_CONTACT", "").strip()
    if contact and not _EMAIL.fullmatch(contact):
        raise Invalid("BRICKYARD_CONTACT is not an e-mail address.", "Set it to one, such as keeper@example.org.")
    smtp, sender = read_smtp(env.get("BRICKYARD_SMTP_URL", "")), env.get("BRICKYARD_MAIL_FROM", "").strip()
    if (sender or smtp) and not _SENDER.fullmatch(sender):
        raise Invalid(
            "BRICKYARD_MAIL_FROM is missing or no sender of mail.",
            "Set it to an address, such as Brickyard <notices@example.org>.",
        )
    return Settings(
        data=data,
        database_url=url,
        blobs_url=blobs_url,
        public_url=public,
        git_local=_flag("BRICKYARD_GIT_LOCAL", env.get("BRICKYARD_GIT_LOCAL", "")),
        git_allow_hosts=tuple(
            host.strip().lower() for host in env.get("BRICKYARD_GIT_ALLOW_HOSTS", "").split(",") if host.strip()
        ),
        proxies=proxies,
        worker_slots=max(1, slots),
        https=public.startswith("https://"),
        contact=contact,
        smtp=smtp,
        mail_from=sender,
        secret_key=env.get("BRICKYARD_SECRET_KEY", ""),
    )
