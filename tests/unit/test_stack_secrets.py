"""Passwords: random, private, and hashed as the servers expect it."""

import base64
import hashlib
import json
import re
from pathlib import Path

from runtime.dynsec import acl
from stack import secrets
from wire import names


def test_load_makes_once_and_keeps(tmp_path: Path) -> None:
    """The same passwords every time, all different, in a file for its owner alone."""
    first = secrets.load(tmp_path / "secrets.json")
    assert secrets.load(tmp_path / "secrets.json") == first
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_load_adds_what_a_newer_version_needs(tmp_path: Path) -> None:
    """A user that an older version did not know gets a password; the others keep theirs."""
    file = tmp_path / "secrets.json"
    first = secrets.load(file)
    file.write_text(json.dumps({name: value for name, value in first.items() if name != "mqtt/bridge-3"}))
    second = secrets.load(file)
    assert {**first, "mqtt/bridge-3": second["mqtt/bridge-3"]} == second


def test_rabbitmq_definitions_hold_hashes_not_passwords(tmp_path: Path) -> None:
    """Users carry RabbitMQ's salted SHA-256; services may not configure."""
    passwords = secrets.load(tmp_path / "secrets.json")
    definitions = secrets.rabbitmq_definitions(passwords)
    assert passwords["rabbitmq/bridge"] not in json.dumps(definitions)
    user = next(user for user in definitions["users"] if user["name"] == "bridge")
    salted = base64.b64decode(user["password_hash"])
    assert hashlib.sha256(salted[:4] + passwords["rabbitmq/bridge"].encode()).digest() == salted[4:]
    rights = {right["user"]: right["configure"] for right in definitions["permissions"]}
    assert rights["bridge"] == rights["ingest"] == "^$"


def test_rabbitmq_operator_may_give_commands_and_viewer_nothing(tmp_path: Path) -> None:
    """What they publish, read and make, pattern by pattern."""
    definitions = secrets.rabbitmq_definitions(secrets.load(tmp_path / "secrets.json"))
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


def test_rabbitmq_bridge_gives_no_commands(tmp_path: Path) -> None:
    """It says what sensors say, and how far commands got."""
    definitions = secrets.rabbitmq_definitions(secrets.load(tmp_path / "secrets.json"))
    [keys] = [right["write"] for right in definitions["topic_permissions"] if right["user"] == "bridge"]
    assert re.search(keys, names.report_routing_key("pump-1"))
    assert re.search(keys, names.routing_key("pump-1", "acks"))
    assert not re.search(keys, names.command_routing_key("pump-1", names.CommandLevel.SLEEP))


def test_rabbitmq_alarms_commands_and_tells_and_reads_measurements_alone(tmp_path: Path) -> None:
    """It cannot speak for a sensor or a bridge, take what is others' from a queue, or write a stream."""
    definitions = secrets.rabbitmq_definitions(secrets.load(tmp_path / "secrets.json"))
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


def test_dynamic_security_holds_hashes_and_denies_by_default(tmp_path: Path) -> None:
    """PBKDF2 as the plugin makes it; publishing, reading and subscribing need a rule."""
    passwords = secrets.load(tmp_path / "secrets.json")
    state = secrets.dynamic_security(passwords)
    client = next(client for client in state["clients"] if client["username"] == "control")
    expected = hashlib.pbkdf2_hmac(
        "sha512", passwords["mqtt/control"].encode(), base64.b64decode(client["salt"]), client["iterations"]
    )
    assert base64.b64decode(client["password"]) == expected
    access = state["defaultACLAccess"]
    assert not any(access[kind] for kind in ("publishClientSend", "publishClientReceive", "subscribe"))


def test_dynamic_security_of_an_older_version_gets_this_versions_roles_and_users(tmp_path: Path) -> None:
    """What the broker has added since stays: sensors, with their passwords, and roles of others."""
    passwords = secrets.load(tmp_path / "secrets.json")
    made = secrets.dynamic_security(passwords)
    sensor = {"username": "pump-1", "clientid": "pump-1", "password": "x", "roles": [{"rolename": "sensor"}]}
    others = {"rolename": "guest", "acls": []}
    everything = {"rolename": "control", "acls": [acl("subscribePattern", "#")]}
    without_bridge_3 = [client for client in made["clients"] if client["username"] != "bridge-3"]
    kept = {**made, "clients": [*without_bridge_3, sensor], "roles": [others, everything]}
    renewed = secrets.renew_dynamic_security(kept, passwords)
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
    assert secrets.renew_dynamic_security(renewed, passwords) == renewed
