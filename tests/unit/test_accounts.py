"""Accounts of a deployment: passwords in files, what services read, and what the servers are told."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic_settings import BaseSettings

from alarms.config import AlarmsSettings
from bridge.config import BridgeSettings
from ctl.settings import CtlSettings
from emulator.credentials import CredentialsSettings
from ingest.config import IngestSettings
from runtime import accounts, mosquitto_accounts, rabbitmq_accounts
from runtime.dynsec import acl
from runtime.password_files import MissingPasswordError, Owner, PasswordFolder, write_private
from runtime.topology import TopologySettings
from timescale.bootstrap import ROLES
from timescale.config import BootstrapSettings, OwnerSettings
from web.config import WebSettings
from wire import names

MQTT = {user: f"{user}'s password" for user in mosquitto_accounts.users(4)}
RABBITMQ = {user: f"{user}'s password" for user in rabbitmq_accounts.USERS}
ACL = Path(__file__).resolve().parents[2] / "mosquitto/acl"


def run(folder: Path, *arguments: str) -> Result:
    """The command with the passwords of that folder."""
    return CliRunner().invoke(
        accounts.cli, ["--passwords", str(folder / "passwords"), *arguments], catch_exceptions=False
    )


def content(folder: Path) -> dict[str, str]:
    """Every file below, by its path."""
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_make_makes_what_is_missing_and_keeps_the_rest(tmp_path: Path) -> None:
    """One private file each, all different; a password that somebody else has put there stays."""
    (tmp_path / "passwords").mkdir()
    (tmp_path / "passwords/database-postgres").write_text("given\n")
    assert "passwords made" in run(tmp_path, "make").output
    first = content(tmp_path / "passwords")
    assert set(first) == set(accounts.passwords())
    assert len(set(first.values())) == len(first)
    assert first["database-postgres"] == "given\n"
    assert (tmp_path / "passwords/mqtt-control").stat().st_mode & 0o777 == 0o600
    assert run(tmp_path, "make").output == "0 passwords made\n"
    assert content(tmp_path / "passwords") == first


def test_make_tells_no_password(tmp_path: Path) -> None:
    """Its output ends up in logs: names are all that it says."""
    output = run(tmp_path, "make").output
    assert "rabbitmq-ingest" in output
    assert not any(secret in output for secret in content(tmp_path / "passwords").values())


@pytest.mark.parametrize(
    ("holder", "settings"),
    [
        *((f"bridge-{i}", BridgeSettings) for i in range(4)),
        ("ingest", IngestSettings),
        ("alarms", AlarmsSettings),
        ("web", WebSettings),
        ("topology", TopologySettings),
        ("bootstrap", BootstrapSettings),
        ("owner", OwnerSettings),
        ("operator", CtlSettings),
        ("fleet", CredentialsSettings),
        ("viewer", CtlSettings),
    ],
)
def test_settings_are_read_by_whose_they_are(
    tmp_path: Path, holder: str, settings: type[BaseSettings]
) -> None:
    """Every file is a setting of that service, and comes back as the password that it stands for."""
    assert run(tmp_path, "make", "settings", str(tmp_path)).exit_code == 0
    read = settings(_secrets_dir=tmp_path / holder)
    for setting, name in accounts.holders()[holder].items():
        assert getattr(read, setting).get_secret_value() == (tmp_path / "passwords" / name).read_text()
    assert {f"streaming_{setting}" for setting in accounts.holders()[holder]} == set(
        content(tmp_path / holder)
    )


def test_settings_follow_a_password_that_is_replaced(tmp_path: Path) -> None:
    """So one is rotated: a new file, and the command again. The others stay as they are."""
    run(tmp_path, "make", "settings", str(tmp_path))
    before = content(tmp_path)
    (tmp_path / "passwords/database-web").write_text("another\n")
    run(tmp_path, "make", "settings", str(tmp_path))
    after = content(tmp_path)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {
        "passwords/database-web",
        "web/streaming_database_password",
        "bootstrap/streaming_web_password",
    }
    assert after["web/streaming_database_password"] == "another"


def test_settings_of_one_are_all_that_is_written(tmp_path: Path) -> None:
    """And an unknown one is named, with those that there are."""
    run(tmp_path, "make", "settings", "--for", "grafana", str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"passwords", "grafana"}
    refused = run(tmp_path, "settings", "--for", "grafna", str(tmp_path))
    assert refused.exit_code == 2
    assert "'grafna' is none of" in refused.output
    assert "grafana" in refused.output


def test_passwords_are_all_held_by_somebody_and_there_for_every_database_role() -> None:
    """None is made for nothing, and bootstrap sets each role's."""
    held = {name for settings in accounts.holders(2).values() for name in settings.values()}
    for_servers = {f"rabbitmq-{user}" for user in rabbitmq_accounts.USERS} | {"rabbitmq-cookie"}
    assert set(accounts.passwords(2)) == held | for_servers
    assert {f"streaming_{role}" for role in accounts.DATABASE_ROLES} == set(ROLES)


def test_a_missing_password_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where none may be made, as in a Secret that is mounted, the command says which is missing."""
    monkeypatch.setattr("sys.argv", ["accounts", "--passwords", str(tmp_path), "rabbitmq", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        accounts.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"accounts: there is no password in {tmp_path}/rabbitmq-control\n"


def test_an_empty_password_is_none(tmp_path: Path) -> None:
    """It would let anybody in."""
    (tmp_path / "one").write_text("\n")
    with pytest.raises(MissingPasswordError, match=r"no password in .*one"):
        PasswordFolder(tmp_path).read("one")


@pytest.mark.parametrize("owner", ["me", "1:x", "", "-1"])
def test_an_owner_is_a_number_or_two(tmp_path: Path, owner: str) -> None:
    """Names mean something else in another container."""
    refused = run(tmp_path, "make", "rabbitmq", "--owner", owner, str(tmp_path))
    assert refused.exit_code == 2
    assert "is not UID or UID:GID" in refused.output


def test_write_private_gives_files_and_their_folder_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the user of the server that reads them, also when the text is there already."""
    given: list[tuple[str, int, int]] = []

    def chown(what: int | Path, uid: int, gid: int) -> None:
        given.append(
            (Path(f"/proc/self/fd/{what}").resolve().suffix if isinstance(what, int) else what.name, uid, gid)
        )

    monkeypatch.setattr(os, "chown", chown)
    monkeypatch.setattr(os, "fchown", chown)
    for _ in range(2):
        write_private(tmp_path / "new/file", "text", Owner(1883, 1884), 0o400)
    assert given == [
        ("new", 1883, 1884),
        (".partial", 1883, 1884),
        ("new", 1883, 1884),
        ("file", 1883, 1884),
    ]
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new/file").stat().st_mode & 0o777 == 0o400


def test_write_private_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves the old text."""
    write_private(tmp_path / "file", "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"


def test_mosquitto_and_rabbitmq_are_told_the_same_passwords(tmp_path: Path) -> None:
    """All in one command, as a deployment does it; the access control file is a private copy."""
    done = run(
        tmp_path, "make", "settings", str(tmp_path), "mosquitto", "--acl", str(ACL), str(tmp_path / "m"),
        "rabbitmq", "--cookie", str(tmp_path / "r"),
    )  # fmt: skip
    assert done.exit_code == 0
    state = json.loads((tmp_path / "m/dynamic-security.json").read_text())
    [client] = [one for one in state["clients"] if one["username"] == "bridge-0"]
    secret = (tmp_path / "bridge-0/streaming_mqtt_password").read_text()
    assert digest(client, secret) == client["password"]
    assert (tmp_path / "m/acl").read_text() == ACL.read_text()
    definitions = json.loads((tmp_path / "r/definitions.json").read_text())
    [user] = [one for one in definitions["users"] if one["name"] == "ingest"]
    secret = (tmp_path / "ingest/streaming_rabbitmq_password").read_text()
    salted = base64.b64decode(user["password_hash"])
    assert hashlib.sha256(salted[:4] + secret.encode()).digest() == salted[4:]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "m").iterdir()} == {0o600}
    assert (tmp_path / "r/.erlang.cookie").stat().st_mode & 0o777 == 0o400


def test_mosquittos_file_is_left_alone_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    """The broker, which may be running, writes it, too."""
    arguments = ("make", "mosquitto", "--acl", str(ACL), str(tmp_path / "m"))
    run(tmp_path, *arguments)
    before = (tmp_path / "m/dynamic-security.json").stat()
    run(tmp_path, *arguments)
    assert (tmp_path / "m/dynamic-security.json").stat().st_ino == before.st_ino


def test_mosquittos_file_is_left_alone_as_the_broker_sorts_it(tmp_path: Path) -> None:
    """Roles, their rules and users come in another order from it, and say the same."""
    state = mosquitto_accounts.first_state(MQTT)
    roles = [{**role, "acls": role["acls"][::-1]} for role in state["roles"][::-1]]
    sorted_otherwise = {**state, "clients": state["clients"][::-1], "roles": roles}
    assert mosquitto_accounts.renewed(sorted_otherwise, MQTT) == sorted_otherwise
    less = {**state, "roles": [{**role, "acls": role["acls"][1:]} for role in roles]}
    assert mosquitto_accounts.renewed(less, MQTT)["roles"] != less["roles"]


def digest(client: dict[str, Any], secret: str) -> str:
    """What Mosquitto compares."""
    salt = base64.b64decode(client["salt"])
    return base64.b64encode(
        hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, client["iterations"])
    ).decode()


def test_a_services_password_that_is_rotated_is_taken_over(tmp_path: Path) -> None:
    """Hashed anew for that one; the others keep their hash, and sensors theirs."""
    sensor = {"username": "pump-1", "clientid": "pump-1", "password": "x", "roles": [{"rolename": "sensor"}]}
    state = mosquitto_accounts.first_state(MQTT)
    state["clients"].append(sensor)
    after = mosquitto_accounts.renewed(state, {**MQTT, "bridge-1": "another"})
    clients = {client["username"]: client for client in after["clients"]}
    before = {client["username"]: client for client in state["clients"]}
    assert {name for name in clients if clients[name] != before[name]} == {"bridge-1"}
    assert digest(clients["bridge-1"], "another") == clients["bridge-1"]["password"]


def test_rabbitmq_definitions_hold_hashes_not_passwords() -> None:
    """Users carry RabbitMQ's salted SHA-256; services may not configure."""
    definitions = rabbitmq_accounts.definitions(RABBITMQ)
    assert RABBITMQ["bridge"] not in json.dumps(definitions)
    user = next(user for user in definitions["users"] if user["name"] == "bridge")
    salted = base64.b64decode(user["password_hash"])
    assert hashlib.sha256(salted[:4] + RABBITMQ["bridge"].encode()).digest() == salted[4:]
    rights = {right["user"]: right["configure"] for right in definitions["permissions"]}
    assert rights["bridge"] == rights["ingest"] == "^$"


def test_rabbitmq_operator_may_give_commands_and_viewer_nothing() -> None:
    """What they publish, read and make, pattern by pattern."""
    definitions = rabbitmq_accounts.definitions(RABBITMQ)
    rights = {right["user"]: right for right in definitions["permissions"]}
    keys = {right["user"]: right["write"] for right in definitions["topic_permissions"]}

    def may(user: str, what: str, name: str) -> bool:
        return re.search(rights[user][what], name) is not None

    assert may("operator", "write", names.EXCHANGE)
    assert may("operator", "write", names.partition_stream(3))
    assert may("operator", "configure", "amq.gen-abc")
    assert re.search(keys["operator"], names.command_routing_key("pump-1", names.CommandLevel.SLEEP))
    assert not re.search(keys["operator"], names.routing_key("pump-1", "acks"))
    for queue in names.QUEUES:
        assert not may("operator", "read", queue)
        assert not may("operator", "write", queue)
        assert not may("operator", "configure", queue)
    assert may("viewer", "read", names.LOG_STREAM)
    assert may("viewer", "read", names.partition_stream(0))
    for name in (names.EXCHANGE, names.DEAD_STREAM, "amq.gen-abc", *names.QUEUES):
        assert not may("viewer", "write", name)
        assert not may("viewer", "configure", name)
    assert not may("viewer", "read", names.COMMAND_QUEUE)


def test_rabbitmq_bridge_gives_no_commands() -> None:
    """It says what sensors say, and how far commands got."""
    definitions = rabbitmq_accounts.definitions(RABBITMQ)
    [keys] = [right["write"] for right in definitions["topic_permissions"] if right["user"] == "bridge"]
    assert re.search(keys, names.report_routing_key("pump-1"))
    assert re.search(keys, names.routing_key("pump-1", "acks"))
    assert not re.search(keys, names.command_routing_key("pump-1", names.CommandLevel.SLEEP))


def test_rabbitmq_alarms_commands_and_tells_and_reads_measurements_alone() -> None:
    """It cannot speak for a sensor or a bridge, take what is others' from a queue, or write a stream."""
    definitions = rabbitmq_accounts.definitions(RABBITMQ)
    [rights] = [right for right in definitions["permissions"] if right["user"] == "alarms"]
    [keys] = [right["write"] for right in definitions["topic_permissions"] if right["user"] == "alarms"]

    def may(what: str, name: str) -> bool:
        return re.search(rights[what], name) is not None

    assert re.search(keys, names.command_routing_key("pump-1", names.CommandLevel.TRIGGER_ALARM))
    assert re.search(keys, names.routing_key("pump-1", "alarms.trigger"))
    for suffix in ("acks", "birth", "status", "command_reports"):
        assert not re.search(keys, names.routing_key("pump-1", suffix))
    streams = [names.partition_stream(0), names.LOG_STREAM, names.DEAD_STREAM]
    assert [may("read", name) for name in (names.DATA_SUPER_STREAM, *streams)] == [True, True, False, False]
    for what in ("read", "write", "configure"):
        assert may(what, "amq.gen-abc")
        assert not any(may(what, queue) for queue in names.QUEUES)
    assert may("write", names.EXCHANGE)
    assert not any(may(what, name) for what in ("write", "configure") for name in streams)


def test_dynamic_security_holds_hashes_and_denies_by_default() -> None:
    """PBKDF2 as the plugin makes it; publishing, reading and subscribing need a rule."""
    state = mosquitto_accounts.first_state(MQTT)
    client = next(client for client in state["clients"] if client["username"] == "control")
    expected = hashlib.pbkdf2_hmac(
        "sha512", MQTT["control"].encode(), base64.b64decode(client["salt"]), client["iterations"]
    )
    assert base64.b64decode(client["password"]) == expected
    access = state["defaultACLAccess"]
    assert not any(access[kind] for kind in ("publishClientSend", "publishClientReceive", "subscribe"))


def test_dynamic_security_of_an_older_version_gets_this_versions_roles_and_users() -> None:
    """What the broker has added since stays: sensors, with their passwords, and roles of others."""
    made = mosquitto_accounts.first_state(MQTT)
    sensor = {"username": "pump-1", "clientid": "pump-1", "password": "x", "roles": [{"rolename": "sensor"}]}
    others = {"rolename": "guest", "acls": []}
    everything = {"rolename": "control", "acls": [acl("subscribePattern", "#")]}
    without_bridge_3 = [client for client in made["clients"] if client["username"] != "bridge-3"]
    kept = {**made, "clients": [*without_bridge_3, sensor], "roles": [others, everything]}
    renewed = mosquitto_accounts.renewed(kept, MQTT)
    assert {role["rolename"]: role for role in renewed["roles"]} == {
        "guest": others,
        **{role["rolename"]: role for role in made["roles"]},
    }
    clients = {client["username"]: client for client in renewed["clients"]}
    assert {**clients, "bridge-3": None} == {
        "pump-1": sensor,
        "bridge-3": None,
        **{client["username"]: client for client in without_bridge_3},
    }
    assert mosquitto_accounts.renewed(renewed, MQTT) == renewed
