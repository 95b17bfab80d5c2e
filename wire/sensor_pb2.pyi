from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATE_UNSPECIFIED: _ClassVar[State]
    STATE_AWAKE: _ClassVar[State]
    STATE_ASLEEP: _ClassVar[State]
    STATE_OFFLINE: _ClassVar[State]

class LogLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOG_LEVEL_UNSPECIFIED: _ClassVar[LogLevel]
    LOG_LEVEL_DEBUG: _ClassVar[LogLevel]
    LOG_LEVEL_INFO: _ClassVar[LogLevel]
    LOG_LEVEL_WARNING: _ClassVar[LogLevel]
    LOG_LEVEL_ERROR: _ClassVar[LogLevel]
    LOG_LEVEL_CRITICAL: _ClassVar[LogLevel]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_APPLIED: _ClassVar[Outcome]
    OUTCOME_REJECTED: _ClassVar[Outcome]
    OUTCOME_EXPIRED: _ClassVar[Outcome]
    OUTCOME_DUPLICATE: _ClassVar[Outcome]
STATE_UNSPECIFIED: State
STATE_AWAKE: State
STATE_ASLEEP: State
STATE_OFFLINE: State
LOG_LEVEL_UNSPECIFIED: LogLevel
LOG_LEVEL_DEBUG: LogLevel
LOG_LEVEL_INFO: LogLevel
LOG_LEVEL_WARNING: LogLevel
LOG_LEVEL_ERROR: LogLevel
LOG_LEVEL_CRITICAL: LogLevel
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_APPLIED: Outcome
OUTCOME_REJECTED: Outcome
OUTCOME_EXPIRED: Outcome
OUTCOME_DUPLICATE: Outcome

class Position(_message.Message):
    __slots__ = ("latitude_e7", "longitude_e7", "altitude_mm", "accuracy_mm")
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_MM_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_MM_FIELD_NUMBER: _ClassVar[int]
    latitude_e7: int
    longitude_e7: int
    altitude_mm: int
    accuracy_mm: int
    def __init__(self, latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., altitude_mm: _Optional[int] = ..., accuracy_mm: _Optional[int] = ...) -> None: ...

class Channel(_message.Message):
    __slots__ = ("index", "values", "counts", "scale", "offset")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    index: int
    values: _containers.RepeatedScalarFieldContainer[float]
    counts: bytes
    scale: float
    offset: float
    def __init__(self, index: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ..., counts: _Optional[bytes] = ..., scale: _Optional[float] = ..., offset: _Optional[float] = ...) -> None: ...

class Measurements(_message.Message):
    __slots__ = ("session", "sequence", "start_time_ns", "sample_frequency_hz", "channels", "position")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    session: int
    sequence: int
    start_time_ns: int
    sample_frequency_hz: float
    channels: _containers.RepeatedCompositeFieldContainer[Channel]
    position: Position
    def __init__(self, session: _Optional[int] = ..., sequence: _Optional[int] = ..., start_time_ns: _Optional[int] = ..., sample_frequency_hz: _Optional[float] = ..., channels: _Optional[_Iterable[_Union[Channel, _Mapping]]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ChannelDescription(_message.Message):
    __slots__ = ("index", "name", "quantity", "unit", "minimum", "maximum")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    index: int
    name: str
    quantity: str
    unit: str
    minimum: float
    maximum: float
    def __init__(self, index: _Optional[int] = ..., name: _Optional[str] = ..., quantity: _Optional[str] = ..., unit: _Optional[str] = ..., minimum: _Optional[float] = ..., maximum: _Optional[float] = ...) -> None: ...

class Birth(_message.Message):
    __slots__ = ("serial_number", "session", "hardware", "firmware_version", "sensor_type", "channels", "sample_frequency_hz", "state", "position", "maximum_sample_frequency_hz", "time_ns")
    SERIAL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    FIRMWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SENSOR_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    serial_number: str
    session: int
    hardware: str
    firmware_version: str
    sensor_type: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelDescription]
    sample_frequency_hz: float
    state: State
    position: Position
    maximum_sample_frequency_hz: float
    time_ns: int
    def __init__(self, serial_number: _Optional[str] = ..., session: _Optional[int] = ..., hardware: _Optional[str] = ..., firmware_version: _Optional[str] = ..., sensor_type: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelDescription, _Mapping]]] = ..., sample_frequency_hz: _Optional[float] = ..., state: _Optional[_Union[State, str]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., maximum_sample_frequency_hz: _Optional[float] = ..., time_ns: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("state", "sample_frequency_hz", "uptime_ms", "session", "last_sequence", "buffered_batches", "oldest_buffered_sequence", "free_memory_bytes", "rssi_dbm", "battery_percent", "time_ns")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BUFFERED_BATCHES_FIELD_NUMBER: _ClassVar[int]
    OLDEST_BUFFERED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FREE_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    RSSI_DBM_FIELD_NUMBER: _ClassVar[int]
    BATTERY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    state: State
    sample_frequency_hz: float
    uptime_ms: int
    session: int
    last_sequence: int
    buffered_batches: int
    oldest_buffered_sequence: int
    free_memory_bytes: int
    rssi_dbm: int
    battery_percent: float
    time_ns: int
    def __init__(self, state: _Optional[_Union[State, str]] = ..., sample_frequency_hz: _Optional[float] = ..., uptime_ms: _Optional[int] = ..., session: _Optional[int] = ..., last_sequence: _Optional[int] = ..., buffered_batches: _Optional[int] = ..., oldest_buffered_sequence: _Optional[int] = ..., free_memory_bytes: _Optional[int] = ..., rssi_dbm: _Optional[int] = ..., battery_percent: _Optional[float] = ..., time_ns: _Optional[int] = ...) -> None: ...

class Log(_message.Message):
    __slots__ = ("time_ns", "level", "logger", "message")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LOGGER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    level: LogLevel
    logger: str
    message: str
    def __init__(self, time_ns: _Optional[int] = ..., level: _Optional[_Union[LogLevel, str]] = ..., logger: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Sleep(_message.Message):
    __slots__ = ("duration_s",)
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    duration_s: int
    def __init__(self, duration_s: _Optional[int] = ...) -> None: ...

class Awake(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ChangeSampleFrequency(_message.Message):
    __slots__ = ("sample_frequency_hz",)
    SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    sample_frequency_hz: float
    def __init__(self, sample_frequency_hz: _Optional[float] = ...) -> None: ...

class TriggerAlarm(_message.Message):
    __slots__ = ("alarm_id", "severity", "action")
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    alarm_id: str
    severity: int
    action: str
    def __init__(self, alarm_id: _Optional[str] = ..., severity: _Optional[int] = ..., action: _Optional[str] = ...) -> None: ...

class Resend(_message.Message):
    __slots__ = ("session", "first_sequence", "last_sequence")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    session: int
    first_sequence: int
    last_sequence: int
    def __init__(self, session: _Optional[int] = ..., first_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class Identify(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Reboot(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Command(_message.Message):
    __slots__ = ("id", "issued_time_ns", "expiry_time_ns", "sleep", "awake", "change_sample_frequency", "trigger_alarm", "resend", "identify", "reboot")
    ID_FIELD_NUMBER: _ClassVar[int]
    ISSUED_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SLEEP_FIELD_NUMBER: _ClassVar[int]
    AWAKE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_SAMPLE_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ALARM_FIELD_NUMBER: _ClassVar[int]
    RESEND_FIELD_NUMBER: _ClassVar[int]
    IDENTIFY_FIELD_NUMBER: _ClassVar[int]
    REBOOT_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    issued_time_ns: int
    expiry_time_ns: int
    sleep: Sleep
    awake: Awake
    change_sample_frequency: ChangeSampleFrequency
    trigger_alarm: TriggerAlarm
    resend: Resend
    identify: Identify
    reboot: Reboot
    def __init__(self, id: _Optional[bytes] = ..., issued_time_ns: _Optional[int] = ..., expiry_time_ns: _Optional[int] = ..., sleep: _Optional[_Union[Sleep, _Mapping]] = ..., awake: _Optional[_Union[Awake, _Mapping]] = ..., change_sample_frequency: _Optional[_Union[ChangeSampleFrequency, _Mapping]] = ..., trigger_alarm: _Optional[_Union[TriggerAlarm, _Mapping]] = ..., resend: _Optional[_Union[Resend, _Mapping]] = ..., identify: _Optional[_Union[Identify, _Mapping]] = ..., reboot: _Optional[_Union[Reboot, _Mapping]] = ...) -> None: ...

class CommandAck(_message.Message):
    __slots__ = ("command_id", "outcome", "reason", "time_ns", "state", "sample_frequency_hz")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FREQUENCY_HZ_FIELD_NUMBER: _ClassVar[int]
    command_id: bytes
    outcome: Outcome
    reason: str
    time_ns: int
    state: State
    sample_frequency_hz: float
    def __init__(self, command_id: _Optional[bytes] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., reason: _Optional[str] = ..., time_ns: _Optional[int] = ..., state: _Optional[_Union[State, str]] = ..., sample_frequency_hz: _Optional[float] = ...) -> None: ...
