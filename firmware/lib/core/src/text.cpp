#include "core/text.h"

namespace sensor {

Text::Text(char* field, size_t capacity) : at_(field), room_(capacity - 1) { *at_ = '\0'; }

Text& Text::add(const char* text) {
  while (*text != '\0' && room_ != 0) {
    *at_++ = *text++;
    --room_;
  }
  *at_ = '\0';
  return *this;
}

Text& Text::add(uint64_t number) {
  char digits[21];
  char* digit = digits + sizeof digits - 1;
  *digit = '\0';
  do {
    *--digit = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return add(digit);
}

}  // namespace sensor
