"""The outbox without its servers: how long it waits, and what its settings refuse."""

import base64

import pytest
from pydantic import ValidationError

from alarms.outbox import pools
from alarms.outbox_config import OutboxSettings
from alarms.outbox_worker import LEASE_S, LONGEST_SEND_S, LONGEST_WAIT_S, wait_s
from runtime import config

SECRET = base64.b64encode(b"0123456789abcdef01234567").decode()


def test_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    """It follows from the number of attempts, so that it survives a restart."""
    assert [wait_s(n) for n in range(1, 13)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert wait_s(10**6) == LONGEST_WAIT_S


def test_pools_share_no_action_and_every_action_has_one() -> None:
    """Slow webhooks hold up no mail and no command."""
    of = pools(OutboxSettings())
    actions = [action for pool in of for action in pool.actions]
    assert sorted(actions) == ["command", "email", "publish", "webhook"]
    assert all(pool.each <= pool.at_once for pool in of)


def test_lease_outlasts_the_longest_attempt() -> None:
    """Else another process would send what this one is still sending."""
    longest_post_s = next(
        one.le
        for one in OutboxSettings.model_fields["alarms_webhook_timeout_s"].metadata
        if hasattr(one, "le")
    )
    assert longest_post_s < LONGEST_SEND_S < LEASE_S


@pytest.mark.parametrize("given", ["", SECRET, f"whsec_{SECRET}", f"{SECRET} whsec_{SECRET}"])
def test_webhook_secrets_are_base64_marked_or_not(given: str) -> None:
    """One, several while they are exchanged, or none."""
    settings = OutboxSettings.model_validate({"alarms_webhook_secret": given})
    assert settings.alarms_webhook_secret.get_secret_value() == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("hunter2 is no base64!", "secret 1 is not base64"),
        (f"{SECRET} {base64.b64encode(b'short').decode()}", "secret 2 has 5 bytes; it needs 24 to 64"),
    ],
)
def test_webhook_secret_that_is_none_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str, words: str
) -> None:
    """By its number: a log must not hold it."""
    monkeypatch.setenv("STREAMING_ALARMS_WEBHOOK_SECRET", given)
    with pytest.raises(SystemExit):
        config.load(OutboxSettings)
    said = capsys.readouterr().err
    assert "STREAMING_ALARMS_WEBHOOK_SECRET" in said
    assert words in said
    assert given.split()[0] not in said


@pytest.mark.parametrize("sender", ["", "nobody", "a@b@c", "Alarms <a@b>", "a@b\nBcc: c@d"])
def test_sender_that_is_no_address_is_refused(sender: str) -> None:
    """Before a mail is to be sent."""
    with pytest.raises(ValidationError, match="alarms_smtp_from"):
        OutboxSettings.model_validate({"alarms_smtp_from": sender})
