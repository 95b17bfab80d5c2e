#include "core/number_text.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace sensor {
namespace {

constexpr int kDigits = 6;

/// A natural number that is large enough for the numerator and the denominator of any double times ten.
class Natural {
 public:
  explicit Natural(uint64_t value)
      : words_{static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32U)} {}

  void multiply(uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t& word : words_) {
      carry += static_cast<uint64_t>(word) * factor;
      word = static_cast<uint32_t>(carry);
      carry >>= 32U;
    }
  }
  void double_times(int times) {
    for (; times >= 31; times -= 31) {
      multiply(1U << 31U);
    }
    multiply(1U << static_cast<unsigned>(times));
  }
  void ten_times(int times) {
    for (; times > 0; --times) {
      multiply(10);
    }
  }
  /// Less than 0, 0 or more, as this is less than, equal to or more than the other.
  int compare(const Natural& other) const {
    for (size_t at = words_.size(); at-- != 0;) {
      if (words_[at] != other.words_[at]) {
        return words_[at] < other.words_[at] ? -1 : 1;
      }
    }
    return 0;
  }
  void subtract(const Natural& other) {
    uint64_t borrow = 0;
    for (size_t at = 0; at < words_.size(); ++at) {
      const uint64_t difference = static_cast<uint64_t>(words_[at]) - other.words_[at] - borrow;
      words_[at] = static_cast<uint32_t>(difference);
      borrow = difference >> 63U;
    }
  }

 private:
  std::array<uint32_t, 37> words_;  // 2^1074, ten times that, and some
};

/// `digits` and the decimal exponent of the first of them, of a finite number above 0.
struct Decimal {
  std::array<char, kDigits> digits{};
  int exponent = 0;
};

Decimal decimal_of(double number) {
  int binary = 0;
  const double fraction = std::frexp(number, &binary);  // 0.5 … 1
  constexpr int kMantissa = std::numeric_limits<double>::digits;
  const auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, kMantissa));
  binary -= kMantissa;
  Natural numerator(mantissa);
  Natural denominator(1);
  (binary > 0 ? numerator : denominator).double_times(binary > 0 ? binary : -binary);
  Decimal decimal;
  // one too small at most, which the first digit shows
  decimal.exponent = static_cast<int>(std::floor(std::log10(number) - 1e-9));
  (decimal.exponent > 0 ? denominator : numerator)
      .ten_times(decimal.exponent > 0 ? decimal.exponent : -decimal.exponent);
  Natural ten_times = denominator;
  ten_times.multiply(10);
  if (numerator.compare(ten_times) >= 0) {
    denominator = ten_times;
    ++decimal.exponent;
  }
  for (char& digit : decimal.digits) {
    digit = '0';
    for (; numerator.compare(denominator) >= 0; ++digit) {
      numerator.subtract(denominator);
    }
    numerator.multiply(10);
  }
  // what is left decides: half of the last digit is 5 times the denominator, as the rest was multiplied once
  // more
  denominator.multiply(5);
  const int half = numerator.compare(denominator);
  bool up = half > 0 || (half == 0 && (decimal.digits.back() - '0') % 2 != 0);
  for (size_t at = decimal.digits.size(); up && at-- != 0;) {
    up = decimal.digits[at] == '9';
    decimal.digits[at] = up ? '0' : static_cast<char>(decimal.digits[at] + 1);
  }
  if (up) {  // 999999.5
    decimal.digits[0] = '1';
    ++decimal.exponent;
  }
  return decimal;
}

/// Digits with a point behind the first `whole` (none where that is 0); zeros behind it are left out.
void add_digits(Text& text, const Decimal& decimal, int whole) {
  int used = kDigits;
  while (used > whole && decimal.digits[static_cast<size_t>(used - 1)] == '0') {
    --used;
  }
  char written[kDigits + 2];
  char* at = written;
  for (int index = 0; index < used; ++index) {
    if (index == whole && whole != 0) {
      *at++ = '.';
    }
    *at++ = decimal.digits[static_cast<size_t>(index)];
  }
  *at = '\0';
  text.add(written);
}

}  // namespace

Text& add_number(Text& text, double number) {
  if (std::isnan(number)) {
    return text.add("nan");
  }
  if (std::signbit(number)) {
    text.add("-");
  }
  number = std::fabs(number);
  if (std::isinf(number)) {
    return text.add("inf");
  }
  if (!(number > 0)) {
    return text.add("0");
  }
  const Decimal decimal = decimal_of(number);
  if (decimal.exponent >= 0 && decimal.exponent < kDigits) {
    add_digits(text, decimal, decimal.exponent + 1);
  } else if (decimal.exponent >= -4 && decimal.exponent < 0) {
    text.add("0.");
    for (int zeros = -decimal.exponent - 1; zeros > 0; --zeros) {
      text.add("0");
    }
    add_digits(text, decimal, 0);
  } else {
    add_digits(text, decimal, 1);
    const int size = decimal.exponent < 0 ? -decimal.exponent : decimal.exponent;
    text.add(decimal.exponent < 0 ? "e-" : "e+").add(size < 10 ? "0" : "").add(static_cast<uint64_t>(size));
  }
  return text;
}

}  // namespace sensor
