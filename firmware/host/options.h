#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host_clock.h"
#include "mosquitto_mqtt.h"

namespace host {

/// What the command line and the environment say.
struct Options {
  std::string credentials;
  size_t sensors = 1;
  std::string prefix;
  std::string serial;
  double vibration_frequency_hz = 1000;
  double batch_duration_s = 1;
  uint32_t ring_bytes = 65'536;
  uint32_t spool_bytes = 1'048'576;
  std::string state;
  std::string nmea;
  std::string report;
  std::optional<double> duration_s;
  HostClock::Options clock;
  Broker broker;
  std::string health_host = "127.0.0.1";
  uint16_t health_port = 0;
  double drain_timeout_s = 10;

  /// `prefix`firmware-0001 …, or `serial`.
  std::vector<std::string> serial_numbers() const;
};

/// Reads both. False, with the exit code, where the program ends here: after --help, or an error that was written.
bool parse_options(int argc, char** argv, Options* options, int* exit_code);

}  // namespace host
