"""compose.yaml against the specification, the code, and what is documented of the servers' images.

No container engine runs it in a test, so every rule is also shown a file that breaks it.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.config import DatabaseSettings, MqttSettings, RabbitmqSettings
from runtime.health import Health, serve
from stack.prometheus import JOBS
from stack.servers import REPOSITORY
from tests.unit import compose_file, compose_rules
from tests.unit.compose_file import IMAGES, Compose
from tests.unit.compose_rules import RULES

TEXT = compose_file.FILE.read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_compose_keeps_every_rule(rule: Callable[[Compose], Iterator[str]]) -> None:
    """What each is stands in compose_rules.py."""
    assert list(rule(compose_file.load())) == []


# Rule, what stands in the file, what instead, what the rule says then.
BROKEN = [
    ("follows_the_specification", "cap_drop: [ALL]", "cap_drops: [ALL]", "cap_drops"),
    ("follows_the_specification", "{condition: service_healthy}", "{condition: healthy}", "is not valid"),
    ("images_are_pinned", "rabbitmq:4.1", "rabbitmq:latest", "rabbitmq: rabbitmq:latest"),
    ("images_are_pinned", "prom/prometheus:v3.5.1", "prom/prometheus", "prometheus: prom/prometheus"),
    ("is_hardened", "read_only: true", "read_only: false", "bridge: its file system can be written"),
    ("is_hardened", 'user: "1883:1883"', 'user: "0:0"', "mosquitto: runs as 0:0"),
    ("is_hardened", "network_mode: none", "network_mode: host", "accounts: is root with a network"),
    ("is_hardened", "max-size: 10m, ", "", "its log has no bound"),
    ("mounts_exist", "./grafana/dashboards:", "./grafana/dashbords:", "there is no ./grafana/dashbords"),
    ("mounts_exist", "./secrets}/web:", "./secrets}/page:", "web: nobody makes ./secrets/page"),
    ("mounts_exist", "- grafana:/var", "- graphana:/var", "the volume graphana is not declared"),
    ("mounts_exist", "./secrets}/web:", "./secrets}:", "web: has everybody's passwords"),
    ("mounts_exist", "/acl:ro,z", "/acl:z", None),  # of accounts, which may write
    ("mounts_exist", "grafana.ini:ro,z", "grafana.ini:z", "grafana: may write ./grafana/grafana.ini"),
    ("mounts_are_labelled", "grafana.ini:ro,z", "grafana.ini:ro", "grafana: ./grafana/grafana.ini is mounted with"),
    ("mounts_are_labelled", "./secrets}:/secrets:z", "./secrets}:/secrets:Z", "accounts: ./secrets is mounted with"),
    ("one_image_is_fetched_or_built_once", "  pull_policy: never", "  pull_policy: missing", "bridge: pulls missing"),
    ("one_image_is_fetched_or_built_once", "  bridge:\n", "  bridge:\n    build: .\n", "bridge: builds it, too"),
    ("one_image_is_fetched_or_built_once", "    build: {context: .}", "", "accounts: does not build it"),
    ("servers_find_their_files", ":/home/postgres/pgdata", ":/var/lib/postgresql/data", "timescaledb: keeps"),
    ("servers_find_their_files", ":/etc/grafana/provisioning", ":/etc/provisioning", "grafana: does not look"),
    ("servers_find_their_files", "/var/log/rabbitmq:size=1m", "/var/log:size=1m", "rabbitmq: writes to"),
    ("servers_settings_are_known", "GF_SECURITY_ADMIN_PASSWORD__FILE", "GF_ADMIN__FILE", "is not documented"),
    ("servers_settings_are_known", "streaming_postgres_password", "postgres_password", "timescaledb: POSTGRES_P"),
    ("servers_settings_are_known", "STREAMING_DASHBOARDS:", "STREAMING_BOARDS:", "STREAMING_DASHBOARDS is not given"),
    ("services_settings_are_known", "STREAMING_WEB_HOST", "STREAMING_WEB_HOSTS", "web: STREAMING_WEB_HOSTS is no"),
    ("services_settings_are_known", 'HEALTH_PORT: "9100"', 'HEALTH_PORT: "91000"', "less than or equal to 65535"),
    ("services_settings_are_known", "/bootstrap:/run", "/web:/run", "bootstrap: ('owner_password',): Field required"),
    ("commands_are_understood", "ingest, logs]", "ingest, log]", "ingest-logs: Invalid value"),
    ("commands_are_understood", "--every,", "--evry,", "maintenance: No such option"),
    ("commands_are_understood", "[sensor-streaming-web]", "[sensor-streaming-page]", "there is no sensor-streaming-page"),
    ("commands_are_understood", "      - make\n", "      - made\n", "accounts: no such command 'made'"),
    ("accounts_have_their_own_passwords", "USERNAME: alarms", "USERNAME: web", "alarms: logs in to rabbitmq as web"),
    ("accounts_have_their_own_passwords", "USERNAME: bridge-0", "USERNAME: bridge-1", "bridge: logs in to mqtt as"),
    ("accounts_have_their_own_passwords", "/topology:/run", "/operator:/run", "topology: has mqtt_password"),
    ("no_secret_is_in_the_environment", "NO_TS_TUNE:", "POSTGRES_PASSWORD:", "timescaledb: POSTGRES_PASSWORD"),
    ("accounts_are_made_for_whom_they_are", "--for=web", "--for=viewer", "web: runs as 10001:10001, and web belongs"),
    ("accounts_are_made_for_whom_they_are", "--owner=999", "--owner=100", "rabbitmq: runs as 999:999"),
    ("accounts_are_made_for_whom_they_are", "--owner=1883", "--owner=1884", "mosquitto's files belong to 1884"),
    ("order_is_right", "bootstrap: {condition: service_completed_successfully}",
     "timescaledb: {condition: service_healthy}", "migrate: does not wait for bootstrap"),
    ("order_is_right", "bootstrap: {condition: service_completed_successfully}",
     "bootstrap: {condition: service_started}", "migrate: waits for bootstrap until service_started"),
    ("order_is_right", "timescaledb: {condition: service_healthy}",
     "web: {condition: service_healthy}", "waits for itself"),
    ("servers_are_reached", "networks: [mqtt, rabbitmq, metrics]", "networks: [rabbitmq, metrics]",
     "bridge: is in no network with mosquitto"),
    ("servers_are_reached", "HOST: timescaledb", "HOST: postgres", "STREAMING_DATABASE_HOST is postgres"),
    ("servers_are_reached", "http://prometheus:9090", "http://prometheus:9091", "prometheus does not listen on 9091"),
    ("servers_are_reached", "networks: [metrics, database]", "networks: [database]", "so its port is not published"),
    ("servers_are_reached", "database: {internal: true}", "database:", "database: is open to the outside"),
    ("ports_are_published_on_purpose", "WEB_ADDRESS:-127.0.0.1", "WEB_ADDRESS:-0.0.0.0", "web: 0.0.0.0:8080:8080"),
    ("ports_are_published_on_purpose", ":8080\n", ":8081\n", "web: does not listen on 8081"),
    ("ports_are_published_on_purpose", "STREAMING_WEB_HOST: 0.0.0.0", "STREAMING_WEB_HOST: 127.0.0.1",
     "web: listens on its own loopback only"),
    ("health_is_checked", "'/readyz'", "'/ready'", "bridge: is asked otherwise"),
    ("health_is_checked", "[CMD, nc,", "[CMD, curl,", "mosquitto: has no curl"),
    ("health_is_checked", "/127.0.0.1/5672", "/127.0.0.1/5671", "rabbitmq: does not listen on 5671"),
    ("health_is_checked", 'wget, -Y, "off",', "wget,", "grafana: is asked by way of a proxy"),
    ("health_is_checked", "from http.client", "from urllib.request", "bridge: is asked by way of a proxy"),
    ("health_is_checked", "1', 9100, timeout", "1', 9101, timeout", "web: does not listen on 9101"),
    ("health_is_checked", "HEALTH_HOST: 0.0.0.0", "HEALTH_HOST: 127.0.0.1", "nobody answers for its health"),
    ("stopping_has_time", "stop_grace_period: 20s", "stop_grace_period: 10s", "bridge: is killed while it stops"),
    ("stopping_has_time", "stop_signal: SIGINT", "stop_signal: SIGTERM", "timescaledb: waits for clients"),
    ("metrics_are_collected", "  maintenance:\n", "  upkeep:\n", "upkeep: is not asked"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after", "says"), BROKEN)
def test_rule_refuses_what_breaks_it(rule: str, before: str, after: str, says: str | None) -> None:
    """Each is shown a file in which one thing is wrong (or none, where that is said)."""
    if says is not None:
        assert before in TEXT
        assert before != after
    [check] = [one for one in RULES if one.__name__ == rule]
    problems = list(check(compose_file.load(TEXT.replace(before, after))))
    if says is None:
        assert problems == []
    else:
        assert any(says in problem for problem in problems), problems


def test_every_rule_is_shown_something_broken() -> None:
    """None that could not fail."""
    assert {rule for rule, *_rest, says in BROKEN if says is not None} == {rule.__name__ for rule in RULES}


def test_image_has_this_version() -> None:
    """What is built is called as what is written in pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for service in compose_file.load()["services"].values():
        if compose_file.ours(service):
            assert compose_file.image_of(service) == (project["name"], project["version"])


def test_servers_are_the_only_images_of_others() -> None:
    """Everything else runs the one that is built here."""
    services = compose_file.load()["services"]
    others = {name for name, one in services.items() if not compose_file.ours(one)}
    assert others == {"mosquitto", "rabbitmq", "timescaledb", "prometheus", "grafana"}


def test_every_entry_point_is_known_here() -> None:
    """A new one has its options and settings checked, too."""
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(compose_file.PROGRAMS) == set(scripts)


def test_every_service_runs() -> None:
    """What has an entry point runs in compose.yaml, each kind of ingester included."""
    said = [
        compose_file.words(one) for one in compose_file.load()["services"].values() if compose_file.ours(one)
    ]
    assert {words[0] for words in said} == set(compose_file.PROGRAMS)
    kinds = {words[1] for words in said if words[0] == "sensor-streaming-ingest"}
    assert kinds == {"measurements", "logs", "registry"}


def test_servers_listen_where_services_look() -> None:
    """The ports of the settings are left at their defaults, which are the servers'."""
    assert MqttSettings.model_fields["mqtt_port"].default in IMAGES["eclipse-mosquitto"]["listens"]
    for name in ("rabbitmq_amqp_port", "rabbitmq_stream_port"):
        assert RabbitmqSettings.model_fields[name].default in IMAGES["rabbitmq"]["listens"]
    assert (
        DatabaseSettings.model_fields["database_port"].default
        in IMAGES["timescale/timescaledb-ha"]["listens"]
    )


def test_health_check_tells_ready_from_starting_and_from_gone() -> None:
    """The command itself, against runtime/health.py, with a proxy in the environment that would answer nothing."""
    health = Health()
    port, close = serve(health, "127.0.0.1", 0)
    try:
        assert _check(port) == 1
        health.set("database", True)
        assert _check(port) == 0
    finally:
        close()
    assert _check(port) == 1


def _check(port: int) -> int:
    kind, program, *arguments = compose_file.load()["services"]["bridge"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    arguments = [one.replace(compose_rules.HEALTH_PORT, str(port)) for one in arguments]
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **proxy}, capture_output=True, check=False
    ).returncode


def test_prometheus_has_a_file_for_every_job() -> None:
    """Of prometheus.yml, at the path that it looks at below its own folder."""
    configuration = (REPOSITORY / "prometheus/prometheus.yml").read_text()
    looked_at = set(re.findall(r"files: \[targets/(\w+)\.json\]", configuration))
    assert set(compose_file.targets()) == looked_at == set(JOBS)
    mounts = {
        mount.target: mount.source
        for mount in compose_file.mounts(compose_file.load()["services"]["prometheus"])
    }
    assert mounts["/etc/prometheus/targets"] == "./compose/targets"
    assert mounts["/etc/prometheus/prometheus.yml"] == "./prometheus/prometheus.yml"


def test_mosquittos_own_file_names_what_is_there() -> None:
    """Its users and rules, which `accounts` writes into its volume; the shared file; the image's plugin."""
    lines = [line.split() for line in (REPOSITORY / "compose/mosquitto.conf").read_text().splitlines()]
    settings = {line[0]: line[1] for line in lines if line and not line[0].startswith("#")}
    services = compose_file.load()["services"]
    targets = {mount.target: mount.source for mount in compose_file.mounts(services["mosquitto"])}
    assert targets["/mosquitto/config/mosquitto.conf"] == "./compose/mosquitto.conf"
    assert targets[f"{settings['include_dir']}/mosquitto.conf"] == "./mosquitto/mosquitto.conf"
    assert settings["plugin"] == IMAGES["eclipse-mosquitto"]["plugin"]
    assert int(settings["listener"]) in IMAGES["eclipse-mosquitto"]["listens"]
    [volume] = [m for m in compose_file.mounts(services["accounts"]) if m.source == "mosquitto"]
    assert targets[volume.target] == "mosquitto"
    assert compose_file.words(services["accounts"])[-1] == volume.target
    assert settings["persistence_location"] == f"{volume.target}/"
    assert settings["acl_file"] == f"{volume.target}/acl"
    assert settings["plugin_opt_config_file"] == f"{volume.target}/dynamic-security.json"


def test_rabbitmqs_own_file_names_what_is_there() -> None:
    """The users that `accounts` writes, and the name by which services reach it."""
    text = (REPOSITORY / "compose/rabbitmq.conf").read_text()
    settings = dict(re.findall(r"^([\w.]+) = (\S+)$", text, re.MULTILINE))
    rabbitmq = compose_file.load()["services"]["rabbitmq"]
    targets = {mount.source: mount.target for mount in compose_file.mounts(rabbitmq)}
    assert settings["load_definitions"] == f"{targets['./secrets/rabbitmq']}/definitions.json"
    assert settings["stream.advertised_host"] == rabbitmq["hostname"] == "rabbitmq"
    assert int(settings["stream.advertised_port"]) in IMAGES["rabbitmq"]["listens"]
    # else its watermark is 40 % of the machine's memory, and it is killed before it slows anybody down
    assert rabbitmq["mem_limit"] == "2g"
    assert int(settings["total_memory_available_override_value"]) == 2 * 1024**3
    shared = (REPOSITORY / "rabbitmq/rabbitmq.conf").read_text()
    assert not set(settings) & set(re.findall(r"^([\w.]+) =", shared, re.MULTILINE))


def test_postgres_is_given_the_shared_file() -> None:
    """By its path in the container; addresses are the only thing beside it."""
    timescaledb = compose_file.load()["services"]["timescaledb"]
    words = compose_file.words(timescaledb)
    assert words[0] == "postgres"
    settings = dict(word.split("=", 1) for word in words[1:] if word != "-c")
    targets = {mount.target: mount.source for mount in compose_file.mounts(timescaledb)}
    assert targets[settings["config_file"]] == "./timescale/postgresql.conf"
    assert set(settings) == {"config_file", "listen_addresses"}


def test_postgres_has_workers_for_timescaledbs_jobs() -> None:
    """The image would tune the file itself, and is told not to (it is read-only). PostgreSQL's default of 8 is for parallel
    queries alone: a job that finds none free is not run.
    """
    assert compose_file.environment(compose_file.load()["services"]["timescaledb"])["NO_TS_TUNE"] == "true"
    text = (REPOSITORY / "timescale/postgresql.conf").read_text()
    [workers] = re.findall(r"^max_worker_processes = (\d+)", text, re.MULTILINE)
    jobs, parallel, schedulers = 16, 8, 3  # defaults of both; postgres, sensor_streaming, and the launcher
    assert int(workers) >= jobs + parallel + schedulers


def test_grafana_finds_its_password_where_its_data_source_looks() -> None:
    """And the dashboards where their provider does."""
    source = (REPOSITORY / "grafana/provisioning/datasources/timescale.yaml").read_text()
    assert "$__file{/run/secrets/streaming_readonly_password}" in source
    grafana = compose_file.load()["services"]["grafana"]
    targets = {mount.target: mount.source for mount in compose_file.mounts(grafana)}
    assert targets["/run/secrets"] == "./secrets/grafana"
    assert targets[compose_file.environment(grafana)["STREAMING_DASHBOARDS"]] == "./grafana/dashboards"


def test_docs_name_every_variable() -> None:
    """That an operator may set, with its meaning, and no others."""
    text = (REPOSITORY / "docs/compose.md").read_text()
    documented = set(re.findall(r"`((?:SENSOR_)?STREAMING_[A-Z_]+)`", text))
    assert compose_file.variables() <= documented
    assert {name for name in documented if name.startswith("SENSOR_")} <= compose_file.variables()
