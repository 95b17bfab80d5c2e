"""What one message may hold. The codec refuses more; the firmware's static memory is sized by it."""

from typing import Final

# Below Mosquitto's max_packet_size, so that an oversized message still arrives and is kept as a dead letter.
MAXIMUM_MESSAGE_BYTES: Final = 512 * 1024
MAXIMUM_PACKET_BYTES: Final = 1_000_000

MAXIMUM_CHANNELS: Final = 16
MAXIMUM_CHANNEL_INDEX: Final = 32_767  # smallint in the database
MAXIMUM_SAMPLES: Final = 65_536  # a channel, a batch

MINIMUM_SAMPLE_FREQUENCY_HZ: Final = 0.001  # of what is measured; sensors are commanded 0.01 and more
MAXIMUM_SAMPLE_FREQUENCY_HZ: Final = 1_000_000.0

MINIMUM_TIME_NS: Final = 1_577_836_800 * 10**9  # 2020-01-01: older means a clock that was never set
MAXIMUM_CLOCK_AHEAD_NS: Final = 3_600 * 10**9  # further ahead of the receiver's clock is no clock skew

# Nobody gets there in a thousand years; sums over sessions of what is missing stay within bigint.
MAXIMUM_SEQUENCE: Final = 2**48 - 1
MAXIMUM_TEXT: Final = 256  # characters of any string
MAXIMUM_ALARM_TEXT_BYTES: Final = (
    63  # of an alarm's id and its action, in UTF-8: a sensor keeps 64, with a NUL
)

# What a sensor can read of either, to say that it is too long; beyond, it sees no command at all.
MAXIMUM_COMMAND_TEXT_BYTES: Final = 256

# A sensor knows a command that comes again among its last so many. Bridges have fewer under way, so that what is
# sent again after a crash is known.
REMEMBERED_COMMANDS: Final = 256
