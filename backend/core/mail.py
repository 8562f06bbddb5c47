"""Mail to one person: over SMTP, or to the log if no server is configured."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import structlog

from backend.core.redaction import NotRedacted
from backend.core.settings import Settings

TIMEOUT_S = 20
MAX_CONCURRENT_MAILS = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text message to one person."""

    to: str
    subject: str
    text: str


class Mailer:
    """Sends from the installation's address."""

    def __init__(self, settings: Settings) -> None:
        self._smtp_url = settings.smtp_url.get_secret_value()
        self._sender = settings.mail_from

    def send(self, mail: Mail) -> bool:
        """Send a mail; returns whether the server accepted it. May take `TIMEOUT_S`.

        A failure is only logged: whoever waits for the mail asks for another one.
        """
        if not self._smtp_url:
            # The only log line with a secret: without a mail server there is no other way to it.
            log.warning("mail_not_configured", to=NotRedacted(mail.to), text=NotRedacted(mail.text))
            return True
        message = EmailMessage()  # refuses line breaks in headers
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
            # the server's message may quote the address
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
