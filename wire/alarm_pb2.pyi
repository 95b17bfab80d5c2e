from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_DONE: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_DONE: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_FAILED: Outcome

class MachineMessage(_message.Message):
    __slots__ = ("hello", "acknowledgement")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENT_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    acknowledgement: Acknowledgement
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., acknowledgement: _Optional[_Union[Acknowledgement, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("machine", "targets")
    MACHINE_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    machine: str
    targets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, machine: _Optional[str] = ..., targets: _Optional[_Iterable[str]] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("trigger_id", "outcome", "action_taken", "time_ns")
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ACTION_TAKEN_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    trigger_id: bytes
    outcome: Outcome
    action_taken: str
    time_ns: int
    def __init__(self, trigger_id: _Optional[bytes] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., action_taken: _Optional[str] = ..., time_ns: _Optional[int] = ...) -> None: ...

class ServiceMessage(_message.Message):
    __slots__ = ("welcome", "trigger", "resolved")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    trigger: Trigger
    resolved: Resolved
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., trigger: _Optional[_Union[Trigger, _Mapping]] = ..., resolved: _Optional[_Union[Resolved, _Mapping]] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("instance", "version", "time_ns", "redelivery_ms")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    REDELIVERY_MS_FIELD_NUMBER: _ClassVar[int]
    instance: str
    version: str
    time_ns: int
    redelivery_ms: int
    def __init__(self, instance: _Optional[str] = ..., version: _Optional[str] = ..., time_ns: _Optional[int] = ..., redelivery_ms: _Optional[int] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("id", "alarm_id", "target", "serial_number", "channel", "channel_name", "rule", "level", "severity", "value", "unit", "message", "action", "event_time_ns", "sent_time_ns", "attempt", "expiry_time_ns")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SERIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_NAME_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SENT_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    alarm_id: bytes
    target: str
    serial_number: str
    channel: int
    channel_name: str
    rule: str
    level: str
    severity: int
    value: float
    unit: str
    message: str
    action: str
    event_time_ns: int
    sent_time_ns: int
    attempt: int
    expiry_time_ns: int
    def __init__(self, id: _Optional[bytes] = ..., alarm_id: _Optional[bytes] = ..., target: _Optional[str] = ..., serial_number: _Optional[str] = ..., channel: _Optional[int] = ..., channel_name: _Optional[str] = ..., rule: _Optional[str] = ..., level: _Optional[str] = ..., severity: _Optional[int] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., message: _Optional[str] = ..., action: _Optional[str] = ..., event_time_ns: _Optional[int] = ..., sent_time_ns: _Optional[int] = ..., attempt: _Optional[int] = ..., expiry_time_ns: _Optional[int] = ...) -> None: ...

class Resolved(_message.Message):
    __slots__ = ("alarm_id", "target", "time_ns")
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    alarm_id: bytes
    target: str
    time_ns: int
    def __init__(self, alarm_id: _Optional[bytes] = ..., target: _Optional[str] = ..., time_ns: _Optional[int] = ...) -> None: ...
