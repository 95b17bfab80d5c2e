"""Mails against a real SMTP server: what they say, who gets them, and what each refusal means."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP as Server  # noqa: N811  # the client's side has the same name
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from alarms.actions import event_json
from alarms.life import Kind
from alarms.mail import MailSender, body, message, subject
from alarms.outbox_config import OutboxSettings
from alarms.sending import Item, RefusedError, UnsentError
from tests.unit.test_alarms_actions import ALARM, event

KEY = f"{ALARM}/ACTIVATED/1772366400000000000/2"
BOTH = ["anna@example.com", "bob@example.com"]


class Post:
    """Keeps the mails that it takes; answers recipients and data as a test says."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refused: dict[str, str] = {}
        self.data_answer = "250 OK"
        self.encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802  # the server's name for it
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.encrypted.append(session.ssl is not None)
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.data_answer

    def mail(self) -> EmailMessage:
        [envelope] = self.envelopes
        content = envelope.original_content
        assert content is not None
        made = message_from_bytes(content, policy=policy.default)
        assert isinstance(made, EmailMessage)
        return made


@pytest.fixture
def post() -> Post:
    return Post()


@asynccontextmanager
async def serving(post: Post, **options: Any) -> AsyncIterator[dict[str, object]]:
    server = await asyncio.get_running_loop().create_server(
        lambda: Server(post, hostname="test", **options), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield {"alarms_smtp_host": "127.0.0.1", "alarms_smtp_port": port, "alarms_smtp_tls": "none"}
    server.close()
    await server.wait_closed()


@pytest.fixture
async def plain(post: Post) -> AsyncIterator[dict[str, object]]:
    async with serving(post) as settings:
        yield settings


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def encrypted(post: Post, authority: trustme.CA, tmp_path: Path) -> AsyncIterator[dict[str, object]]:
    """A server that wants STARTTLS and anna's password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def known(
        _server: Server, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"anna", b"right"), handled=False)

    async with serving(
        post, tls_context=context, require_starttls=True, authenticator=known, auth_required=True
    ) as settings:
        yield {
            **settings,
            "alarms_smtp_tls": "starttls",
            "alarms_smtp_ca": str(tmp_path / "ca.pem"),
            "alarms_smtp_username": "anna",
            "alarms_smtp_password": "right",
        }


def item(to: list[str] | None = None) -> Item:
    payload = {"lane": "smtp", "to": to or BOTH, "event": event_json(event())}
    return Item(1, KEY, "email", payload, 1, datetime(2026, 3, 1, tzinfo=UTC), 0.0)


async def send(settings: dict[str, object], to: list[str] | None = None) -> str | None:
    return await MailSender(OutboxSettings.model_validate(settings)).send(item(to))


async def test_mail_goes_to_all_recipients_at_once_and_says_everything(
    post: Post, plain: dict[str, object]
) -> None:
    """Who, what, when, how severe, and the command that shows more."""
    assert await send({**plain, "alarms_smtp_from": "plant@example.com"}) is None
    mail = post.mail()
    assert post.envelopes[0].rcpt_tos == BOTH
    assert post.envelopes[0].mail_from == "plant@example.com"
    assert mail["Subject"] == "[high_high 800] Pump 1 pump-0002/x: velocity RMS 7.4 mm/s"
    assert [address.addr_spec for address in mail["To"].addresses] == BOTH
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    lines = mail.get_content().splitlines()
    for line in (
        "velocity RMS 7.4 mm/s",
        "When:        2026-03-01T12:00:00.000000000Z",
        "Machine:     Pump 1",
        "Sensor:      pump-0002/x",
        "Value:       7.4 mm/s",
        "Level:       high_high, severity 800 of 1000",
        "State:       active, unacknowledged",
        f"iotctl alarms show {ALARM}",
    ):
        assert line in lines


async def test_mail_that_is_sent_twice_is_the_same_for_a_reader(post: Post, plain: dict[str, object]) -> None:
    """By its Message-ID, which follows from the outbox's key; the mails of one alarm are one thread."""
    await send(plain)
    await send(plain)
    ids = [message_from_bytes(one.original_content or b"")["Message-ID"] for one in post.envelopes]
    assert ids[0] == ids[1]
    first = message("a", event_json(event()), BOTH, "a@b")
    later = message("b", event_json(event(Kind.CLEARED)), BOTH, "a@b")
    assert first["Message-ID"] != later["Message-ID"]
    assert first["References"] == later["References"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "CLEARED"}, "[CLEARED high_high 800] Pump 1 pump-0002/x: velocity RMS 7.4 mm/s"),
        ({"target": None}, "[high_high 800] pump-0002/x: velocity RMS 7.4 mm/s"),
        ({"channel": 2, "channel_name": ""}, "[high_high 800] Pump 1 pump-0002/2: velocity RMS 7.4 mm/s"),
        ({"channel": None, "channel_name": ""}, "[high_high 800] Pump 1 pump-0002: velocity RMS 7.4 mm/s"),
        (
            {"message": "a\r\nBcc: x@y\r\n\r\nb\x1b[2J"},
            "[high_high 800] Pump 1 pump-0002/x: a Bcc: x@y b [2J",
        ),
    ],
)
def test_subject_is_one_line_that_names_level_machine_sensor_and_finding(
    changes: dict[str, object], expected: str
) -> None:
    """Whatever is in a text: it ends no header."""
    made = message(KEY, {**event_json(event()), **changes}, BOTH, "a@b")
    assert made["Subject"] == expected == subject({**event_json(event()), **changes})
    assert made["Bcc"] is None
    # what was put in as lines stays within its line of the body, too
    assert not [line for line in made.get_content().splitlines() if line.startswith("Bcc:")]


def test_body_without_a_value_leaves_its_line_out() -> None:
    """A silent sensor has measured nothing."""
    said = body(event_json(event(value=None, evidence={"last": "10:00\nnow"})))
    assert "Value:" not in said
    assert "  last: 10:00 now" in said.splitlines()


@pytest.mark.parametrize("to", ["a@b\r\nBcc: c@d", "a", "<a@b>, c@d", "a@b c"])
async def test_mail_to_what_is_no_address_is_given_up(post: Post, plain: dict[str, object], to: str) -> None:
    """Nothing is sent to anybody."""
    with pytest.raises(RefusedError, match="cannot be made"):
        await send(plain, [to])
    assert post.envelopes == []


async def test_mail_is_encrypted_by_starttls_with_a_login(post: Post, encrypted: dict[str, object]) -> None:
    """The certificate is checked against the authority of the settings."""
    await send(encrypted)
    assert post.encrypted == [True]
    with pytest.raises(UnsentError, match=r"(?i)certificate"):
        await send({**encrypted, "alarms_smtp_ca": ""})
    assert len(post.envelopes) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authority_that_cannot_be_read_is_named_at_the_start(tmp_path: Path, content: str | None) -> None:
    """And not at the first alarm."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    given = {"alarms_smtp_host": "mail.example.com", "alarms_smtp_ca": str(file)}
    with pytest.raises(OSError, match=r"STREAMING_ALARMS_SMTP_CA: .*/ca\.pem cannot be read"):
        MailSender(OutboxSettings.model_validate(given))


async def test_mail_with_a_wrong_password_is_tried_again(post: Post, encrypted: dict[str, object]) -> None:
    """It can be put right."""
    with pytest.raises(UnsentError, match=r"(?i)auth"):
        await send({**encrypted, "alarms_smtp_password": "wrong"})


async def test_mail_is_not_sent_in_the_clear_where_the_server_cannot_encrypt(
    post: Post, plain: dict[str, object]
) -> None:
    """A server without STARTTLS is no reason to go on without it."""
    with pytest.raises(UnsentError, match="STARTTLS"):
        await send({**plain, "alarms_smtp_tls": "starttls"})
    assert post.envelopes == []


async def test_recipient_that_is_refused_for_good_holds_up_no_other(
    post: Post, plain: dict[str, object]
) -> None:
    """Who it was is the remark."""
    post.refused = {BOTH[0]: "550 no such user"}
    assert await send(plain) == f"{BOTH[0]}: 550 no such user"
    assert post.envelopes[0].rcpt_tos == BOTH[1:]


async def test_recipient_that_is_refused_for_now_is_tried_again_alone(
    post: Post, plain: dict[str, object]
) -> None:
    """The others have the mail and do not get it a second time."""
    post.refused = {BOTH[0]: "450 later"}
    with pytest.raises(UnsentError, match="450 later") as caught:
        await send(plain)
    assert caught.value.payload == {**item().payload, "to": BOTH[:1]}
    assert len(post.envelopes) == 1


async def test_mail_whose_recipients_are_all_refused_is_given_up_or_tried_again(
    post: Post, plain: dict[str, object]
) -> None:
    """By whether any of them may be taken later."""
    post.refused = dict.fromkeys(BOTH, "550 no such user")
    with pytest.raises(RefusedError, match="550 no such user"):
        await send(plain)
    post.refused[BOTH[1]] = "451 later"
    with pytest.raises(UnsentError) as caught:
        await send(plain)
    assert caught.value.payload is not None
    assert caught.value.payload["to"] == BOTH[1:]


@pytest.mark.parametrize(("answer", "kind"), [("554 spam", RefusedError), ("451 later", UnsentError)])
async def test_mail_that_the_server_does_not_take_is_given_up_at_5xx_alone(
    post: Post, plain: dict[str, object], answer: str, kind: type[Exception]
) -> None:
    """RFC 5321, 4.2.1."""
    post.data_answer = answer
    with pytest.raises(kind, match=answer):
        await send(plain)


async def test_mail_without_a_server_waits_and_says_which_setting_is_missing(unused_tcp_port: int) -> None:
    """It goes out when there is one."""
    with pytest.raises(UnsentError, match="STREAMING_ALARMS_SMTP_HOST"):
        await send({})
    away = {"alarms_smtp_host": "127.0.0.1", "alarms_smtp_port": unused_tcp_port, "alarms_smtp_tls": "none"}
    with pytest.raises(UnsentError, match=str(unused_tcp_port)):
        await send(away)
