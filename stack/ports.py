"""One block of ports for each checkout, on loopback."""

import random
import socket
from typing import NamedTuple

from stack.errors import StackError

BLOCK = 32


class Ports(NamedTuple):
    """Where each server listens. The services' health ports follow, one each."""

    mqtt: int
    amqp: int
    stream: int
    postgres: int
    epmd: int
    distribution: int
    rabbitmq_metrics: int
    services: int

    @classmethod
    def block(cls, base: int) -> "Ports":
        """The block that begins at `base`."""
        return cls(*range(base, base + len(cls._fields)))

    @property
    def web(self) -> int:
        """Where the live page listens, at the block's end."""
        return self.base + BLOCK - 1

    @property
    def prometheus(self) -> int:
        """Where Prometheus listens, before it."""
        return self.web - 1

    @property
    def base(self) -> int:
        """The block's first port."""
        return self.mqtt


def choose(wanted: int | None, remembered: int | None) -> Ports:
    """A free block: the wanted one or an error; else the remembered one if free; else any."""
    if wanted is not None:
        if not 1024 <= wanted <= 65535 - BLOCK:
            raise StackError(f"--base-port {wanted}: choose one between 1024 and {65535 - BLOCK}")
        taken = taken_ports(wanted)
        if taken:
            raise StackError(
                f"port {taken[0]} is taken by another program: stop that program, or choose another block "
                "of ports with --base-port"
            )
        return Ports.block(wanted)
    if remembered is not None and not taken_ports(remembered):
        return Ports.block(remembered)
    # below the range from which the kernel takes ports for outgoing connections
    for base in random.sample(range(20_000, 32_000, BLOCK), 200):
        if not taken_ports(base):
            return Ports.block(base)
    raise StackError("no free block of ports between 20000 and 32000: choose one with --base-port")


def taken_ports(base: int) -> list[int]:
    """Which ports of the block somebody listens on."""
    return [port for port in range(base, base + BLOCK) if not _free(port)]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT is not taken
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
