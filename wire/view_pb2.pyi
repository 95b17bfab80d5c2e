from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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
    values: bytes
    counts: bytes
    scale: float
    offset: float
    def __init__(self, index: _Optional[int] = ..., values: _Optional[bytes] = ..., counts: _Optional[bytes] = ..., scale: _Optional[float] = ..., offset: _Optional[float] = ...) -> None: ...

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
