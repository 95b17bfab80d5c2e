#include "setting_checks.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/limits.h"
#include "digits.h"

namespace sensor::checks {
namespace {

using digits::is_digit;

constexpr int64_t kMinimumFrequencyMicrohertz = 10'000;
constexpr int64_t kMaximumFrequencyMicrohertz = 26'667'000'000;
constexpr const char* kSources[] = {"iis3dwb", "adxl345", "synthetic"};

bool is_letter(char one) {
  return (one >= 'A' && one <= 'Z') || (one >= 'a' && one <= 'z');
}

bool is_hex_digit(char one) {
  return is_digit(one) || (one >= 'A' && one <= 'F') || (one >= 'a' && one <= 'f');
}

/// Whether every character is a letter, a digit or one of `others`.
bool consists_of(const char* text, const char* others) {
  for (; *text != '\0'; ++text) {
    if (!is_digit(*text) && !is_letter(*text) && std::strchr(others, *text) == nullptr) return false;
  }
  return true;
}

bool is_ascii_text(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text < ' ' || *text > '~') return false;
  }
  return true;
}

bool begins_with(const char* text, const char* beginning) {
  return std::strncmp(text, beginning, std::strlen(beginning)) == 0;
}

}  // namespace

const char* serial_number(const char* text) {
  constexpr const char* kRule = "1 to 32 letters, digits, _ or -, and a letter or digit in front";
  const bool first = is_digit(text[0]) || is_letter(text[0]);
  return first && std::strlen(text) <= kMaximumSerialNumber && consists_of(text, "_-") ? "" : kRule;
}

const char* wifi_name(const char* text) {
  return *text != '\0' && std::strlen(text) <= 32 ? "" : "a network's name has 1 to 32 bytes";
}

const char* wifi_password(const char* text) {
  constexpr const char* kRule = "8 to 63 characters, or 64 hexadecimal digits";
  const size_t size = std::strlen(text);
  if (size == 64) {
    for (; *text != '\0'; ++text) {
      if (!is_hex_digit(*text)) return kRule;
    }
    return "";
  }
  return size >= 8 && size <= 63 && is_ascii_text(text) ? "" : kRule;
}

const char* password(const char* text) {
  return *text != '\0' && std::strlen(text) <= 128 ? "" : "1 to 128 bytes";
}

const char* host(const char* text) {
  constexpr const char* kRule = "a host's name or address: letters, digits, . - _ :";
  const bool first = is_digit(text[0]) || is_letter(text[0]) || text[0] == ':';
  return first && std::strlen(text) <= 253 && consists_of(text, ".-_:") ? "" : kRule;
}

const char* port(const char* text) {
  int64_t value = 0;
  const bool number = text[0] != '0' && digits::whole(&text, &value) > 0 && *text == '\0';
  return number && value <= 65'535 ? "" : "a port is 1 to 65535";
}

const char* on_or_off(const char* text) {
  return std::strcmp(text, "on") == 0 || std::strcmp(text, "off") == 0 ? "" : "on or off";
}

const char* source(const char* text) {
  for (const char* known : kSources) {
    if (std::strcmp(text, known) == 0) return "";
  }
  return "iis3dwb, adxl345 or synthetic";
}

const char* sample_frequency(const char* text) {
  int64_t microhertz = 0;
  if (!digits::decimal(text, 6, &microhertz) || microhertz < kMinimumFrequencyMicrohertz ||
      microhertz > kMaximumFrequencyMicrohertz) {
    return "0.01 to 26667 Hz";
  }
  return "";
}

const char* update_url(const char* text) {
  constexpr const char* kScheme = "https://";
  if (!begins_with(text, kScheme) || text[std::strlen(kScheme)] == '\0' || !is_ascii_text(text) ||
      std::strchr(text, ' ') != nullptr || std::strlen(text) > 255) {
    return "https:// and where, 255 characters at most";
  }
  return "";
}

}  // namespace sensor::checks
