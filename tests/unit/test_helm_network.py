"""NetworkPolicies: what has to pass does, at both ends; what has not does not."""

from typing import Any, NamedTuple

import pytest

from tests.unit.helm_chart import NAME, VALUES, Manifest, find, pods, rendered

CLUSTER = {"cnpg.io/cluster": f"{NAME}-database"}


class Flow(NamedTuple):
    """Who connects to whom, at which port of the pod."""

    source: str
    target: str
    port: int


# With everything run by the chart: "defaults" and "three-nodes".
INGESTERS = ("ingest-measurements", "ingest-logs", "ingest-registry")
NEEDED = (
    Flow("bridge", "mosquitto", 1883),
    Flow("doctor", "mosquitto", 1883),
    *(
        Flow(one, "rabbitmq", port)
        for one in ("bridge", *INGESTERS, "alarms", "web", "topology", "doctor")
        for port in (5672, 5552)
    ),
    Flow("doctor", "rabbitmq", 15692),
    *(
        Flow(one, "database", 5432)
        for one in (*INGESTERS, "alarms", "web", "maintenance", "migrate", "doctor")
    ),
    Flow("page", "web", 8080),
)
FORBIDDEN = (
    Flow("bridge", "database", 5432),
    Flow("web", "mosquitto", 1883),
    Flow("alarms", "mosquitto", 1883),
    Flow("ingest-measurements", "mosquitto", 1883),
    Flow("maintenance", "rabbitmq", 5672),
    Flow("web", "rabbitmq", 15692),
    Flow("bridge", "web", 8080),
    Flow("page", "rabbitmq", 5672),
    Flow("page", "database", 5432),
    Flow("web", "alarms", 50051),
    Flow("mosquitto", "rabbitmq", 5672),
    Flow("rabbitmq", "database", 5432),
    Flow("rabbitmq", "mosquitto", 1883),
)


def labels_of(name: str, component: str) -> dict[str, str]:
    """Of the pods of a component, those that an operator makes included."""
    if component == "database":
        return CLUSTER
    for pod in pods(rendered(name)):
        if pod.component == component:
            return pod.labels
    assert component == "rabbitmq"
    return {"app.kubernetes.io/name": f"{NAME}-rabbitmq", "app.kubernetes.io/component": "rabbitmq"}


def policies(name: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    """Those that select such a pod."""
    return [
        m["spec"]
        for m in rendered(name)
        if m["kind"] == "NetworkPolicy" and _matches(m["spec"]["podSelector"], labels)
    ]


def _matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}
    return all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())


def _port(rule: dict[str, Any], port: int) -> bool:
    return "ports" not in rule or any(
        one["protocol"] == "TCP" and one["port"] <= port <= one.get("endPort", one["port"])
        for one in rule["ports"]
    )


def _peer(peers: list[dict[str, Any]] | None, labels: dict[str, str]) -> bool:
    """Whether a pod of this namespace with these labels is one of them; an address is somewhere else."""
    if peers is None:
        return True
    return any(
        "podSelector" in one and "namespaceSelector" not in one and _matches(one["podSelector"], labels)
        for one in peers
    )


def passes(name: str, flow: Flow) -> bool:
    """As Kubernetes decides: somebody lets it out, and somebody lets it in; who is selected by no policy may."""
    source, target = labels_of(name, flow.source), labels_of(name, flow.target)
    out = [p for p in policies(name, source) if "Egress" in p["policyTypes"]]
    into = [p for p in policies(name, target) if "Ingress" in p["policyTypes"]]
    let_out = not out or any(
        _port(rule, flow.port) and _peer(rule.get("to"), target) for p in out for rule in p.get("egress", ())
    )
    let_in = not into or any(
        _port(rule, flow.port) and _peer(rule.get("from"), source)
        for p in into
        for rule in p.get("ingress", ())
    )
    return let_out and let_in


@pytest.mark.parametrize("name", ["defaults", "three-nodes", "key-vault"])
@pytest.mark.parametrize("flow", NEEDED, ids=str)
def test_what_is_needed_passes(name: str, flow: Flow) -> None:
    """By the policy of the one who connects, and by that of the one who is connected to."""
    assert passes(name, flow)


@pytest.mark.parametrize("flow", [f for f in FORBIDDEN if f.port != 50051], ids=str)
def test_what_is_not_needed_does_not_pass(flow: Flow) -> None:
    """A page that is broken into reaches no broker, a bridge no database."""
    assert not passes("three-nodes", flow)


def test_machines_port_is_open_to_who_is_named() -> None:
    """And to nobody else of the release: whoever is in that network connects."""
    assert not passes("most", Flow("web", "alarms", 50051))
    [policy] = policies("most", labels_of("most", "alarms"))
    [rule] = [one for one in policy["ingress"] if _port(one, 50051)]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]


@pytest.mark.parametrize("name", [n for n in VALUES if n != "least"])
def test_every_pod_is_selected_by_one_policy_of_its_own(name: str) -> None:
    """A pod that none selects could be reached by everybody."""
    for pod in pods(rendered(name)):
        [policy] = policies(name, pod.labels)
        assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    if any(m["kind"] == "RabbitmqCluster" for m in rendered(name)):
        assert len(policies(name, labels_of(name, "rabbitmq"))) == 1


@pytest.mark.parametrize("name", [n for n in VALUES if n != "least"])
def test_names_can_be_asked_for_by_whoever_connects(name: str) -> None:
    """All but Mosquitto, which connects to nobody."""
    for pod in pods(rendered(name)):
        [policy] = policies(name, pod.labels)
        asks = any({"port": 53, "protocol": "UDP"} in rule.get("ports", ()) for rule in policy["egress"])
        assert asks == (pod.component != "mosquitto"), pod.owner


@pytest.mark.parametrize("name", [n for n in VALUES if n != "least"])
def test_prometheus_reaches_every_metrics_port(name: str) -> None:
    """From the namespace that the values name: health of services, RabbitMQ's plugin, the database's exporter."""
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    wanted = [(pod.labels, 9100) for pod in pods(rendered(name)) if _has_port(pod.spec, "health")]
    kinds = {m["kind"] for m in rendered(name)}
    wanted.append((labels_of(name, "rabbitmq"), 15692))
    if "Cluster" in kinds:
        wanted.append((CLUSTER, 9187))
    for labels, port in wanted:
        [policy] = policies(name, labels)
        assert any(_port(rule, port) and monitoring in rule.get("from", ()) for rule in policy["ingress"]), (
            labels
        )


def _has_port(spec: dict[str, Any], port: str) -> bool:
    return any(one["name"] == port for c in spec["containers"] for one in c.get("ports", ()))


def test_sensors_reach_the_port_that_is_theirs() -> None:
    """By TLS only, where there is TLS; everybody, or who is named."""

    def rules(name: str) -> list[dict[str, Any]]:
        [policy] = policies(name, labels_of(name, "mosquitto"))
        return [one for one in policy["ingress"] if "podSelector" not in str(one.get("from", ""))]

    [everybody] = rules("defaults")
    assert everybody == {"ports": [{"port": 1883, "protocol": "TCP"}]}
    [named] = rules("most")
    assert named == {
        "ports": [{"port": 8883, "protocol": "TCP"}],
        "from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
    }


def test_nodes_and_operators_reach_each_other() -> None:
    """RabbitMQ's nodes for their cluster, CloudNativePG's instances for replication, their operators."""
    node = Flow("rabbitmq", "rabbitmq", 25672)
    assert passes("three-nodes", node)
    assert passes("three-nodes", Flow("rabbitmq", "rabbitmq", 4369))
    [database] = policies("three-nodes", CLUSTER)
    assert database["policyTypes"] == ["Ingress"]  # backups go to wherever the store is
    assert any(_port(r, 8000) and "cnpg-system" in str(r["from"]) for r in database["ingress"])
    assert any(_port(r, 5432) and _peer(r["from"], CLUSTER) for r in database["ingress"])


def test_external_servers_are_reached_at_their_ports() -> None:
    """Addresses by the values; the ports are the servers'."""
    [policy] = policies("external-database", labels_of("external-database", "maintenance"))
    assert {
        "ports": [{"port": 5432, "protocol": "TCP"}],
        "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
    } in policy["egress"]


def test_webhooks_and_mails_go_where_they_may() -> None:
    """Everywhere, or where the values say; only the alarms service sends any. Everywhere is more than all addresses: for
    some networks (Cilium) a block of addresses holds no pods, and a mail relay in the cluster would not be reached.
    """
    [open_] = policies("defaults", labels_of("defaults", "alarms"))
    assert open_["egress"][-1] == {}
    [bounded] = policies("most", labels_of("most", "alarms"))
    assert bounded["egress"][-1] == {"to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]}
    for pod in pods(rendered("defaults")):
        [policy] = policies("defaults", pod.labels)
        assert ({} in policy.get("egress", ())) == (pod.component == "alarms")


def test_services_lead_to_ports_that_policies_open() -> None:
    """A Service to a port that no policy names would answer nobody."""
    for name in ("defaults", "most", "homelab"):
        manifests: tuple[Manifest, ...] = rendered(name)
        for service in (m for m in manifests if m["kind"] == "Service"):
            selector = service["spec"]["selector"]
            for pod in pods(manifests):
                if _matches({"matchLabels": selector}, pod.labels):
                    ports = {
                        p["name"]: p["containerPort"] for c in pod.containers for p in c.get("ports", ())
                    }
                    [policy] = policies(name, pod.labels)
                    for port in service["spec"]["ports"]:
                        assert any(_port(rule, ports[port["targetPort"]]) for rule in policy["ingress"])
    assert find(rendered("most"), "Service", "mqtt")["spec"]["ports"][0]["nodePort"] == 31883
