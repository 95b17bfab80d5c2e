"""`python -m stack`: the real servers on this machine."""

import sys


def main() -> int:
    """Entry point; the exit code. Ctrl-C is one line, also while the rest is still being loaded."""
    try:
        from stack.cli import run

        return run()
    except KeyboardInterrupt:
        print("stack: interrupted", file=sys.stderr)  # nothing else may be loaded
        return 130


if __name__ == "__main__":
    sys.exit(main())
