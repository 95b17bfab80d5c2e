"""`python -m docs.pictures`: draw the documentation's pictures anew into docs/images."""

import sys

from docs.pictures import files
from docs.pictures.plots import PLOTS


def main() -> None:
    """All of them, one after the other."""
    for name, draw in PLOTS.items():
        path = files.write(name, draw())
        sys.stdout.write(f"{path} {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
