#pragma once

#include <cstdint>

/// Fields of NMEA sentences, each a text that ends by NUL, in whole numbers: no rounding but that to the
/// unit.
namespace sensor::nmea {

/// dddmm.mmmm and its hemisphere (`positive` or `negative`) in degrees × 10⁷, rounded half away from zero; at
/// most `maximum_degrees` either way. Digits of minutes behind the ninth are not looked at.
bool coordinate(const char* text, const char* hemisphere, char positive, char negative,
                int32_t maximum_degrees, int32_t* degrees_e7);

/// hhmmss[.s…] and ddmmyy in Unix time; years 80 to 99 are those of the last century. The leap second
/// 23:59:60 is the first of the next day, as Unix time has it. False where there is no such time or day.
bool unix_time(const char* time, const char* date, int64_t* unix_ns);

}  // namespace sensor::nmea
