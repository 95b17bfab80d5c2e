"""The chart's copies of files that every deployment shares: a chart sees its own folder only.

Links would be shorter, and Helm follows them; Flux does not, when it takes the chart from a Git repository.

python -m helm.copied [--check]
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FILES = REPOSITORY / "helm/sensor-streaming/files"
SOURCES = (
    "mosquitto/mosquitto.conf",
    "mosquitto/acl",
    "rabbitmq/rabbitmq.conf",
    "rabbitmq/enabled_plugins",
    "timescale/postgresql.conf",
    "grafana/dashboards/*.json",
    "grafana/provisioning/datasources/*.yaml",
    "prometheus/alerts/*.yaml",
)


def wanted() -> dict[Path, bytes]:
    """Copy, below the chart's files → what it holds."""
    found = (path for pattern in SOURCES for path in sorted(REPOSITORY.glob(pattern)))
    return {path.relative_to(REPOSITORY): path.read_bytes() for path in found}


def drifted() -> list[str]:
    """Copies that are missing, differ, or have no source any more."""
    there = {path.relative_to(FILES): path.read_bytes() for path in FILES.rglob("*") if path.is_file()}
    right = wanted()
    return sorted(str(path) for path in there.keys() | right.keys() if there.get(path) != right.get(path))


def main() -> int:
    """Entry point: copy, or with --check only say what would change, exit code 1."""
    if "--check" in sys.argv[1:]:
        for path in drifted():
            print(f"{FILES / path} is no copy of {path}: make chart")  # noqa: T201  # a command line tool
        return bool(drifted())
    right = wanted()
    for path in drifted():
        copy = FILES / path
        if Path(path) not in right:
            copy.unlink()
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(right[Path(path)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
