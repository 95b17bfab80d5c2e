#pragma once

#include <cstddef>
#include <cstdint>

/// Bounds that sensor and cloud share; wire/limits.py and wire/names.py have the same, which a test holds
/// together.
namespace sensor {

constexpr size_t kMaximumSerialNumber = 32;  ///< characters
constexpr size_t kMaximumSamples = 65536;    ///< a channel, a batch
constexpr size_t kMaximumMessageBytes = 512 * 1024;
constexpr size_t kRememberedCommands = 256;  ///< ids of commands, also over a reboot
constexpr size_t kReceiveMaximum = 20;       ///< commands under way to a sensor
constexpr size_t kWindow = 20;               ///< messages that wait for the broker's answer
constexpr double kMinimumCommandedFrequencyHz = 0.01;
constexpr uint32_t kMaximumSeverity = 1000;  ///< of an alarm; the least is 1
constexpr size_t kMaximumAlarmText = 63;     ///< bytes of UTF-8
constexpr size_t kMaximumCommandText = 256;  ///< bytes; beyond, it is no command, and there is no answer
constexpr uint64_t kStatusIntervalUs = 30'000'000;
constexpr uint64_t kRetryUs = 1'000'000;  ///< until a message that nobody holds is published again
/// 2020: older is a clock that was never set.
constexpr int64_t kMinimumTimeNs = 1'577'836'800LL * 1'000'000'000LL;
/// How long the broker keeps the session of a sensor that is gone.
constexpr uint32_t kSessionExpiryS = 7 * 24 * 3600;

}  // namespace sensor
