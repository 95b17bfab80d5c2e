"""Profiles: what is kept where, who may read it, what overrides it."""

import stat
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from ctl import settings
from ctl.errors import USAGE, CtlError
from ctl.profiles import Profiles


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring as desktops have one."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError(username)


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    one = MemoryKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: one)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(one, name))
    return one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "iotctl.toml"


@pytest.mark.usefixtures("no_keyring")
def test_profile_without_a_keyring_keeps_passwords_in_a_private_file(path: Path) -> None:
    """Apart from the configuration, which may be shown around."""
    where = Profiles(path).save("lab", {"rabbitmq_host": "lab.example"}, {"rabbitmq_password": "secret"})
    passwords = path.with_name("passwords.toml")
    assert str(passwords) in where
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert "secret" not in path.read_text()
    assert Profiles(path).values(None) == {"rabbitmq_host": "lab.example", "rabbitmq_password": "secret"}


def test_profile_with_a_keyring_leaves_no_password_in_any_file(path: Path, memory: MemoryKeyring) -> None:
    """And logging out takes them back."""
    profiles = Profiles(path)
    assert "keyring" in profiles.save(
        "lab", {}, {"rabbitmq_password": "secret", "database_password": "other"}
    )
    assert not any("secret" in file.read_text() for file in path.parent.iterdir())
    assert Profiles(path).values("lab") == {"rabbitmq_password": "secret", "database_password": "other"}
    profiles.save("lab", {}, {"rabbitmq_password": "new"})
    assert list(memory.kept.values()) == ["new"]
    assert profiles.remove("lab")
    assert not memory.kept
    assert Profiles(path).names == []


@pytest.mark.usefixtures("no_keyring")
def test_password_file_that_others_can_read_is_refused(path: Path) -> None:
    """With what to do about it."""
    Profiles(path).save("lab", {}, {"rabbitmq_password": "secret"})
    path.with_name("passwords.toml").chmod(0o644)
    with pytest.raises(CtlError, match="chmod 600") as refused:
        Profiles(path).values("lab")
    assert refused.value.exit_code == USAGE


@pytest.mark.usefixtures("no_keyring")
def test_comments_of_the_configuration_survive_a_login(path: Path) -> None:
    """It is the user's file."""
    path.parent.mkdir()
    path.write_text('# mine\nprofile = "lab"\n\n[profiles.lab]\nmqtt_host = "a"  # the attic\n')
    Profiles(path).save("cellar", {"mqtt_host": "b"}, {})
    text = path.read_text()
    assert "# mine" in text
    assert "# the attic" in text
    assert Profiles(path).default == "lab"
    assert Profiles(path).names == ["cellar", "lab"]


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profile = ", "cannot read"),
        ('profile = "lab"\n[profiles.lab]\nrabitmq_host = "x"\n', "unknown setting 'rabitmq_host'"),
        ('profile = "attic"\n[profiles.lab]\n', "no profile 'attic'.*known: lab"),
        ("profiles = 3\nprofile = 'lab'", "no table"),
        ("profile = 'lab'\n[profiles]\nlab = 3", "lab is no table"),
        (
            'profile = "lab"\n[profiles.lab]\nrabbitmq_amqp_port = "many"',
            "profile lab: rabbitmq_amqp_port: .*given: 'many'",
        ),
        ('profile = "lab"\n[profiles.lab]\nmqtt_port = 70000', "profile lab: mqtt_port: .*65535"),
        ('profile = "lab"\n[profiles.lab]\nmqtt_password = 5', "profile lab: mqtt_password: .*string$"),
    ],
)
def test_configuration_that_is_wrong_is_refused_by_the_place(path: Path, text: str, said: str) -> None:
    """In a sentence that names it."""
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(CtlError, match=said) as refused:
        Profiles(path).values(None)
    assert str(path) in refused.value.message
    assert refused.value.exit_code == USAGE


@pytest.mark.usefixtures("no_keyring")
def test_passwords_that_are_no_table_are_refused_by_the_file(path: Path) -> None:
    """Not by a traceback."""
    Profiles(path).save("lab", {}, {"rabbitmq_password": "secret"})
    path.with_name("passwords.toml").write_text("lab = 3")
    with pytest.raises(CtlError, match=r"passwords.toml: lab is no table"):
        Profiles(path).values("lab")


@pytest.mark.usefixtures("no_keyring")
def test_profile_that_cannot_be_written_is_refused_and_leaves_nothing(path: Path) -> None:
    """Where a file is in the way of the folder, or a folder in that of the file."""
    profiles = Profiles(path)
    path.parent.write_text("")
    with pytest.raises(CtlError, match="cannot write") as refused:
        profiles.save("lab", {}, {})
    assert refused.value.exit_code == USAGE
    path.parent.unlink()
    path.mkdir(parents=True)
    with pytest.raises(CtlError, match="cannot write"):
        profiles.save("lab", {}, {})
    assert list(path.parent.iterdir()) == [path]


def test_environment_overrides_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the profile the default."""
    monkeypatch.setenv("STREAMING_RABBITMQ_HOST", "from-env")
    for name in ("DATABASE_HOST", "MQTT_HOST"):
        monkeypatch.delenv(f"STREAMING_{name}", raising=False)
    loaded = settings.load({"rabbitmq_host": "from-profile", "database_host": "from-profile"})
    assert (loaded.rabbitmq_host, loaded.database_host, loaded.mqtt_host) == (
        "from-env",
        "from-profile",
        "127.0.0.1",
    )
