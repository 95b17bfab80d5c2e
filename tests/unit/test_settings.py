"""Settings: documented, all in .env.example, wrong ones refused by the name of their variable."""

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from runtime import config
from runtime.config import RabbitmqSettings, Settings
from stack import env_example

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("bridge", "ingest", "alarms", "emulator", "timescale", "runtime", "web", "ctl")


def settings_classes() -> set[type[BaseSettings]]:
    for package in SERVICES:
        for module in pkgutil.iter_modules([str(ROOT / package)]):
            if module.name != "__main__":
                import_module(f"{package}.{module.name}")
    found: set[type[BaseSettings]] = set()
    waiting: list[type[BaseSettings]] = [Settings]
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting += one.__subclasses__()
    return {one for one in found if one.__module__.split(".")[0] in SERVICES}


def test_env_example_is_what_the_settings_say() -> None:
    """`make env-example` was run after the last change of a setting."""
    assert (ROOT / ".env.example").read_text() == "\n".join(env_example.lines()) + "\n"


def test_every_settings_class_is_in_the_example() -> None:
    """A new service's settings do not stay undocumented."""
    assert settings_classes() == {settings for _, settings in env_example.SECTIONS}


@pytest.mark.parametrize("settings", sorted(settings_classes(), key=str))
def test_every_setting_is_described(settings: type[BaseSettings]) -> None:
    """In a sentence."""
    for name, field in settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_secret_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As containers and Kubernetes give them."""
    (tmp_path / "streaming_rabbitmq_password").write_text("from a file")
    monkeypatch.delenv("STREAMING_RABBITMQ_PASSWORD", raising=False)
    monkeypatch.setenv("STREAMING_SECRETS_DIR", str(tmp_path))
    settings = config.load(RabbitmqSettings)
    assert settings.rabbitmq_password.get_secret_value() == "from a file"


def test_missing_secrets_folder_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret that was not mounted is not an empty password."""
    monkeypatch.setenv("STREAMING_SECRETS_DIR", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit) as ended:
        config.load(RabbitmqSettings)
    assert ended.value.code == 2
    assert "STREAMING_SECRETS_DIR" in capsys.readouterr().err


def test_secret_is_not_shown_when_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logging the settings gives nothing away."""
    monkeypatch.setenv("STREAMING_RABBITMQ_PASSWORD", "do not show")
    assert "do not show" not in repr(config.load(RabbitmqSettings))


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("STREAMING_HEALTH_PROT", "STREAMING_HEALTH_PORT"),
        ("STREAMING_RABBITMQ_PASWORD", "STREAMING_RABBITMQ_PASSWORD"),
        ("STREAMING_RABBITMQ_USER_NAME", "STREAMING_RABBITMQ_USERNAME"),
        ("STREAMING_RABBIT_MQ_HOST", "STREAMING_RABBITMQ_HOST"),
        ("STREAMING_LOGLEVEL", "STREAMING_LOG_LEVEL"),
        ("STREAMING_SECRET_DIR", "STREAMING_SECRETS_DIR"),
    ],
)
def test_misspelt_variable_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str, meant: str
) -> None:
    """Else its default would be used in silence."""
    monkeypatch.setenv(wrong, "1")
    config.load(RabbitmqSettings)
    assert capsys.readouterr().err == f"{wrong} is not read: is {meant} meant?\n"


@pytest.mark.parametrize("settings", sorted(settings_classes(), key=str))
def test_variable_of_another_service_is_not_taken_for_a_misspelt_one(settings: type[BaseSettings]) -> None:
    """One environment, with everything of every service, serves all of them."""
    everything = {
        f"{config.PREFIX}{name.upper()}": "1" for one in settings_classes() for name in one.model_fields
    }
    assert config.misspelt(settings, everything | {"STREAMING_SECRETS_DIR": "/", "PATH": "/"}) == {}
