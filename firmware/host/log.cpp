#include "log.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace host {
namespace {

constexpr std::array<const char*, 6> kNames = {"", "debug", "info", "warning", "error", "critical"};
hal::LogLevel least_level = hal::LogLevel::kInfo;

std::string timestamp() {
  std::timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  std::array<char, 64> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 32> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06ldZ", now.tv_nsec / 1000);
  return std::string(text.data(), size) + fraction.data();
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      json += escaped.data();
    } else {
      json += c;
    }
  }
  return json + '"';
}

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
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace host
