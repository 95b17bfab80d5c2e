#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "hal/system.h"

namespace host {

/// `text` as a JSON string, with its quotes.
std::string json_string(const std::string& text);

/// A number or a text of a log line.
struct Field {
  Field(const char* name, const std::string& text) : key(name), json(json_string(text)) {}
  Field(const char* name, const char* text) : key(name), json(json_string(text)) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Field(const char* name, Number number) : key(name), json(std::to_string(number)) {}

  const char* key;
  std::string json;
};

/// What the last call of the system failed with.
std::string system_error();

/// "debug", "info", "warning" or "error"; false for anything else.
bool parse_level(const std::string& name, hal::LogLevel* level);
/// Lines below this level are not written.
void set_level(hal::LogLevel level);
/// One line of JSON on standard error, in the form of the other services.
void log(hal::LogLevel level, const char* event, std::initializer_list<Field> fields = {});

}  // namespace host
