"""What must hold of compose.yaml: each rule says what is wrong, service by service."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import jsonschema

from runtime.accounts import holders
from runtime.config import Settings
from runtime.service import CLOSING_S
from stack.servers import REPOSITORY
from tests.unit import compose_file
from tests.unit.compose_file import (
    IMAGES,
    PROGRAMS,
    Compose,
    Service,
    environment,
    image_of,
    mounts,
    networks,
    ours,
    words,
)

_SCHEMA = json.loads((REPOSITORY / "tests/data/compose/compose-spec.json").read_text())
HEALTH_PORT = "9100"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def follows_the_specification(compose: Compose) -> Iterator[str]:
    """Its JSON schema (which is older than the file's "name")."""
    content = {name: value for name, value in compose.items() if name != "name"}
    for error in jsonschema.Draft201909Validator(_SCHEMA).iter_errors(content):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"


def images_are_pinned(compose: Compose) -> Iterator[str]:
    """Each to a version that the table of images describes; none with a registry's host."""
    for name, service in compose["services"].items():
        image, tag = image_of(service)
        if ours(service):
            if image != "sensor-streaming" or not re.fullmatch(r"\d+\.\d+\.\d+", tag):
                yield f"{name}: {service['image']}"
        elif image not in IMAGES or not re.fullmatch(IMAGES[image]["tag"], tag):
            yield f"{name}: {service['image']} is not in the table of images"


def is_hardened(compose: Compose) -> Iterator[str]:
    """Read-only, without capabilities, not as root, bounded in memory, processes and logs."""
    for name, service in compose["services"].items():
        accounts = name == "accounts"  # gives files away, and has no network
        if service.get("read_only") is not True:
            yield f"{name}: its file system can be written"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add", []) != (
            ["CHOWN", "DAC_OVERRIDE"] if accounts else []
        ):
            yield f"{name}: has capabilities"
        if service.get("security_opt") != ["no-new-privileges:true"] or service.get("privileged"):
            yield f"{name}: may gain privileges"
        if not {"mem_limit", "pids_limit", "restart"} <= set(service):
            yield f"{name}: without bounds"
        if "max-size" not in service.get("logging", {}).get("options", {}):
            yield f"{name}: its log has no bound"
        if accounts:
            if service.get("network_mode") != "none":
                yield f"{name}: is root with a network"
        elif ours(service):
            if "user" in service:
                yield f"{name}: is somebody else than the image says"
        elif service.get("user") != IMAGES[image_of(service)[0]]["user"]:
            yield f"{name}: runs as {service.get('user')}"


def mounts_exist(compose: Compose) -> Iterator[str]:
    """What is mounted is in the repository, or a folder of passwords of somebody, or a volume that is declared."""
    used = set()
    for name, service in compose["services"].items():
        for mount in mounts(service):
            if mount.holder is not None:
                if mount.holder not in {"", "rabbitmq", *holders()}:
                    yield f"{name}: nobody makes {mount.source}"
            elif mount.bound:
                if not (REPOSITORY / mount.source).exists():
                    yield f"{name}: there is no {mount.source}"
            elif mount.source not in compose["volumes"]:
                yield f"{name}: the volume {mount.source} is not declared"
            else:
                used.add(mount.source)
            if mount.bound and not mount.read_only and name != "accounts":
                yield f"{name}: may write {mount.source}"
            if mount.holder == "" and name != "accounts":
                yield f"{name}: has everybody's passwords"
    yield from (f"nobody uses the volume {volume}" for volume in set(compose["volumes"]) - used)


def mounts_are_labelled(compose: Compose) -> Iterator[str]:
    """Those of the host, shared (z, not Z: several containers have the same), as SELinux lets no container read them else."""
    for name, service in compose["services"].items():
        for mount in mounts(service):
            if mount.options - {"ro", "z"} or mount.bound != ("z" in mount.options):
                yield f"{name}: {mount.source} is mounted with {sorted(mount.options)}"


def one_image_is_fetched_or_built_once(compose: Compose) -> Iterator[str]:
    """By `accounts`, which everything waits for. Compose builds all services at once, and the second to export one name
    fails ("already exists"); and each of the others would ask a registry first, and show an error.
    """
    for name, service in compose["services"].items():
        if not ours(service):
            continue
        first = name == "accounts"
        if ("build" in service) != first:
            yield f"{name}: {'does not build it' if first else 'builds it, too'}"
        if service.get("pull_policy") != ("missing" if first else "never"):
            yield f"{name}: pulls {service.get('pull_policy', 'by default')}"


def servers_find_their_files(compose: Compose) -> Iterator[str]:
    """Where the image documents that it reads and writes."""
    for name, service in compose["services"].items():
        if ours(service):
            continue
        image = IMAGES[image_of(service)[0]]
        data = {mount.target for mount in mounts(service) if not mount.bound}
        if data != set(image["data"]):
            yield f"{name}: keeps {data}, and {image['data']} is its data"
        temporary = {entry.partition(":")[0] for entry in service.get("tmpfs", [])}
        if temporary != set(image["writes"]):
            yield f"{name}: writes to {image['writes']}, and {temporary} can be written"
        for mount in mounts(service):
            known = [PurePosixPath(path) for path in [*image["reads"], "/run/secrets"]]
            here = PurePosixPath(mount.target)
            if mount.bound and not any(here == path or path in here.parents for path in known):
                yield f"{name}: does not look into {mount.target}"


def servers_settings_are_known(compose: Compose) -> Iterator[str]:
    """Variables that the image documents; those of files name one that is mounted; ours for Grafana are all given."""
    for name, service in compose["services"].items():
        if ours(service):
            continue
        image = IMAGES[image_of(service)[0]]
        given = environment(service)
        folder = next((m.holder for m in mounts(service) if m.target == "/run/secrets"), None)
        files = {f"/run/secrets/streaming_{setting}" for setting in holders().get(folder or "", {})}
        for variable, value in given.items():
            if variable in image.get("secrets", []):
                if value not in files:
                    yield f"{name}: {variable} names {value}, and {folder} has {sorted(files)}"
            elif variable not in image.get("environment", []) and not variable.startswith("STREAMING_"):
                yield f"{name}: {variable} is not documented"
        used = _grafanas_variables() if name == "grafana" else set()
        ours_here = {variable for variable in given if variable.startswith("STREAMING_")}
        yield from (f"{name}: {variable} is not given" for variable in used - ours_here)
        yield from (f"{name}: {variable} is read by nobody" for variable in ours_here - used)


def _grafanas_variables() -> set[str]:
    files = [REPOSITORY / "grafana/grafana.ini", *(REPOSITORY / "grafana/provisioning").rglob("*.yaml")]
    lines = [
        line for file in files for line in file.read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    return set(re.findall(r"\$(?:__env)?\{(STREAMING_\w+)\}", "\n".join(lines)))


def services_settings_are_known(compose: Compose) -> Iterator[str]:
    """Every STREAMING_ variable is a setting of the service that gets it, with a value that it takes; none is missing."""
    for name, service in compose["services"].items():
        if ours(service):
            yield from (f"{name}: {problem}" for problem in compose_file.refused_settings(service))


def commands_are_understood(compose: Compose) -> Iterator[str]:
    """An entry point, with arguments that it takes."""
    for name, service in compose["services"].items():
        if not ours(service):
            continue
        program, *arguments = words(service)
        if program not in PROGRAMS:
            yield f"{name}: there is no {program}"
        elif arguments != ["--help"] and (problem := compose_file.refused_arguments(program, arguments)):
            yield f"{name}: {problem}"


def accounts_have_their_own_passwords(compose: Compose) -> Iterator[str]:
    """The user that a service logs in as is the one whose password it has; nothing else lies in its folder."""
    for name, service in compose["services"].items():
        settings = (
            compose_file.settings_of(service) if ours(service) and words(service)[0] in PROGRAMS else None
        )
        given = environment(service)
        folder = next((m.holder for m in mounts(service) if m.target == "/run/secrets"), None)
        if settings is None:
            continue
        has = holders().get(folder or "", {})
        for server in ("mqtt", "rabbitmq", "database"):
            field = settings.model_fields.get(f"{server}_username")
            if field is None:
                continue
            user = given.get(f"STREAMING_{server.upper()}_USERNAME", field.default).removeprefix("streaming_")
            if has.get(f"{server}_password") != f"{server}-{user}":
                yield f"{name}: logs in to {server} as {user} with {has.get(f'{server}_password')}"
        for setting in has:
            if setting not in settings.model_fields:
                yield f"{name}: has {setting}, which it does not read"
        if has and given.get("STREAMING_SECRETS_DIR") != "/run/secrets":
            yield f"{name}: does not look for its passwords"


def no_secret_is_in_the_environment(compose: Compose) -> Iterator[str]:
    """Passwords are files; what is in the environment is in `docker inspect`, too."""
    for name, service in compose["services"].items():
        for variable in environment(service):
            secret = re.search(r"PASSWORD|SECRET|TOKEN|_KEY|COOKIE", variable)
            if secret and not variable.endswith("_FILE") and variable != "STREAMING_SECRETS_DIR":
                yield f"{name}: {variable}"


def accounts_are_made_for_whom_they_are(compose: Compose) -> Iterator[str]:
    """The folders that `accounts` makes are those that are mounted, and belong to the users that read them."""
    arguments = words(compose["services"]["accounts"])
    owners: dict[str, str] = {}
    for command in re.split(r" (?=settings|mosquitto|rabbitmq|make)", " ".join(arguments))[1:]:
        [owner] = re.findall(r"--owner=(\S+)", command) or [""]
        for folder in re.findall(r"--for=(\S+)", command):
            owners[folder] = owner
        if command.startswith("rabbitmq"):
            owners["rabbitmq"] = owner
        if command.startswith("mosquitto"):
            user = IMAGES["eclipse-mosquitto"]["user"].partition(":")[0]
            if owner != user:
                yield f"mosquitto's files belong to {owner}"
    for name, service in compose["services"].items():
        user = _image_user() if ours(service) else IMAGES[image_of(service)[0]]["user"]
        for mount in mounts(service):
            if mount.holder:
                owner = owners.get(mount.holder, "nobody")
                if owner not in (user, user.partition(":")[0]):
                    yield f"{name}: runs as {user}, and {mount.holder} belongs to {owner}"


def _image_user() -> str:
    found = re.search(r"^USER (\S+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def order_is_right(compose: Compose) -> Iterator[str]:
    """No circle; what ends is waited for until it has ended well, what runs until it is healthy; each after what it needs."""
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if _ends(services[other]) else "service_healthy"
            if how["condition"] != expected:
                yield f"{name}: waits for {other} until {how['condition']}"
        before = _before(services, name)
        if name in before:
            yield f"{name}: waits for itself"
        if service.get("profiles") == ["tools"]:
            continue
        if any(mount.holder for mount in mounts(service)) and "accounts" not in before:
            yield f"{name}: its passwords may not be there yet"
        needs = {
            "STREAMING_MQTT_HOST": "mosquitto",
            "STREAMING_RABBITMQ_HOST": "rabbitmq" if name == "topology" else "topology",
            "STREAMING_DATABASE_HOST": {"bootstrap": "timescaledb", "migrate": "bootstrap"}.get(
                name, "migrate"
            ),
        }
        for variable, needed in needs.items():
            if variable in environment(service) and needed not in before:
                yield f"{name}: does not wait for {needed}"
        if "restart" in service and _ends(service) != service["restart"].startswith("on-failure"):
            yield f"{name}: restarts {service['restart']}"


def _ends(service: Service) -> bool:
    return "healthcheck" not in service


def _before(services: dict[str, Service], name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Everything that has to come first; the service itself, where there is a circle."""
    found: set[str] = set()
    for other in services[name].get("depends_on", {}):
        found.add(other)
        if other not in seen:
            found |= _before(services, other, seen | {other})
    return found


def servers_are_reached(compose: Compose) -> Iterator[str]:
    """A host that is named is a service in a network of its own; internal ones where nobody else needs to get in."""
    services = compose["services"]
    for name, service in services.items():
        if not networks(service) <= set(compose["networks"]):
            yield f"{name}: a network is not declared"
        for variable, value in environment(service).items():
            found = re.search(r"^(?:http://)?([a-z-]+)(?::(\d+)|$)", value)
            if not variable.endswith(("_HOST", "_URL")) or variable == "GF_SERVER_ROOT_URL" or found is None:
                continue
            host, port = found.groups()
            if host not in services:
                yield f"{name}: {variable} is {value}, and there is no such service"
            elif not networks(service) & networks(services[host]):
                yield f"{name}: is in no network with {host}"
            elif port and int(port) not in _listens(services[host]):
                yield f"{name}: {host} does not listen on {port}"
        if service.get("ports") and all(
            (compose["networks"][one] or {}).get("internal") for one in networks(service)
        ):
            yield f"{name}: its networks are internal, so its port is not published"
    for network in ("rabbitmq", "database"):
        if (compose["networks"][network] or {}).get("internal") is not True:
            yield f"{network}: is open to the outside"


def _listens(service: Service) -> set[int]:
    if not ours(service):
        return set(IMAGES[image_of(service)[0]]["listens"])
    given = environment(service)
    return {int(given[name]) for name in ("STREAMING_HEALTH_PORT", "STREAMING_WEB_PORT") if name in given}


def ports_are_published_on_purpose(compose: Compose) -> Iterator[str]:
    """On this machine alone, but for MQTT; a port that the program listens on."""
    for name, service in compose["services"].items():
        for published in service.get("ports", []):
            address, _host, inside = published.split(":")
            if not ipaddress.ip_address(address).is_loopback and name != "mosquitto":
                yield f"{name}: {published} is open to everybody"
            if int(inside) not in _listens(service):
                yield f"{name}: does not listen on {inside}"
            if ours(service) and environment(service).get("STREAMING_WEB_HOST") != "0.0.0.0":
                yield f"{name}: listens on its own loopback only"


def health_is_checked(compose: Compose) -> Iterator[str]:
    """By a program that the image has, on a port that it listens on, at a path that is answered; and by no proxy, which the
    engine may put into the environment of every container. (busybox's wget knows http_proxy, and no no_proxy.)
    """
    for name, service in compose["services"].items():
        if "healthcheck" not in service:
            continue
        kind, program, *arguments = (str(word) for word in service["healthcheck"]["test"])
        if kind != "CMD":
            yield f"{name}: needs a shell"
        called = " ".join(arguments)
        port = re.search(r"127\.0\.0\.1[:/', ]+(\d+)", called)
        if ours(service):
            given = environment(service)
            if (
                given.get("STREAMING_HEALTH_HOST") != "0.0.0.0"
                or given.get("STREAMING_HEALTH_PORT") != HEALTH_PORT
            ):
                yield f"{name}: nobody answers for its health"
            if program != "python" or not re.search(
                rf"127\.0\.0\.1', {HEALTH_PORT}\b.*/readyz", called, re.DOTALL
            ):
                yield f"{name}: is asked otherwise"
            if "http.client" not in called:
                yield f"{name}: is asked by way of a proxy"
        elif program not in IMAGES[image_of(service)[0]]["programs"]:
            yield f"{name}: has no {program}"
        elif program == "wget" and arguments[:2] != ["-Y", "off"]:
            yield f"{name}: is asked by way of a proxy"
        if port is not None and int(port[1]) not in _listens(service):
            yield f"{name}: does not listen on {port[1]}"
        if seconds(service["healthcheck"]["timeout"]) > seconds(service["healthcheck"]["interval"]):
            yield f"{name}: is asked again before the first answer"


def seconds(duration: str) -> float:
    """ "1m30s" → 90."""
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m)", duration))


def stopping_has_time(compose: Compose) -> Iterator[str]:
    """What was begun is finished before the engine kills."""
    least = Settings.model_fields["drain_timeout_s"].default + CLOSING_S
    for name, service in compose["services"].items():
        if not _ends(service) and seconds(service.get("stop_grace_period", "10s")) <= least:
            yield f"{name}: is killed while it stops"
        if image_of(service)[0] == "timescale/timescaledb-ha" and service.get("stop_signal") != "SIGINT":
            yield f"{name}: waits for clients to leave"


def metrics_are_collected(compose: Compose) -> Iterator[str]:
    """From every service of ours that runs, at its port, within a network of Prometheus'."""
    services = compose["services"]
    asked = [target for found in compose_file.targets().values() for target in found]
    for target in asked:
        name, _, port = target.partition(":")
        if name not in services:
            yield f"{target}: there is no such service"
        elif int(port) not in _listens(services[name]):
            yield f"{target}: does not listen there"
        elif not networks(services[name]) & networks(services["prometheus"]):
            yield f"{target}: is not reached"
    for name, service in services.items():
        if ours(service) and not _ends(service) and f"{name}:{HEALTH_PORT}" not in asked:
            yield f"{name}: is not asked"


RULES: tuple[Callable[[Compose], Iterator[str]], ...] = (
    follows_the_specification,
    images_are_pinned,
    is_hardened,
    mounts_exist,
    mounts_are_labelled,
    one_image_is_fetched_or_built_once,
    servers_find_their_files,
    servers_settings_are_known,
    services_settings_are_known,
    commands_are_understood,
    accounts_have_their_own_passwords,
    no_secret_is_in_the_environment,
    accounts_are_made_for_whom_they_are,
    order_is_right,
    servers_are_reached,
    ports_are_published_on_purpose,
    health_is_checked,
    stopping_has_time,
    metrics_are_collected,
)
