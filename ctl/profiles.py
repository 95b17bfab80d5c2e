"""Profiles: where servers are and who one is there, by name; their passwords, kept apart from them.

~/.config/sensor-streaming/iotctl.toml       which servers, which users: nothing secret
the system's keyring                         passwords; where there is none:
~/.config/sensor-streaming/passwords.toml    readable by its owner alone
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import click
import tomlkit
from pydantic import TypeAdapter, ValidationError
from tomlkit.exceptions import TOMLKitError

from ctl.errors import USAGE, CtlError
from ctl.settings import SECRETS, CtlSettings

_KEYRING_SERVICE = "sensor-streaming"


class Profiles:
    """What the configuration file says. CtlError where it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._document = _read(path)
        self.passwords = Passwords(path.with_name("passwords.toml"))

    @property
    def names(self) -> list[str]:
        """All profiles, sorted."""
        return sorted(self._profiles())

    @property
    def default(self) -> str | None:
        """The profile that is used where none is named."""
        name = self._document.get("profile")
        return str(name) if name is not None else None

    def values(self, name: str | None) -> dict[str, Any]:
        """The settings of a profile, passwords included; of the default where `name` is None; {} where there is none."""
        chosen = name or self.default
        if chosen is None:
            return {}
        if chosen not in self._profiles():
            known = ", ".join(self.names) or "none"
            raise CtlError(
                f"there is no profile {chosen!r} in {self.path} (known: {known}): iotctl --profile {chosen} login",
                USAGE,
            )
        settings = _table(self._profiles(), chosen, self.path)
        for key, value in settings.items():
            self._check(chosen, key, value)
        return {**settings, **self.passwords.load(chosen)}

    def save(self, name: str, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
        """Write a profile, make it the default where it is the first; says where its passwords went."""
        profiles = self._document.setdefault("profiles", tomlkit.table(is_super_table=True))
        table = tomlkit.table()
        for key, value in settings.items():
            table[key] = value
        profiles[name] = table
        if self.default is None:
            self._document["profile"] = name
        self._write()
        return self.passwords.save(name, secrets)

    def remove(self, name: str) -> bool:
        """Forget a profile and its passwords; False where it was not known."""
        known = name in self._profiles()
        if known:
            del self._document["profiles"][name]
            if self.default == name:
                del self._document["profile"]
            self._write()
        self.passwords.remove(name)
        return known

    def _profiles(self) -> Mapping[str, Any]:
        profiles = self._document.get("profiles", {})
        if not isinstance(profiles, Mapping):
            raise CtlError(f"{self.path}: profiles is no table", USAGE)
        return profiles

    def _check(self, profile: str, key: str, value: Any) -> None:
        field = CtlSettings.model_fields.get(key)
        if field is None:
            raise CtlError(f"{self.path}: profile {profile} has an unknown setting {key!r}", USAGE)
        try:
            TypeAdapter(Annotated[field.annotation, field]).validate_python(value)  # type: ignore[arg-type]  # a type made of a variable
        except ValidationError as error:
            given = "" if key in SECRETS else f" (given: {value!r})"
            raise CtlError(
                f"{self.path}: profile {profile}: {key}: {error.errors()[0]['msg']}{given}", USAGE
            ) from error

    def _write(self) -> None:
        write_private(self.path, tomlkit.dumps(self._document))


class Passwords:
    """In the system's keyring where it has one, else in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, profile: str) -> dict[str, str]:
        """Setting → password, of those that are known."""
        kept = _table(_read(self._path, private=True), profile, self._path)
        found = {str(key): str(value) for key, value in kept.items()}
        if _has_keyring():
            import keyring

            for key in SECRETS:
                password = keyring.get_password(_KEYRING_SERVICE, f"{profile}/{key}")
                if password is not None:
                    found[key] = password
        return found

    def save(self, profile: str, secrets: Mapping[str, str]) -> str:
        """Keep these instead of what was kept; returns where."""
        self.remove(profile)
        if _has_keyring():
            import keyring

            for key, password in secrets.items():
                keyring.set_password(_KEYRING_SERVICE, f"{profile}/{key}", password)
            return "the system's keyring"
        document = _read(self._path, private=True)
        document[profile] = dict(secrets)
        write_private(self._path, tomlkit.dumps(document))
        return f"{self._path} (this system has no keyring)"

    def remove(self, profile: str) -> None:
        """Forget them, wherever they are."""
        if _has_keyring():
            import keyring
            import keyring.errors

            for key in SECRETS:
                try:
                    keyring.delete_password(_KEYRING_SERVICE, f"{profile}/{key}")
                except keyring.errors.PasswordDeleteError:
                    continue  # was not there
        document = _read(self._path, private=True)
        if profile in document:
            del document[profile]
            write_private(self._path, tomlkit.dumps(document))


def default_path() -> Path:
    """Where the configuration file is by default."""
    return Path(click.get_app_dir("sensor-streaming", force_posix=False)) / "iotctl.toml"


def write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner alone. CtlError where it cannot be written."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
            partial.replace(path)
        except BaseException:
            partial.unlink()  # half a file, and there may be passwords in it
            raise
    except OSError as error:
        raise CtlError(f"cannot write {path}: {error.strerror or error}", USAGE) from error


def _table(document: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    """The entries of a table, {} where there is none. CtlError where something else has its name."""
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise CtlError(f"{path}: {name} is no table of settings", USAGE)
    return dict(table)


def _read(path: Path, *, private: bool = False) -> tomlkit.TOMLDocument:
    try:
        if private and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CtlError(f"{path} holds passwords and others can read it: chmod 600 {path}", USAGE)
        return tomlkit.parse(path.read_text())
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, TOMLKitError, UnicodeDecodeError) as error:
        raise CtlError(f"cannot read {path}: {error}", USAGE) from error


def _has_keyring() -> bool:
    import keyring

    # backends that store nothing say so with a priority of 0 or less
    return bool(getattr(keyring.get_keyring(), "priority", 0) > 0)
