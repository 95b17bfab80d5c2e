#include <cstddef>
#include <cstring>

#include "setting_checks.h"

namespace sensor::checks {
namespace {

constexpr const char* kBegin = "-----BEGIN ";
constexpr const char* kEnd = "-----END ";
constexpr const char* kDashes = "-----";

/// A line, without its end.
struct Line {
  const char* text;
  size_t size;

  bool begins_with(const char* beginning) const {
    const size_t length = std::strlen(beginning);
    return size >= length && std::memcmp(text, beginning, length) == 0;
  }
  bool ends_with(const char* end) const {
    const size_t length = std::strlen(end);
    return size >= length && std::memcmp(text + size - length, end, length) == 0;
  }
  bool is(const Line& other) const { return size == other.size && std::memcmp(text, other.text, size) == 0; }
  /// What a line between dashes names, behind `beginning`; of size 0 where it is no such line.
  Line label(const char* beginning) const {
    const size_t length = std::strlen(beginning);
    if (!begins_with(beginning) || !ends_with(kDashes) || size <= length + std::strlen(kDashes))
      return {text, 0};
    return {text + length, size - length - std::strlen(kDashes)};
  }
  /// Letters, digits, + and /, with = at the end only.
  bool is_base64() const {
    size_t filling = 0;
    for (size_t at = 0; at < size; ++at) {
      const char one = text[at];
      const bool digit = (one >= 'A' && one <= 'Z') || (one >= 'a' && one <= 'z') ||
                         (one >= '0' && one <= '9') || one == '+' || one == '/';
      if (one == '=' ? ++filling > 2 : !digit || filling > 0) return false;
    }
    return size > 0;
  }
};

/// The next line of a text; false at its end.
bool next_line(const char** text, Line* line) {
  if (**text == '\0') return false;
  const char* end = std::strchr(*text, '\n');
  line->text = *text;
  line->size = end == nullptr ? std::strlen(*text) : static_cast<size_t>(end - *text);
  *text += line->size + (end == nullptr ? 0 : 1);
  return true;
}

/// Blocks between BEGIN and END, each of which `judge(label)` finds well ("") or not; at least one that it
/// counts.
template <typename Judge>
const char* blocks(const char* text, Judge judge) {
  Line line{};
  bool any = false;
  while (next_line(&text, &line)) {
    const Line label = line.label(kBegin);
    if (label.size == 0)
      return "a PEM file begins with -----BEGIN …-----, and has nothing outside of its blocks";
    const char* problem = judge(label);
    if (*problem != '\0') return problem;
    size_t characters = 0;
    bool filled = false;  // = comes last
    for (;;) {
      if (!next_line(&text, &line)) return "the PEM file is cut: a line -----END …----- is missing";
      if (line.begins_with(kEnd)) break;
      if (line.begins_with("Proc-Type:"))
        return "the key is encrypted: a sensor cannot ask for its passphrase";
      if (filled || !line.is_base64()) return "a line of the PEM file is not base64";
      filled = line.ends_with("=");
      characters += line.size;
    }
    if (!line.label(kEnd).is(label)) return "BEGIN and END of the PEM file do not name the same";
    if (characters == 0 || characters % 4 != 0) return "the PEM file is cut: characters are missing";
    any = true;
  }
  return any ? "" : "a PEM file is missing";
}

}  // namespace

const char* certificates(const char* text) {
  return blocks(text, [](const Line& label) {
    return label.is({"CERTIFICATE", 11}) ? "" : "this PEM file is no certificate";
  });
}

const char* private_key(const char* text) {
  bool key = false;
  const char* problem = blocks(text, [&key](const Line& label) {
    if (label.begins_with("ENCRYPTED "))
      return "the key is encrypted: a sensor cannot ask for its passphrase";
    if (label.is({"EC PARAMETERS", 13})) return "";  // OpenSSL writes them in front of a key
    key = label.ends_with("PRIVATE KEY");
    return key ? "" : "this PEM file is no private key";
  });
  return *problem == '\0' && !key ? "this PEM file is no private key" : problem;
}

}  // namespace sensor::checks
