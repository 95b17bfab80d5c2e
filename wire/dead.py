"""Dead letters: what could not be processed, kept with the reason and its original bytes."""

from wire import limits
from wire.envelope import to_amqp
from wire.errors import WireError
from wire.relay_pb2 import DeadLetter, Kind


def dead_letter(
    error: WireError,
    *,
    origin: str,
    payload: bytes,
    time_ns: int,
    serial_number: str = "",
    kind: Kind = Kind.KIND_UNSPECIFIED,
) -> bytes:
    """A message for the dead-letter stream. `origin`: an MQTT topic, routing key, queue, or stream/offset; `time_ns`: now.

    More bytes than any MQTT packet has are cut off: by AMQP comes more than a stream's frame can hold.
    """
    detail = error.detail
    if len(payload) > limits.MAXIMUM_PACKET_BYTES:
        detail = f"{detail} (the first {limits.MAXIMUM_PACKET_BYTES} of {len(payload)} bytes)"
        payload = payload[: limits.MAXIMUM_PACKET_BYTES]
    return to_amqp(
        DeadLetter(
            reason=error.reason.value,
            detail=detail,
            origin=_text(origin),
            serial_number=serial_number,
            kind=kind,
            time_ns=time_ns,
            payload=payload,
        ).SerializeToString()
    )


def _text(origin: str) -> str:
    return origin.encode("utf-8", "replace").decode()[:512]
