"""E-mail handed in to a mail server (RFC 5321, 3207, 8314): verified, bounded in time, one message a session."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable
from fleetctl.protocols import tls

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail is handed in; `security` is starttls, tls or none. `password` goes with `user`."""

    address: str
    port: int
    security: str
    user: str = ""
    password: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"Server({self.address}:{self.port}, {self.security})"


def composed(
    *, sender: str, to: str, subject: str, text: str, made: datetime, number: str, automatic: bool = True
) -> EmailMessage:
    """Return a plain-text message; `number` makes its Message-ID, so that the same sent twice is known to be one."""
    message = EmailMessage()
    message["From"] = Address("fleetctl", addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(made)
    message["Message-ID"] = f"<{number}@{sender.rpartition('@')[2]}>"
    if automatic:
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    message.set_content(text, charset="utf-8", cte="quoted-printable")
    return message


def send(server: Server, message: EmailMessage) -> None:
    """Hand a message in; on return the server has taken it over.

    Raises Unreachable (try later: no route, time, a 4xx answer), Refused (the login: `credential`; the certificate),
    Rejected (the server will not have it), BadAnswer (it speaks otherwise, or offers no STARTTLS).
    """
    where = f"{server.address}:{server.port}"
    try:
        with _connected(server) as session:
            if server.user:
                _log_in(session, server)
            session.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise Unreachable(f"{where}: no login now: {_told(error)}") from None
        raise Refused(f"{where}: the login of {server.user} is refused: {_told(error)}", credential=True) from None
    except smtplib.SMTPNotSupportedError as error:
        raise BadAnswer(f"{where}: {error}. Nothing was sent") from None
    except smtplib.SMTPRecipientsRefused as error:
        ((to, (code, answer)),) = error.recipients.items()
        raise _answered(code, f"{where} does not take mail to {to}: {code} {_text(answer)}") from None
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, f"{where}: {_told(error)}") from None
    except ssl.SSLCertVerificationError as error:
        told = error.verify_message or error.reason
        raise Refused(f"the certificate of {where} does not hold: {told}. Name its CA: message_smtp.ca_file") from None
    except ssl.SSLError as error:
        raise BadAnswer(f"{where} does not speak TLS as we do: {error.reason or error}") from None
    except smtplib.SMTPException as error:  # it broke off in the middle
        raise Unreachable(f"{where}: {error}") from None
    except OSError as error:
        raise Unreachable(f"{where} cannot be reached: {(error.strerror or str(error)).lower()}") from None


def _connected(server: Server) -> smtplib.SMTP:
    if server.security == "tls":
        context = tls.context_for(server.ca_file)
        return smtplib.SMTP_SSL(server.address, server.port, timeout=TIMEOUT_S, context=context)
    session = smtplib.SMTP(server.address, server.port, timeout=TIMEOUT_S)
    if server.security == "starttls":
        try:
            session.starttls(context=tls.context_for(server.ca_file))
        except BaseException:
            session.close()
            raise
    return session


def _log_in(session: smtplib.SMTP, server: Server) -> None:
    """Log in by one mechanism: smtplib's own `login` would present a refused password again by every other one."""
    session.ehlo_or_helo_if_needed()
    offered = session.esmtp_features.get("auth", "").upper().split()
    session.user, session.password = server.user, server.password
    for mechanism, respond in (("PLAIN", session.auth_plain), ("LOGIN", session.auth_login)):
        if mechanism in offered:
            session.auth(mechanism, respond)
            return
    raise smtplib.SMTPNotSupportedError("it offers neither of the logins PLAIN and LOGIN")


def _answered(code: int, told: str) -> Unreachable | Rejected:
    return Unreachable(told) if code < 500 else Rejected(told, code=str(code))


def _told(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(told: bytes | str) -> str:
    plain = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    return " ".join(plain.split())[:200]
