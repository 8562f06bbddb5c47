"""Mail to one person: over SMTP, or into the log where no server is set."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import structlog

from backend.core.redaction import InClear
from backend.core.settings import Settings

TIMEOUT_S = 20
POSTMEN = 2
"""So many mails are sent at a time."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """Plain text for one person."""

    to: str
    subject: str
    text: str


class Mailer:
    """Sends from the installation's address."""

    def __init__(self, settings: Settings) -> None:
        self._smtp_url = settings.smtp_url.get_secret_value()
        self._sender = settings.mail_from

    def send(self, mail: Mail) -> bool:
        """Send a mail, and say whether the server took it. May wait `TIMEOUT_S`.

        A mail that cannot be sent is a line in the log: whoever waits for it asks again.
        """
        if not self._smtp_url:
            # The one line with a secret: whoever runs this without a server has no other way to it.
            log.warning("mail_without_a_server", to=InClear(mail.to), text=InClear(mail.text))
            return True
        message = EmailMessage()  # which refuses line breaks in a header
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].strip("> "))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        try:
            self._deliver(message)
        except (OSError, smtplib.SMTPException) as error:
            # the server's words may hold the address
            log.error("mail_not_sent", error=type(error).__name__)  # noqa: TRY400
            return False
        return True

    def _deliver(self, message: EmailMessage) -> None:
        url = urlsplit(self._smtp_url)
        host, encrypted = url.hostname or "localhost", url.scheme == "smtps"
        context = ssl.create_default_context()
        client = (
            smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT_S, context=context)
            if encrypted
            else smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_S)
        )
        with client:
            client.ehlo()
            if not encrypted and (client.has_extn("starttls") or url.username):
                client.starttls(context=context)  # never a password in the clear
            if url.username:
                client.login(unquote(url.username), unquote(url.password or ""))
            client.send_message(message)
