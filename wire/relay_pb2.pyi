from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KIND_UNSPECIFIED: _ClassVar[Kind]
    KIND_MEASUREMENTS: _ClassVar[Kind]
    KIND_LOG: _ClassVar[Kind]
    KIND_BIRTH: _ClassVar[Kind]
    KIND_STATUS: _ClassVar[Kind]
    KIND_ACK: _ClassVar[Kind]
    KIND_COMMAND: _ClassVar[Kind]
    KIND_COMMAND_REPORT: _ClassVar[Kind]

class Step(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_UNSPECIFIED: _ClassVar[Step]
    STEP_SENT: _ClassVar[Step]
    STEP_UNREACHABLE: _ClassVar[Step]
    STEP_EXPIRED: _ClassVar[Step]
KIND_UNSPECIFIED: Kind
KIND_MEASUREMENTS: Kind
KIND_LOG: Kind
KIND_BIRTH: Kind
KIND_STATUS: Kind
KIND_ACK: Kind
KIND_COMMAND: Kind
KIND_COMMAND_REPORT: Kind
STEP_UNSPECIFIED: Step
STEP_SENT: Step
STEP_UNREACHABLE: Step
STEP_EXPIRED: Step

class Relayed(_message.Message):
    __slots__ = ("serial_number", "kind", "received_ns", "payload")
    SERIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_NS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    serial_number: str
    kind: Kind
    received_ns: int
    payload: bytes
    def __init__(self, serial_number: _Optional[str] = ..., kind: _Optional[_Union[Kind, str]] = ..., received_ns: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class Envelope(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[Relayed]
    def __init__(self, messages: _Optional[_Iterable[_Union[Relayed, _Mapping]]] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("reason", "detail", "origin", "serial_number", "kind", "time_ns", "payload")
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    SERIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    reason: str
    detail: str
    origin: str
    serial_number: str
    kind: Kind
    time_ns: int
    payload: bytes
    def __init__(self, reason: _Optional[str] = ..., detail: _Optional[str] = ..., origin: _Optional[str] = ..., serial_number: _Optional[str] = ..., kind: _Optional[_Union[Kind, str]] = ..., time_ns: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class CommandReport(_message.Message):
    __slots__ = ("command_id", "step", "time_ns", "reason")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    command_id: bytes
    step: Step
    time_ns: int
    reason: str
    def __init__(self, command_id: _Optional[bytes] = ..., step: _Optional[_Union[Step, str]] = ..., time_ns: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...
