#include "options.h"

#include <getopt.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "core/limits.h"
#include "file_flash.h"
#include "log.h"

namespace host {
namespace {

constexpr int kUsage = 2;  // exit code

constexpr char kHelp[] = R"(Usage: sensor-host --credentials FILE [OPTIONS]

The firmware's core as a program of this machine: sensors that measure a synthetic vibration and publish it to the MQTT
broker until SIGTERM. Each behaves as a board does (docs/sensor.md).

  sensor-host --credentials fleet.json --sensors 20
  sensor-host --credentials one.json --serial pump-1 --state state --vibration-frequency 4000
  sensor-host --credentials one.json --serial pump-1 --speed 60 --clock-step 30:-5

  --credentials FILE          JSON file: serial number → password.
  --sensors N                 Size of the fleet: firmware-0001 …  [1]
  --prefix TEXT               Put before every serial number of the fleet.
  --serial TEXT               One sensor of this serial number, instead of a fleet.
  --vibration-frequency HZ    Sample frequency, until another one is commanded.  [1000]
  --batch-duration SECONDS    Of one batch.  [1]
  --buffer BYTES              Each sensor's ring buffer.  [65536]
  --spool BYTES               Each sensor's flash for what the ring cannot keep; 0: none.  [1048576]
  --state DIR                 Where store and flash of each sensor are kept; without it they end with the process.
  --nmea FILE                 NMEA 0183 sentences, fed to each sensor as those of a GPS receiver, a second at a time.
  --host HOST, --port PORT    MQTT broker.  [STREAMING_MQTT_HOST, STREAMING_MQTT_PORT, or 127.0.0.1 and 1883]
  --tls-ca FILE               Connect by TLS; the broker's certificate is signed by this one.
  --tls-certificate FILE, --tls-key FILE
                              Certificate of the sensors, for brokers that ask for one.
  --start-time NANOSECONDS    Unix time at the start  [now].
  --speed FACTOR              Times as fast as time goes.  [1]
  --duration SECONDS          Stop after so long (of real time).
  --unsynchronised SECONDS    The clock is not set for so long (of the sensors' time).
  --clock-step AT:BY          After AT seconds of the sensors' time the clock steps by BY seconds. May be repeated.
  --report FILE               JSON file with what each sensor made, kept up to date.
  -h, --help                  This text.

Environment: STREAMING_MQTT_HOST, STREAMING_MQTT_PORT, STREAMING_HEALTH_HOST, STREAMING_HEALTH_PORT (/readyz, /healthz,
/metrics; 0 takes a free port, which the log names), STREAMING_LOG_LEVEL, STREAMING_DRAIN_TIMEOUT_S.
SIGTERM: a clean stop. A second one, or the drain timeout, ends it at once; batches are saved in the spool.
Exit codes: 0 stopped, the broker holds everything; 1 it cannot go on, or left before that; 2 usage.
)";

/// What the letters of getopt_long stand for.
enum Choice {
  kCredentials = 256, kSensors, kPrefix, kSerial, kFrequency, kBatchDuration, kBuffer, kSpool, kState, kNmea, kHost, kPort,
  kTlsCa, kTlsCertificate, kTlsKey, kStartTime, kSpeed, kDuration, kUnsynchronised, kClockStep, kReport,
};

constexpr option kOptions[] = {
    {"credentials", required_argument, nullptr, kCredentials},
    {"sensors", required_argument, nullptr, kSensors},
    {"prefix", required_argument, nullptr, kPrefix},
    {"serial", required_argument, nullptr, kSerial},
    {"vibration-frequency", required_argument, nullptr, kFrequency},
    {"batch-duration", required_argument, nullptr, kBatchDuration},
    {"buffer", required_argument, nullptr, kBuffer},
    {"spool", required_argument, nullptr, kSpool},
    {"state", required_argument, nullptr, kState},
    {"nmea", required_argument, nullptr, kNmea},
    {"host", required_argument, nullptr, kHost},
    {"port", required_argument, nullptr, kPort},
    {"tls-ca", required_argument, nullptr, kTlsCa},
    {"tls-certificate", required_argument, nullptr, kTlsCertificate},
    {"tls-key", required_argument, nullptr, kTlsKey},
    {"start-time", required_argument, nullptr, kStartTime},
    {"speed", required_argument, nullptr, kSpeed},
    {"duration", required_argument, nullptr, kDuration},
    {"unsynchronised", required_argument, nullptr, kUnsynchronised},
    {"clock-step", required_argument, nullptr, kClockStep},
    {"report", required_argument, nullptr, kReport},
    {"help", no_argument, nullptr, 'h'},
    {nullptr, 0, nullptr, 0},
};

bool refuse(const std::string& name, const std::string& text, const std::string& wanted) {
  std::cerr << "sensor-host: " << name << ": '" << text << "' is not " << wanted << "\n";
  return false;
}

/// A decimal number from `least` to `largest`; NaN is in no range.
bool number(const std::string& name, const char* text, double least, double largest, double* value) {
  char* end = nullptr;
  const double parsed = std::strtod(text, &end);
  const bool inside = parsed >= least && parsed <= largest;
  if (end == text || *end != '\0' || !inside) {
    std::ostringstream wanted;
    wanted << std::setprecision(10) << "a number from " << least << " to " << largest;
    return refuse(name, text, wanted.str());
  }
  *value = parsed;
  return true;
}

template <typename Integer>
bool whole(const std::string& name, const char* text, int64_t least, int64_t largest, Integer* value) {
  char* end = nullptr;
  errno = 0;
  const long long parsed = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || parsed < least || parsed > largest) {
    return refuse(name, text, "a whole number from " + std::to_string(least) + " to " + std::to_string(largest));
  }
  *value = static_cast<Integer>(parsed);
  return true;
}

bool clock_step(const std::string& name, const std::string& text, std::vector<ClockStep>* steps) {
  const size_t colon = text.find(':');
  ClockStep step{};
  if (colon == std::string::npos) {
    return refuse(name, text, "AT:BY, two numbers of seconds");
  }
  if (!number(name, text.substr(0, colon).c_str(), 0, 1e9, &step.at_s) ||
      !number(name, text.substr(colon + 1).c_str(), -1e9, 1e9, &step.by_s)) {
    return false;
  }
  steps->push_back(step);
  return true;
}

bool spool_size(const std::string& name, const char* text, uint32_t* bytes) {
  constexpr int64_t kLargest = 1 << 30;
  if (!whole(name, text, 0, kLargest, bytes)) {
    return false;
  }
  if (*bytes % FileFlash::kSectorSize != 0 || (*bytes != 0 && *bytes < 4 * FileFlash::kSectorSize)) {
    return refuse(name, text, "0, or at least four whole sectors of 4096 bytes");
  }
  return true;
}

bool choose(int choice, const std::string& name, const char* text, Options* options) {
  switch (choice) {
    case kCredentials:
      options->credentials = text;
      return true;
    case kSensors:
      return whole(name, text, 1, 20'000, &options->sensors);
    case kPrefix:
      options->prefix = text;
      return true;
    case kSerial:
      options->serial = text;
      return true;
    case kFrequency:
      return number(name, text, sensor::kMinimumCommandedFrequencyHz, 26'667, &options->vibration_frequency_hz);
    case kBatchDuration:
      return number(name, text, 0.001, 3'600, &options->batch_duration_s);
    case kBuffer:
      return whole(name, text, 4'096, 1'000'000'000, &options->ring_bytes);
    case kSpool:
      return spool_size(name, text, &options->spool_bytes);
    case kState:
      options->state = text;
      return true;
    case kNmea:
      options->nmea = text;
      return true;
    case kHost:
      options->broker.host = text;
      return true;
    case kPort:
      return whole(name, text, 1, 65'535, &options->broker.port);
    case kTlsCa:
      options->broker.ca = text;
      return true;
    case kTlsCertificate:
      options->broker.certificate = text;
      return true;
    case kTlsKey:
      options->broker.key = text;
      return true;
    case kStartTime: {
      int64_t start_ns = 0;
      const bool good = whole(name, text, sensor::kMinimumTimeNs, int64_t{1} << 62, &start_ns);
      options->clock.start_ns = start_ns;
      return good;
    }
    case kSpeed:
      return number(name, text, 0.001, 1'000, &options->clock.speed);
    case kDuration: {
      double duration = 0;
      const bool good = number(name, text, 0, 1e8, &duration);
      options->duration_s = duration;
      return good;
    }
    case kUnsynchronised:
      return number(name, text, 0, 1e8, &options->clock.unsynchronised_s);
    case kClockStep:
      return clock_step(name, text, &options->clock.steps);
    case kReport:
      options->report = text;
      return true;
    default:
      return false;
  }
}

const char* variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): there is one thread
  return value == nullptr || *value == '\0' ? nullptr : value;
}

bool read_environment(Options* options) {
  if (const char* text = variable("STREAMING_MQTT_HOST")) {
    options->broker.host = text;
  }
  if (const char* text = variable("STREAMING_HEALTH_HOST")) {
    options->health_host = text;
  }
  bool good = true;
  if (const char* text = variable("STREAMING_MQTT_PORT")) {
    good = whole("STREAMING_MQTT_PORT", text, 1, 65'535, &options->broker.port) && good;
  }
  if (const char* text = variable("STREAMING_HEALTH_PORT")) {
    good = whole("STREAMING_HEALTH_PORT", text, 0, 65'535, &options->health_port) && good;
  }
  if (const char* text = variable("STREAMING_DRAIN_TIMEOUT_S")) {
    good = number("STREAMING_DRAIN_TIMEOUT_S", text, 0, 1e6, &options->drain_timeout_s) && good;
  }
  if (const char* text = variable("STREAMING_LOG_LEVEL")) {
    hal::LogLevel level{};
    if (parse_level(text, &level)) {
      set_level(level);
    } else {
      good = refuse("STREAMING_LOG_LEVEL", text, "debug, info, warning or error");
    }
  }
  return good;
}

bool complete(const Options& options) {
  if (options.credentials.empty()) {
    std::cerr << "sensor-host: --credentials FILE is needed (sensor-host --help)\n";
    return false;
  }
  if (!options.serial.empty() && (options.sensors != 1 || !options.prefix.empty())) {
    std::cerr << "sensor-host: --serial is one sensor: without --sensors and --prefix\n";
    return false;
  }
  for (const std::string& serial : {options.serial_numbers().front(), options.serial_numbers().back()}) {
    if (serial.size() > sensor::kMaximumSerialNumber) {
      return refuse("serial number", serial,
                    "at most " + std::to_string(sensor::kMaximumSerialNumber) + " characters long");
    }
  }
  if (options.broker.certificate.empty() != options.broker.key.empty() ||
      (options.broker.ca.empty() && !options.broker.key.empty())) {
    std::cerr << "sensor-host: --tls-certificate and --tls-key go together, and with --tls-ca\n";
    return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> Options::serial_numbers() const {
  if (!serial.empty()) {
    return {serial};
  }
  std::vector<std::string> serials;
  for (size_t i = 1; i <= sensors; ++i) {
    std::ostringstream serial_number;
    serial_number << prefix << "firmware-" << std::setw(4) << std::setfill('0') << i;
    serials.push_back(serial_number.str());
  }
  return serials;
}

bool parse_options(int argc, char** argv, Options* options, int* exit_code) {
  *exit_code = kUsage;
  if (!read_environment(options)) {
    return false;
  }
  for (;;) {
    int index = 0;
    const int choice = getopt_long(argc, argv, "h", kOptions, &index);  // NOLINT(concurrency-mt-unsafe): one thread
    if (choice == -1) {
      break;
    }
    if (choice == 'h') {
      std::cout << kHelp;
      *exit_code = 0;
      return false;
    }
    if (choice == '?' || !choose(choice, std::string("--") + kOptions[index].name, optarg, options)) {
      return false;  // getopt_long has named an unknown option by itself
    }
  }
  if (optind != argc) {
    std::cerr << "sensor-host: '" << argv[optind] << "' is no option (sensor-host --help)\n";
    return false;
  }
  return complete(*options);
}

}  // namespace host
