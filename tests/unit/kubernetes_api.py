"""How Kubernetes' API is written: which kinds there are, patches, and how Helm's own records come."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

# group/version → kinds, as the server of a cluster with the operators lists them
_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "v1": ("Secret", "ConfigMap", "Service", "Pod"),
    "apps/v1": ("Deployment", "StatefulSet"),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "batch/v1": ("Job",),
    "networking.k8s.io/v1": ("Ingress", "NetworkPolicy"),
    "policy/v1": ("PodDisruptionBudget",),
    "cert-manager.io/v1": ("Certificate",),
    "gateway.networking.k8s.io/v1": ("HTTPRoute",),
    "gateway.networking.k8s.io/v1alpha2": ("TCPRoute", "TLSRoute"),
    "keda.sh/v1alpha1": ("ScaledObject",),
    "monitoring.coreos.com/v1": ("PodMonitor", "PrometheusRule"),
    "postgresql.cnpg.io/v1": ("Cluster", "ImageCatalog"),
    "rabbitmq.com/v1beta1": ("RabbitmqCluster",),
}

Object = dict[str, Any]


def plural(kind: str) -> str:
    """As paths have it."""
    lower = kind.lower()
    if lower.endswith("y"):
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith("s") else f"{lower}s"


BY_PLURAL: Final = {plural(kind): kind for kinds in _KINDS.values() for kind in kinds}


def discovery() -> dict[str, Object]:
    """What a client asks first, by path: the groups, their versions and kinds."""
    groups: dict[str, list[str]] = {}
    for version in _KINDS:
        if "/" in version:
            groups.setdefault(version.partition("/")[0], []).append(version)
    told: dict[str, Object] = {
        "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {
                    "name": name,
                    "versions": [{"groupVersion": v, "version": v.partition("/")[2]} for v in versions],
                    "preferredVersion": {
                        "groupVersion": versions[0],
                        "version": versions[0].partition("/")[2],
                    },
                }
                for name, versions in groups.items()
            ],
        },
    }
    for version, kinds in _KINDS.items():
        told[f"/apis/{version}" if "/" in version else f"/api/{version}"] = {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": version,
            "resources": [
                {"name": plural(kind), "kind": kind, "namespaced": True, "verbs": ["get", "list", "create"]}
                for kind in kinds
            ],
        }
    return told


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of those fields of a protobuf message that have a length."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = number()
        length = number()
        if key & 7 == 2:
            yield key >> 3, message[at : at + length]
            at += length


def parsed(body: bytes) -> Object:
    """Of a request: JSON, or, as Helm writes its records of releases, a Secret in Kubernetes' protobuf."""
    if not body.startswith(b"k8s\0"):
        sent: Object = json.loads(body)
        return sent
    raw = dict(_fields(body[4:]))[2]
    secret = dict(_fields(raw))
    labels = [dict(_fields(entry)) for number, entry in _fields(secret[1]) if number == 11]
    data = [dict(_fields(entry)) for number, entry in _fields(raw) if number == 2]
    return {
        "metadata": {
            "name": dict(_fields(secret[1]))[1].decode(),
            "labels": {one[1].decode(): one[2].decode() for one in labels},
        },
        "data": {one[1].decode(): base64.b64encode(one[2]).decode() for one in data},
        "type": secret[3].decode(),
    }


def merged(into: Any, patch: Any) -> Any:
    """As a merge patch says (RFC 7396); lists are replaced."""
    if not isinstance(patch, dict):
        return patch
    result = dict(into) if isinstance(into, dict) else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue  # how a strategic merge patch is to be read
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def version_of(path: str) -> str:
    """The apiVersion of what is at that path."""
    return path.split("/namespaces/")[0].removeprefix("/apis/").removeprefix("/api/")


def status(code: int, reason: str, message: str) -> Object:
    """An answer that is no object."""
    return {
        "kind": "Status", "apiVersion": "v1", "status": "Success" if code < 300 else "Failure",
        "reason": reason, "message": message, "code": code,
    }  # fmt: skip
