"""Mails about alarms, by SMTP: one for all recipients of an action."""

import socket
import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Any, Final

import aiosmtplib

from alarms.actions import command_id
from alarms.outbox_config import OutboxSettings
from alarms.sending import Item, RefusedError, UnsentError

_TIMEOUT_S: Final = 20.0  # of each step
_PERMANENT: Final = 500
_SUBJECT: Final = 200  # characters
_QUIET: Final = ("ACTIVATED", "LEVEL_CHANGED")  # what goes without saying in a subject


class MailSender:
    """Sends by the server of the settings. Without one mails wait, so that they go out when there is one."""

    ready = True

    def __init__(self, settings: OutboxSettings) -> None:
        """OSError where the file of the authority is none."""
        self._settings = settings
        self._tls: ssl.SSLContext | None = None
        if settings.alarms_smtp_host and settings.alarms_smtp_tls != "none":
            self._tls = _trusting(settings.alarms_smtp_ca)

    async def send(self, item: Item) -> str | None:
        """Those whom the server does not take for now are tried again alone; who is refused for good is the remark.

        RefusedError: all are, or the mail is. UnsentError: anything else, a wrong password included: it can be mended.
        """
        settings = self._settings
        if not settings.alarms_smtp_host:
            raise UnsentError("no SMTP server is configured: STREAMING_ALARMS_SMTP_HOST")
        mail = message(item.key, item.payload["event"], item.payload["to"], settings.alarms_smtp_from)
        try:
            refused, _ = await aiosmtplib.send(
                mail,
                hostname=settings.alarms_smtp_host,
                port=settings.alarms_smtp_port,
                username=settings.alarms_smtp_username or None,
                password=settings.alarms_smtp_password.get_secret_value() or None,
                use_tls=settings.alarms_smtp_tls == "tls",
                start_tls=settings.alarms_smtp_tls == "starttls",
                tls_context=self._tls,
                local_hostname=socket.gethostname(),
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(item, {one.recipient: (one.code, one.message) for one in error.recipients})
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            text = f"{error.code} {error.message}"
            if error.code >= _PERMANENT:
                raise RefusedError(text) from error
            raise UnsentError(text) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise UnsentError(str(error) or type(error).__name__) from error
        if not refused:
            return None
        return _refused(item, {to: (answer.code, answer.message) for to, answer in refused.items()})


def _trusting(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority or None)
    except OSError as error:
        raise OSError(
            f"STREAMING_ALARMS_SMTP_CA: {authority} cannot be read as certificates: {error}"
        ) from error


def message(key: str, event: Mapping[str, Any], to: list[str], sender: str) -> EmailMessage:
    """The mail. RefusedError where an address is none. Its Message-ID follows from the key: readers know a second copy."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2]
    try:
        mail["From"] = Address("Alarms", addr_spec=sender)
        mail["To"] = [Address(addr_spec=one) for one in to]
        mail["Subject"] = subject(event)
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{command_id('mail', key)}@{domain}>"
        # the mails of one alarm are one thread
        mail["References"] = f"<{command_id('thread', event.get('alarm_id'))}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
    except (ValueError, MessageError) as error:
        raise RefusedError(f"a mail to {', '.join(to)} cannot be made: {error}") from error
    mail.set_content(body(event))
    return mail


def subject(event: Mapping[str, Any]) -> str:
    """As "[high_high 800] Pump 1 pump-0002/x: velocity RMS 7.4 mm/s", in one line."""
    kind = str(event["kind"])
    said = "" if kind in _QUIET else f"{kind} "
    where = " ".join(part for part in (event.get("target"), _source(event)) if part)
    text = f"[{said}{event['level']} {event['severity']}] {where}: {event['message']}"
    return "".join(one if one.isprintable() else " " for one in " ".join(text.split()))[:_SUBJECT]


def body(event: Mapping[str, Any]) -> str:
    """Everything that is known, a line each."""
    value = event.get("value")
    measured = None if value is None else f"{value:g} {event.get('unit') or ''}".strip()
    lines = {
        "What": event["kind"],
        "When": event["at"],
        "Machine": event.get("target"),
        "Sensor": _source(event),
        "Rule": f"{event['rule']} ({event['rule_kind']})",
        "Level": f"{event['level']}, severity {event['severity']} of 1000",
        "Value": measured,
        "State": str(event["state"]).lower().replace("_", ", "),
        "Occurrences": event["occurrences"],
        "By": event.get("by"),
        "Comment": event.get("comment"),
    }
    shown = [
        f"{name + ':':<13}{_one_line(value)}" for name, value in lines.items() if value not in (None, "")
    ]
    evidence = event.get("evidence") or {}
    if evidence:
        shown += ["", "Evidence:", *(f"  {name}: {_one_line(one)}" for name, one in evidence.items())]
    return "\n".join(
        [_one_line(event["message"]), "", *shown, "", f"iotctl alarms show {event['alarm_id']}", ""]
    )


def _source(event: Mapping[str, Any]) -> str:
    channel = event.get("channel_name") or event.get("channel")
    serial_number = str(event["serial_number"])
    return serial_number if channel is None or channel == "" else f"{serial_number}/{channel}"


def _one_line(value: object) -> str:
    return " ".join(str(value).split())


def _refused(item: Item, answers: Mapping[str, tuple[int, str]]) -> str:
    """What becomes of a mail that not everybody was taken for. The remark, or as `send`."""
    text = "; ".join(f"{to}: {code} {said}" for to, (code, said) in answers.items())
    later = [to for to, (code, _) in answers.items() if code < _PERMANENT]
    if later:
        raise UnsentError(text, payload={**item.payload, "to": later})
    if len(answers) == len(item.payload["to"]):
        raise RefusedError(text)
    return text
