#pragma once

#include <cstdint>

namespace board {

/// Full speed while it measures; light sleep between beacons while ASLEEP: the connection stays, and a
/// command is heard within about a second.
bool begin_power();
/// Of the sensor's task; cheap to say again.
void set_power_save(bool asleep);

/// Deep sleep: no connection, no memory, 10 µA; the board boots again after that time. Does not return.
[[noreturn]] void deep_sleep(uint64_t duration_us);

}  // namespace board
