"""Mail through the installation's SMTP server; without one nothing is sent, and the mailbox page keeps what was written."""

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit
from uuid import UUID

from shared.settings import Settings
from shared.tasks.broker import run_blocking

_SECONDS = 20


class Mailer:
    """One SMTP server, named as ``smtp://user:password@host:port`` or ``smtps://…``; ``smtp`` uses STARTTLS when offered."""

    def __init__(self, address: str, sender: str) -> None:
        self._parts = urlsplit(address)
        self._sender = sender

    @classmethod
    def of(cls, configuration: Settings) -> "Mailer | None":
        """The configured server, or None."""
        address = configuration.smtp_url.get_secret_value()
        return cls(address, configuration.mail_from) if address else None

    async def send(self, to: str, subject: str, text: str, reference: UUID) -> None:
        """Hand one mail over; ``reference`` names it, so that a repeated delivery carries the same Message-ID.

        :raises OSError: the server was not reached or refused (smtplib's errors are OSErrors).
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self._sender, to, " ".join(subject.split())
        mail["Message-ID"] = f"<{reference}@chengguo>"
        mail.set_content(text)
        await run_blocking(self._hand_over, mail)

    def _hand_over(self, mail: EmailMessage) -> None:
        host, port = self._parts.hostname or "localhost", self._parts.port
        server: smtplib.SMTP
        if self._parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port or 465, timeout=_SECONDS)
        else:
            server = smtplib.SMTP(host, port or 25, timeout=_SECONDS)
        with server:
            if self._parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
            if self._parts.username:
                server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
            server.send_message(mail)
