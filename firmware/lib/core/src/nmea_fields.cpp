#include "nmea_fields.h"

#include "digits.h"

namespace sensor::nmea {
namespace {

constexpr unsigned kMinuteDecimals = 9;
constexpr int64_t kMinute = 1'000'000'000;  ///< in units of its last decimal
constexpr int64_t kNsPerSecond = 1'000'000'000;

/// Exactly two digits.
bool two_digits(const char* text, int32_t* value) {
  if (!digits::is_digit(text[0]) || !digits::is_digit(text[1])) return false;
  *value = (text[0] - '0') * 10 + (text[1] - '0');
  return true;
}

bool three_numbers(const char* text, int32_t* first, int32_t* second, int32_t* third) {
  return two_digits(text, first) && two_digits(text + 2, second) && two_digits(text + 4, third);
}

int32_t days_of_month(int32_t month, int32_t year) {
  constexpr int32_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0;  // true of 1980 to 2079
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Days since 1970 of a day in 1970 to 2099, where every fourth year is a leap year.
int64_t days_since_1970(int32_t year, int32_t month, int32_t day) {
  int32_t days = (year - 1970) * 365 + (year - 1969) / 4 + day - 1;
  for (int32_t before = 1; before < month; ++before) days += days_of_month(before, year);
  return days;
}

}  // namespace

bool coordinate(const char* text, const char* hemisphere, char positive, char negative,
                int32_t maximum_degrees, int32_t* degrees_e7) {
  const bool is_negative = hemisphere[0] == negative;
  if ((!is_negative && hemisphere[0] != positive) || hemisphere[1] != '\0') return false;
  int64_t degrees_and_minutes = 0;
  int64_t parts = 0;
  int next_digit = 0;
  const unsigned count = digits::whole(&text, &degrees_and_minutes);
  if (count < 3 || count > 5 || !digits::fraction(text, kMinuteDecimals, &parts, &next_digit)) return false;
  const int64_t minutes_e9 = degrees_and_minutes % 100 * kMinute + parts;
  if (minutes_e9 >= 60 * kMinute) return false;
  // 10⁷ / (60 × 10⁹) = 1 / 6000
  int64_t value_e7 = degrees_and_minutes / 100 * 10'000'000 + (minutes_e9 + 3000) / 6000;
  if (value_e7 > int64_t{maximum_degrees} * 10'000'000) return false;
  if (is_negative) value_e7 = -value_e7;
  *degrees_e7 = static_cast<int32_t>(value_e7);
  return true;
}

bool unix_time(const char* time, const char* date, int64_t* unix_ns) {
  int32_t hour = 0;
  int32_t minute = 0;
  int32_t second = 0;
  int64_t parts_ns = 0;
  int next_digit = 0;
  if (!three_numbers(time, &hour, &minute, &second) || !digits::fraction(time + 6, 9, &parts_ns, &next_digit))
    return false;
  const bool leap_second = hour == 23 && minute == 59 && second == 60;
  if (hour > 23 || minute > 59 || (second > 59 && !leap_second)) return false;

  int32_t day = 0;
  int32_t month = 0;
  int32_t year = 0;
  if (!three_numbers(date, &day, &month, &year) || date[6] != '\0') return false;
  year += year < 80 ? 2000 : 1900;
  if (month < 1 || month > 12 || day < 1 || day > days_of_month(month, year)) return false;

  const int64_t minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute;
  *unix_ns = (minutes * 60 + second) * kNsPerSecond + parts_ns;
  return true;
}

}  // namespace sensor::nmea
