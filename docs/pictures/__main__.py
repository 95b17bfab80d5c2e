"""`python -m docs.pictures [plots | page]`: draw the documentation's pictures anew into docs/images."""

from collections.abc import Iterable
from contextlib import closing

import click

from docs.pictures import files


@click.command()
@click.argument("which", required=False, type=click.Choice(["plots", "page"]))
def main(which: str | None) -> None:
    """All pictures, or only the plots, or only those of the live page, for which the demo is started."""
    if which != "page":
        from docs.pictures.plots import PLOTS

        _write((name, draw()) for name, draw in PLOTS.items())
    if which != "plots":
        from docs.pictures.page import pictures

        with closing(
            pictures(lambda line: click.echo(line, err=True))
        ) as made:  # whatever happens, the demo ends
            _write(made)


def _write(pictures: Iterable[tuple[str, bytes]]) -> None:
    for name, png in pictures:
        path = files.write(name, png)
        click.echo(f"{path} {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
