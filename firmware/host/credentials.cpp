#include "credentials.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

namespace host {
namespace {

/// As much JSON as a file of credentials has: one object whose values are strings.
class Parser {
 public:
  explicit Parser(const std::string& text) : at_(text.c_str()), end_(at_ + text.size()) {}

  bool object(Credentials* credentials) {
    if (!symbol('{')) {
      return false;
    }
    if (!symbol('}')) {
      do {
        std::string key;
        std::string value;
        if (!string(&key) || !symbol(':') || !string(&value)) {
          return false;
        }
        (*credentials)[key] = value;
      } while (symbol(','));
      if (!symbol('}')) {
        return false;
      }
    }
    space();
    return at_ == end_;
  }

 private:
  void space() {
    while (at_ != end_ && std::strchr(" \t\r\n", *at_) != nullptr) {
      ++at_;
    }
  }

  bool symbol(char wanted) {
    space();
    if (at_ == end_ || *at_ != wanted) {
      return false;
    }
    ++at_;
    return true;
  }

  bool string(std::string* text) {
    if (!symbol('"')) {
      return false;
    }
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < 0x20) {
        return false;
      }
      if (*at_ != '\\') {
        *text += *at_++;
      } else if (!escape(text)) {
        return false;
      }
    }
    return symbol('"');
  }

  bool escape(std::string* text) {
    static constexpr char kLetters[] = "\"\\/bfnrt";
    static constexpr char kMeanings[] = "\"\\/\b\f\n\r\t";
    if (++at_ == end_) {
      return false;
    }
    const char letter = *at_++;
    if (letter == 'u') {
      uint32_t code = 0;
      return hexadecimal(&code) && append(code, text);
    }
    const char* found = std::strchr(kLetters, letter);
    if (found == nullptr || *found == '\0') {
      return false;
    }
    *text += kMeanings[found - kLetters];
    return true;
  }

  bool hexadecimal(uint32_t* code) {
    for (int i = 0; i < 4; ++i) {
      static constexpr char kDigits[] = "0123456789abcdef";
      const char* found = at_ == end_ || *at_ == '\0' ? nullptr : std::strchr(kDigits, *at_ | 0x20);
      if (found == nullptr) {
        return false;
      }
      *code = *code * 16 + static_cast<uint32_t>(found - kDigits);
      ++at_;
    }
    return true;
  }

  /// UTF-8; no surrogate pairs: passwords are made of ASCII.
  static bool append(uint32_t code, std::string* text) {
    if (code == 0 || (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
    if (code < 0x80) {
      *text += static_cast<char>(code);
    } else if (code < 0x800) {
      *text += static_cast<char>(0xC0 | (code >> 6));
      *text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      *text += static_cast<char>(0xE0 | (code >> 12));
      *text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      *text += static_cast<char>(0x80 | (code & 0x3F));
    }
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

bool read_credentials(const std::string& path, Credentials* credentials, std::string* problem) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    *problem = path + " cannot be read";
    return false;
  }
  if (!Parser(text).object(credentials)) {
    *problem = path + " is no JSON file of serial numbers and passwords";
    return false;
  }
  return true;
}

}  // namespace host
