#include "stored_text.h"

#include <cstdlib>
#include <cstring>

namespace board {

const char* stored_text(const sensor::Settings& settings, const char* name) {
  const sensor::SettingInfo* const setting = sensor::Settings::find(name);
  if (setting == nullptr) return nullptr;
  const size_t room = setting->maximum_size + 1;
  auto* const text = static_cast<char*>(std::malloc(room));
  if (text == nullptr) return nullptr;
  if (!settings.get(name, text, room) || text[0] == '\0') {
    std::free(text);
    return nullptr;
  }
  // Most values are much shorter than they may be.
  auto* const shorter = static_cast<char*>(std::realloc(text, std::strlen(text) + 1));
  // cppcheck-suppress memleak  // it is the caller's, for as long as the program runs
  return shorter != nullptr ? shorter : text;
}

}  // namespace board
