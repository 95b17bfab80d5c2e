#include "log.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <system_error>

namespace host {
namespace {

constexpr std::array<const char*, 6> kNames = {"", "debug", "info", "warning", "error", "critical"};
hal::LogLevel least_level = hal::LogLevel::kInfo;

std::string timestamp() {
  using std::chrono::system_clock;
  const auto now = system_clock::now();
  const std::time_t seconds = system_clock::to_time_t(now);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1'000'000;
  std::tm utc{};
  std::ostringstream text;
  if (gmtime_r(&seconds, &utc) != nullptr) {
    text << std::put_time(&utc, "%Y-%m-%dT%H:%M:%S.") << std::setw(6) << std::setfill('0') << us << 'Z';
  }
  return text.str();
}

}  // namespace

std::string json_string(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += std::string("\\u00") + kDigits[c / 16] + kDigits[c % 16];
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string system_error() { return std::error_code(errno, std::generic_category()).message(); }

bool parse_level(const std::string& name, hal::LogLevel* level) {
  for (size_t i = 1; i < kNames.size() - 1; ++i) {
    if (name == kNames[i]) {
      *level = static_cast<hal::LogLevel>(i);
      return true;
    }
  }
  return false;
}

void set_level(hal::LogLevel level) { least_level = level; }

void log(hal::LogLevel level, const char* event, std::initializer_list<Field> fields) {
  if (level < least_level) {
    return;
  }
  std::string line = "{\"service\": \"firmware\"";
  for (const Field& field : fields) {
    line += std::string(", \"") + field.key + "\": " + field.json;
  }
  line += ", \"event\": " + json_string(event) + ", \"level\": \"" + kNames[static_cast<size_t>(level)] +
          "\", \"timestamp\": \"" + timestamp() + "\"}\n";
  std::cerr << line;
}

}  // namespace host
