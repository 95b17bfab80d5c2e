"""`python -m grafana`: write grafana/dashboards/*.json; `--check`: exit code 1 where they are not up to date."""

import argparse
import sys

from grafana import catalogue


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is not up to date")
    if not parser.parse_args().check:
        catalogue.write()
        return 0
    stale = catalogue.stale()
    for path in stale:
        sys.stderr.write(f"not up to date: {path} (run: make dashboards)\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
