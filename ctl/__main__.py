"""Entry point of `iotctl`."""

import errno
import io
import os
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run; errors are sentences, and exit codes are those of `iotctl --help`."""
    try:
        sys.exit(_run())
    except KeyboardInterrupt:  # also while modules are being imported
        sys.exit(_INTERRUPTED)


def _run() -> int:
    import click

    from ctl.cli import cli

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a dash shows a question mark
    try:
        code = cli.main(prog_name="iotctl", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:  # Ctrl-C, or the end of the input, at a question
        click.echo("\ninterrupted", err=True)
        return _INTERRUPTED
    except OSError as error:
        return _output_failed(error)
    return code if isinstance(code, int) else 0


def _output_failed(error: OSError) -> int:
    # what is left in the buffer cannot be written either
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno != errno.EPIPE:
        print(f"Error: {error.strerror or error}", file=sys.stderr)  # noqa: T201  # click's own may be what failed
    return 1


if __name__ == "__main__":
    main()
