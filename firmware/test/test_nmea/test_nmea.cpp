#include "core/nmea.h"

#include <doctest.h>

#include <cstdio>
#include <random>
#include <string>

using sensor::Nmea;
using sensor::Position;

namespace {

constexpr uint64_t kNow = 5'000'000;

/// A whole sentence: $, the text, its checksum, CR LF.
std::string sentence(const std::string& text) {
  unsigned checksum = 0;
  for (const char one : text) checksum ^= static_cast<unsigned char>(one);
  char end[8];
  std::snprintf(end, sizeof end, "*%02X\r\n", checksum);
  return "$" + text + end;
}

void feed(Nmea* nmea, const std::string& text, uint64_t now_us = kNow) {
  nmea->feed(text.data(), text.size(), now_us);
}

Nmea fed(const std::string& text) {
  Nmea nmea;
  feed(&nmea, text);
  return nmea;
}

int64_t unix_ns(const Nmea& nmea) {
  uint64_t us = 0;
  return nmea.unix_ns(&us);
}

std::string gga(const std::string& place, const std::string& quality = "1",
                const std::string& rest = "08,1.0,,,,,,") {
  return sentence("GPGGA,000000," + place + "," + quality + "," + rest);
}

std::string rmc(const std::string& time, const std::string& date, const std::string& mode = ",A") {
  return sentence("GPRMC," + time + ",A,4807.038,N,01131.000,E,022.4,084.4," + date + ",003.1,W" + mode);
}

const std::string kGood = gga("4807.038,N,01131.000,E");

}  // namespace

TEST_CASE("a textbook's GGA is understood") {
  const Nmea nmea = fed("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n");
  const Position at = nmea.position(kNow).value();
  CHECK(at.latitude_e7 == 481'173'000);   // 48° 7.038'
  CHECK(at.longitude_e7 == 115'166'667);  // 11° 31.000'
  CHECK(at.altitude_mm == 592'300);       // 545.4 + 46.9
  CHECK(at.accuracy_mm == 4'500);         // 0.9 × 5 m
  CHECK(nmea.sentences() == 1);
  CHECK(nmea.rejected() == 0);
}

TEST_CASE(
    "a ship's receiver: eight digits of minutes, a negative separation, corrections, other sentences "
    "between") {
  // R/V Ronald H. Brown, 14 January 2020 (NOAA PSL, ATOMIC)
  const Nmea nmea =
      fed("$GPHDT,74.20,T*34\r\n"
          "$GPGGA,195959.00,1541.31258893,N,05130.51204125,W,2,06,1.5,9.2,M,-37.6,M,4.0,0138*7E\r\n"
          "$GPGLL,1541.31258893,N,05130.51204125,W,195959.00,A,D*7B\r\n"
          "$GPVTG,147.44,T,164.31,M,0.26,N,0.49,K,D*2C\r\n"
          "$GPZDA,195959.00,14,01,2020,00,00*6A\r\n"
          "$GPRMC,195959.00,A,1541.31258893,N,05130.51204125,W,0.26,147.44,140120,16.9,W,D*0B\r\n"
          "$GPGSA,M,3,14,16,26,27,29,31,,,,,,,2.7,1.5,2.3*34\r\n"
          "$GPGST,195959.00,0.30,0.36,0.26,283.74,0.26,0.36,0.68*68\r\n");
  const Position at = nmea.position(kNow).value();
  CHECK(at.latitude_e7 == 156'885'431);
  CHECK(at.longitude_e7 == -515'085'340);
  CHECK(at.altitude_mm == -28'400);
  CHECK(at.accuracy_mm == 3'000);
  CHECK(unix_ns(nmea) == 1'579'031'999'000'000'000);
  CHECK(nmea.sentences() == 2);
  CHECK(nmea.rejected() == 0);
}

TEST_CASE("a position without a fix is none, and ends the one before") {
  // of a survey boat that lost its satellites: the last place is said again, of quality 0
  Nmea nmea = fed("$GPGGA,132421.00,5231.91448,N,00516.97727,E,1,04,4.6,6.6,M,46.6,M,,*62\r\n");
  CHECK(nmea.position(kNow)->latitude_e7 == 525'319'080);
  feed(&nmea, "$GPGGA,132411.60,5231.91297,N,00516.97745,E,0,00,2.3,5.7,M,46.6,M,,*63\r\n");
  CHECK_FALSE(nmea.position(kNow).has_value());
  CHECK(nmea.sentences() == 2);
  for (const char* quality : {"0", "6", "7", "8"}) {
    CAPTURE(quality);
    Nmea other = fed(kGood);
    feed(&other, gga("4807.038,N,01131.000,E", quality));
    CHECK_FALSE(other.position(kNow).has_value());
    CHECK(other.rejected() == 0);
  }
  for (const char* end :
       {"V,,,,,,,230394,,", "A,4807.038,N,01131.000,E,,,230324,,,N", "A,4807.038,N,01131.000,E,,,230324,,,E",
        "A,4807.038,N,01131.000,E,,,230324,,,M", "A,4807.038,N,01131.000,E,,,230324,,,S"}) {
    CAPTURE(end);
    Nmea other = fed(kGood);
    feed(&other, sentence(std::string("GPRMC,123519,") + end));
    CHECK_FALSE(other.position(kNow).has_value());
    CHECK(other.rejected() == 0);
  }
}

TEST_CASE("a cold receiver's empty fields are no error") {
  const Nmea nmea = fed("$GPGGA,,,,,,0,00,99.99,,,,,,*48\r\n$GPRMC,,V,,,,,,,,,,N*53\r\n");
  CHECK(nmea.sentences() == 2);
  CHECK(nmea.rejected() == 0);
  CHECK_FALSE(nmea.position(kNow).has_value());
  CHECK(unix_ns(nmea) == 0);
}

TEST_CASE("accuracy is HDOP times what the kind of fix is good for; unknown is 0") {
  const std::string place = "4807.038,N,01131.000,E";
  const auto accuracy = [&](const char* quality, const char* hdop) {
    return fed(gga(place, quality, std::string("08,") + hdop + ",,,,,,")).position(kNow)->accuracy_mm;
  };
  CHECK(accuracy("1", "1.0") == 5'000);
  CHECK(accuracy("2", "1.0") == 2'000);
  CHECK(accuracy("3", "1.0") == 5'000);
  CHECK(accuracy("4", "0.8") == 16);
  CHECK(accuracy("5", "0.8") == 400);
  CHECK(accuracy("9", "1.25") == 2'500);
  CHECK(accuracy("1", "") == 0);
  CHECK(accuracy("1", "99.99") == 0);
  CHECK(accuracy("1", "98.99") == 494'950);
}

TEST_CASE("altitude: of both parts, either may be missing or negative") {
  const auto altitude = [](const char* fields) {
    return fed(gga("4807.038,N,01131.000,E", "1", std::string("08,1.0,") + fields + ",,")).position(kNow);
  };
  CHECK(altitude("545.4,M,46.9,M")->altitude_mm == 592'300);
  CHECK(altitude("545.4,M,,M")->altitude_mm == 545'400);
  CHECK(altitude(",,46.9,M")->altitude_mm == 46'900);
  CHECK(altitude(",,,")->altitude_mm == 0);
  CHECK(altitude("-430.1234,M,17.0005,M")->altitude_mm == -413'122);  // each rounded to a millimetre
  CHECK(altitude("2147483.647,M,0,M")->altitude_mm == 2'147'483'647);
  CHECK_FALSE(altitude("2147483.647,M,0.001,M").has_value());
  CHECK_FALSE(altitude("545.4,F,46.9,M").has_value());
}

TEST_CASE("bounds and hemispheres of coordinates") {
  struct Row {
    const char* place;
    int32_t latitude_e7;
    int32_t longitude_e7;
  };
  const Row rows[] = {
      {"9000.000,N,18000.000,E", 900'000'000, 1'800'000'000},
      {"9000.000,S,18000.000,W", -900'000'000, -1'800'000'000},
      {"0000.000,S,00000.000,W", 0, 0},
      {"0000.00003,N,00000.00003,W", 5, -5},
      {"0000.00000300,N,00000.000002999,W", 1, 0},  // half a unit is rounded away from zero
      {"5959.999999999,N,00059.999999999,E", 600'000'000, 10'000'000},
      {"4807,N,01131,E", 481'166'667, 115'166'667},
      {"4807.,N,1131.0,E", 481'166'667, 115'166'667},
      {"4807.0381234567891234,N,01131.0,E", 481'173'021, 115'166'667},
  };
  for (const Row& row : rows) {
    CAPTURE(row.place);
    const Nmea nmea = fed(gga(row.place));
    REQUIRE(nmea.position(kNow).has_value());
    CHECK(nmea.position(kNow)->latitude_e7 == row.latitude_e7);
    CHECK(nmea.position(kNow)->longitude_e7 == row.longitude_e7);
  }
  for (const char* place :
       {"9000.001,N,00000,E", "9100,N,00000,E", "0000,N,18000.001,E", "0000,N,18100,E", "4860,N,00000,E",
        "48,N,00000,E", "480700,N,00000,E", "4807.038,E,01131.000,N", "4807.038,,01131.000,E",
        "4807.038,NN,01131.000,E", ",N,01131.000,E", "-4807.038,N,01131.000,E", "4807.0x,N,01131.000,E",
        "4807.03.8,N,01131.000,E", " 807.038,N,01131.000,E", ".5,N,01131.000,E", "4807,038,N,01131.000,E",
        "48070000000000000000000,N,01131,E"}) {
    CAPTURE(place);
    const Nmea nmea = fed(gga(place));
    CHECK_FALSE(nmea.position(kNow).has_value());
    CHECK(nmea.rejected() == 1);
    CHECK(nmea.sentences() == 0);
  }
}

TEST_CASE("times: days, leap days, leap seconds, centuries") {
  struct Row {
    const char* time;
    const char* date;
    int64_t unix_ns;
  };
  const Row rows[] = {
      {"000000", "010120", 1'577'836'800'000'000'000},
      {"123519", "230324", 1'711'197'319'000'000'000},
      {"235959.999", "311224", 1'735'689'599'999'000'000},
      {"000000.00", "010125", 1'735'689'600'000'000'000},
      {"120000", "290224", 1'709'208'000'000'000'000},
      {"235960.5", "311228", 1'861'920'000'500'000'000},
      {"083559.123456789", "010350", 2'529'736'559'123'456'789},
      {"083559.1234567891", "311279", 3'471'237'359'123'456'789},
  };
  for (const Row& row : rows) {
    CAPTURE(row.date);
    CHECK(unix_ns(fed(rmc(row.time, row.date))) == row.unix_ns);
  }
  for (const char* fields :
       {"240000,010124", "006000,010124", "000060,010124", "235961,311224", "000000,290223", "000000,310424",
        "000000,001224", "000000,320124", "000000,011324", "000000,010024", "00000,010124", "000000,1124",
        "000000,0101245", "000000x,010124", "0000000,010124", "00:00:00,010124", ",010124"}) {
    CAPTURE(fields);
    const std::string both = fields;
    const Nmea nmea = fed(rmc(both.substr(0, both.find(',')), both.substr(both.find(',') + 1)));
    CHECK(unix_ns(nmea) == 0);
    CHECK(nmea.rejected() == 1);
  }
}

TEST_CASE("a date that a receiver did not know yet is no time; the position counts") {
  for (const char* date : {"060180", "220899", "311219", ""}) {  // first day of GPS, first wrap, before 2020
    CAPTURE(date);
    const Nmea nmea = fed(rmc("000000", date));
    CHECK(unix_ns(nmea) == 0);
    CHECK(nmea.position(kNow).has_value());
    CHECK(nmea.rejected() == 0);
  }
}

TEST_CASE("a time belongs to the moment at which its sentence began") {
  Nmea nmea;
  const std::string whole = rmc("123519", "230324");
  feed(&nmea, whole.substr(0, 10), 7'000'000);
  feed(&nmea, whole.substr(10), 7'200'000);
  uint64_t us = 0;
  CHECK(nmea.unix_ns(&us) == 1'711'197'319'000'000'000);
  CHECK(us == 7'000'000);
}

TEST_CASE("RMC is the position of a receiver that sends no GGA") {
  Nmea nmea = fed(rmc("123519", "230324"));
  CHECK(nmea.position(kNow)->latitude_e7 == 481'173'000);
  CHECK(nmea.position(kNow)->accuracy_mm == 0);
  // GGA knows more, and stays while it comes
  feed(&nmea, gga("1000.000,N,01131.000,E", "1", "08,1.0,100,M,0,M,,"), kNow);
  feed(&nmea, rmc("123520", "230324"), kNow + 1'000'000);
  CHECK(nmea.position(kNow + 1'000'000)->latitude_e7 == 100'000'000);
  CHECK(nmea.position(kNow + 1'000'000)->altitude_mm == 100'000);
  feed(&nmea, rmc("123531", "230324"), kNow + 11'000'000);
  CHECK(nmea.position(kNow + 11'000'000)->latitude_e7 == 481'173'000);
}

TEST_CASE("a position grows old") {
  const Nmea nmea = fed(kGood);
  CHECK(nmea.position(kNow + 10'000'000).has_value());
  CHECK_FALSE(nmea.position(kNow + 10'000'001).has_value());
  CHECK_FALSE(nmea.position(kNow + 2, 1).has_value());
}

TEST_CASE("any talker, but no maker's own sentence") {
  for (const char* talker : {"GP", "GN", "GL", "GA", "GB", "BD", "GQ", "QZ", "GI", "II"}) {
    CAPTURE(talker);
    const Nmea nmea = fed(sentence(talker + std::string("GGA,000000,4807.038,N,01131.000,E,1,08,0.9,,,,,,")));
    CHECK(nmea.position(kNow).has_value());
  }
  const Nmea nmea =
      fed(sentence("PGRMC,A,545.4,100,6378137.000,298.257223563,0.0,0.0,0.0,A,3,1,1,4,30") +
          sentence("PMTK011,MTKGPS") + sentence("GPGGAX,1") + sentence("GGA,1") + sentence("GPXXX"));
  CHECK(nmea.rejected() == 0);
  CHECK(nmea.sentences() == 0);
}

TEST_CASE("a checksum may be in lower case, and has to be right and there") {
  CHECK(fed("$GPGGA,195959.00,1541.31258893,N,05130.51204125,W,2,06,1.5,9.2,M,-37.6,M,4.0,0138*7e\n")
            .sentences() == 1);
  for (const char* end : {"*48", "*4", "*4G", "*470", "*47 ", "47", "", "*"}) {
    CAPTURE(end);
    const Nmea nmea =
        fed(std::string("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,") + end + "\r\n");
    CHECK(nmea.rejected() == 1);
    CHECK_FALSE(nmea.position(kNow).has_value());
  }
  CHECK(fed("$\r\n$*\r\n$*0\r\n$*00\r\n$00\r\n").rejected() ==
        4);  // of nothing, 00 is right: but no sentence of ours
}

TEST_CASE("lines end as they like, and may be cut anywhere") {
  for (const char* end : {"\r\n", "\n", "\r", "\n\r", "$"}) {
    const std::string line = kGood.substr(0, kGood.size() - 2) + end;
    for (size_t cut = 0; cut <= line.size(); ++cut) {
      Nmea nmea;
      feed(&nmea, line.substr(0, cut));
      feed(&nmea, line.substr(cut));
      CHECK(nmea.sentences() == 1);
      CHECK(nmea.rejected() == 0);
    }
  }
}

TEST_CASE("a sentence may have 120 characters") {
  const std::string fill(Nmea::kMaximumSentence - std::string("$GPGGA,000000,,,,,0,*00").size(), 'x');
  CHECK(fed(sentence("GPGGA,000000,,,,,0," + fill)).sentences() == 1);
  const Nmea nmea = fed(sentence("GPGGA,000000,,,,,0,x" + fill) + kGood);
  CHECK(nmea.rejected() == 1);
  CHECK(nmea.position(kNow).has_value());
}

TEST_CASE("no garbage hides the next good sentence") {
  std::mt19937 random(1);
  int hidden = 0;
  for (int round = 0; round < 2'000; ++round) {
    Nmea nmea;
    std::string garbage(random() % 300, '\0');
    for (char& one : garbage) one = static_cast<char>(random());
    if (round % 3 == 0) garbage += kGood.substr(0, random() % kGood.size());
    if (round % 3 == 1) garbage += "!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\r\n";
    feed(&nmea, garbage + kGood);
    if (!nmea.position(kNow).has_value()) ++hidden;
  }
  CHECK(hidden == 0);
}

TEST_CASE("one wrong bit anywhere is noticed") {
  const std::string good = rmc("123519", "230324");
  std::string believed;
  for (size_t at = 1; at + 2 < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      if (bad[at] == (good[at] ^ 0x20) && at + 4 >= good.size())
        continue;  // a checksum's letter in lower case is the same
      if (fed(bad).position(kNow).has_value()) believed += bad;
    }
  }
  CHECK(believed == "");
}

TEST_CASE("a drive: every position and time exact") {
  Nmea nmea;
  std::mt19937 random(7);
  int64_t latitude_e5 = -10 * 60 * 100'000LL;  // in minutes × 10⁵, 10° south
  int64_t longitude_e5 = -5 * 60 * 100'000LL;
  int wrong = 0;
  constexpr int64_t kStart = 1'709'164'790;  // ten seconds before 29 February 2024
  for (int second = 0; second < 3'000; ++second) {
    latitude_e5 +=
        static_cast<int64_t>(random() % 1'000'000) - 400'000;  // to the north, over the equator and back
    longitude_e5 += static_cast<int64_t>(random() % 1'000'000) - 500'000;
    const auto text = [](int64_t minutes_e5, const char* format, char positive, char negative) {
      const long long magnitude = minutes_e5 < 0 ? -minutes_e5 : minutes_e5;
      char field[32];
      std::snprintf(field, sizeof field, format, magnitude / 6'000'000, magnitude % 6'000'000 / 100'000,
                    magnitude % 100'000, minutes_e5 < 0 ? negative : positive);
      return std::string(field);
    };
    const std::string place = text(latitude_e5, "%02lld%02lld.%05lld,%c,", 'N', 'S') +
                              text(longitude_e5, "%03lld%02lld.%05lld,%c", 'E', 'W');
    const int of_day = (second + 86'390) % 86'400;
    char clock[16];
    std::snprintf(clock, sizeof clock, "%02d%02d%02d.00", of_day / 3600, of_day / 60 % 60, of_day % 60);
    const std::string date = second < 10 ? "280224" : "290224";
    feed(&nmea,
         sentence("GNGGA," + std::string(clock) + "," + place + ",1,12,0.80,100.0,M,47.0,M,,") +
             sentence("GNRMC," + std::string(clock) + ",A," + place + ",10.0,0.0," + date + ",,,A"),
         kNow + static_cast<uint64_t>(second) * 1'000'000);
    const Position at = nmea.position(kNow + static_cast<uint64_t>(second) * 1'000'000).value();
    // minutes × 10⁵ → degrees × 10⁷ is × 10 / 6, rounded half away from zero: to thirds, so halves do not
    // occur
    const auto expected = [](int64_t minutes_e5) {
      return (minutes_e5 * 10 + (minutes_e5 < 0 ? -3 : 3)) / 6;
    };
    const bool right = at.latitude_e7 == expected(latitude_e5) && at.longitude_e7 == expected(longitude_e5) &&
                       at.altitude_mm == 147'000 && unix_ns(nmea) == (kStart + second) * 1'000'000'000;
    if (!right) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(nmea.sentences() == 6'000);
  CHECK(nmea.rejected() == 0);
}
