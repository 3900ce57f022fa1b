"""A mail server for tests: it really listens, speaks SMTP, and can refuse, break off, ask for a password, encrypt."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.settings import SmtpServer


@dataclass
class Mailbox:
    """What a server is to do, and what it has taken."""

    raw: list[bytes] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)  # recipient -> answer
    break_off_at: str = ""  # a command, or 'end of data' after the mail was taken
    password: str = ""  # of user 'brickyard'
    logged_in: int = 0
    said: list[str] = field(default_factory=list)
    hold: threading.Event | None = None  # the answer to a whole mail waits for it
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        found = [email.message_from_bytes(raw, policy=email.policy.SMTP) for raw in self.raw]
        return found  # type: ignore[return-value]

    def server(self, **changes: object) -> SmtpServer:
        return SmtpServer(**{"host": "127.0.0.1", "port": self.port, **changes})  # type: ignore[arg-type]

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


class _Talk(socketserver.StreamRequestHandler):
    box: Mailbox
    tls: ssl.SSLContext | None = None
    implicit = False

    def setup(self) -> None:
        if self.implicit and self.tls:
            self.request = self.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self._say("220 test ready")
        recipient = ""
        while line := self.rfile.readline(2000):
            command = line.decode("utf-8", "replace").strip()
            verb = command.split(" ", 1)[0].upper()
            self.box.said.append(command)
            if self.box.break_off_at == verb:
                return
            if verb == "EHLO":
                offers = ["STARTTLS"] if self.tls and not self.implicit else []
                offers += ["AUTH PLAIN"] if self.box.password else []
                lines = ["test", "8BITMIME", *offers]
                for place, offer in enumerate(lines):
                    self._say(f"250{' ' if place == len(lines) - 1 else '-'}{offer}")
            elif verb == "STARTTLS" and self.tls:
                self._say("220 go on")
                self.request = self.tls.wrap_socket(self.request, server_side=True)
                super().setup()
                self.implicit = True
            elif verb == "AUTH":
                user, password = base64.b64decode(command.split()[-1]).decode().split("\0")[1:]
                good = (user, password) == ("brickyard", self.box.password)
                self.box.logged_in += good
                self._say("235 welcome" if good else "535 who are you")
            elif verb == "RCPT":
                recipient = command.partition("<")[2].partition(">")[0]
                self._say(self.box.refuse.get(recipient, "250 fine"))
            elif verb == "DATA":
                self._say("354 go on")
                if not self._take():
                    return
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _take(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.box.raw.append(b"".join(lines))
        if self.box.hold is not None:
            self.box.hold.wait(10)
        if self.box.break_off_at == "end of data":
            return False
        self._say("250 taken")
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is meant."""


@contextmanager
def mail_server(
    box: Mailbox, *, tls: ssl.SSLContext | None = None, implicit: bool = False, port: int = 0
) -> Iterator[Mailbox]:
    """Listen on this machine, on the port that the mailbox had before if it had one."""
    talk = type("_Bound", (_Talk,), {"box": box, "tls": tls, "implicit": implicit})
    with _Server(("127.0.0.1", port or box.port), talk) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join(timeout=5)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """(what a server of this name shows, the file that a client trusts it by)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path, secret = folder / "cert.pem", folder / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return context, path
