"""Entry point of `iotctl`."""

from ctl.cli import cli


def main() -> None:
    """Run; errors are sentences, and exit codes are those of `iotctl --help`."""
    cli(prog_name="iotctl")


if __name__ == "__main__":
    main()
