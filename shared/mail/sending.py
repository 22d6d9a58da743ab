"""Mail through the installation's SMTP server; without one nothing is sent, and the mailbox page keeps what was written."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit
from uuid import UUID

from shared.settings import Settings
from shared.tasks.broker import run_blocking

_SECONDS = 20
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def unreachable(error: BaseException) -> bool:
    """Whether the server itself could not be used: then no other mail gets through either."""
    refused = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)
    return isinstance(error, OSError) and not isinstance(error, refused)


class Mailer:
    """One SMTP server, named as ``smtp://user:password@host:port`` or ``smtps://…``; ``smtp`` uses STARTTLS when offered,
    and sends a password only over TLS or to this machine."""

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
            server = smtplib.SMTP_SSL(host, port or 465, timeout=_SECONDS, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port or 25, timeout=_SECONDS)
        with server:
            server.ehlo_or_helo_if_needed()
            if self._parts.scheme != "smtps" and host not in _LOOPBACK:
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                elif self._parts.username:
                    raise smtplib.SMTPNotSupportedError("a password is not sent without TLS")
            if self._parts.username:
                server.login(unquote(self._parts.username), unquote(self._parts.password or ""))
            server.send_message(mail)
