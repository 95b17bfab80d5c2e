"""A board without a board: the firmware's own console behind a pseudo terminal, its settings in a folder."""

import os
import subprocess
import tty
from pathlib import Path


class Board:
    """Runs until `stop`; `port` is what a serial port is called elsewhere."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._folder = folder / "store"
        self._folder.mkdir()
        self._errors = folder / "errors"
        self._board_end, self._other_end = (
            os.openpty()
        )  # both stay open: a line ends when nobody has its other end
        tty.setraw(self._other_end)
        self.port = os.ttyname(self._other_end)
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [program, self._folder], stdin=self._board_end, stdout=self._board_end, stderr=errors
            )

    def stored(self) -> dict[str, str]:
        """Key → value, as saved."""
        return {path.name: path.read_text() for path in self._folder.iterdir()}

    def unplug_the_store(self) -> None:
        """From now on nothing can be saved."""
        self._folder.rename(self._folder.with_name("unplugged"))

    def plug_the_store_in(self) -> None:
        """It can again."""
        self._folder.with_name("unplugged").rename(self._folder)

    def signal(self, number: int) -> None:
        """SIGSTOP: it answers no more, until SIGCONT."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """AssertionError where it ended by itself: a wrong access, or undefined behaviour."""
        alive = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        os.close(self._board_end)
        os.close(self._other_end)
        assert alive, self._errors.read_text()
