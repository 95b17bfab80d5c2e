#include "digits.h"

namespace sensor::digits {
namespace {

constexpr unsigned kMaximumWhole = 9;

int64_t power_of_ten(unsigned exponent) {
  int64_t value = 1;
  for (; exponent > 0; --exponent) value *= 10;
  return value;
}

}  // namespace

bool is_digit(char one) {
  return one >= '0' && one <= '9';
}

unsigned whole(const char** text, int64_t* value) {
  unsigned count = 0;
  for (*value = 0; count < kMaximumWhole && is_digit(**text); ++*text, ++count)
    *value = *value * 10 + (**text - '0');
  return count;
}

bool fraction(const char* text, unsigned decimals, int64_t* value, int* next_digit) {
  *value = 0;
  *next_digit = 0;
  unsigned count = 0;
  if (*text == '.') {
    for (++text; is_digit(*text); ++text, ++count) {
      if (count < decimals) *value = *value * 10 + (*text - '0');
      if (count == decimals) *next_digit = *text - '0';
    }
  }
  if (count < decimals) *value *= power_of_ten(decimals - count);
  return *text == '\0';
}

bool decimal(const char* text, unsigned decimals, int64_t* value) {
  const bool negative = *text == '-';
  if (negative) ++text;
  int64_t units = 0;
  int64_t parts = 0;
  int next_digit = 0;
  if (whole(&text, &units) == 0 || !fraction(text, decimals, &parts, &next_digit)) return false;
  const int64_t magnitude = units * power_of_ten(decimals) + parts + (next_digit >= 5 ? 1 : 0);
  *value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace sensor::digits
