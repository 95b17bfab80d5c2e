#include "core/settings.h"

#include <doctest.h>

#include <cstring>
#include <set>
#include <string>

#include "sim/store.h"

using sensor::kSettings;
using sensor::SettingInfo;
using sensor::Settings;

namespace {

const std::string kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBtjCCAVugAwIBAgITBmyf1XSXNmY/Owua2eiedgPySjAKBggqhkjOPQQDAjA5\n"
    "MQswCQ==\n"
    "-----END CERTIFICATE-----\n";
const std::string kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "-----END PRIVATE KEY-----\n";

bool accepts(const char* name, const std::string& value) {
  return *Settings::problem(name, value.c_str()) == '\0';
}

std::string get(const Settings& settings, const char* name) {
  char value[sensor::kMaximumPem + 1];
  return settings.get(name, value, sizeof value) ? value : "none";
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
  return text.replace(text.find(old), old.size(), by);
}

}  // namespace

TEST_CASE("the table: names and keys are unique, keys fit into the store, initial values are values") {
  std::set<std::string> names;
  std::set<std::string> keys;
  for (const SettingInfo& setting : kSettings) {
    CAPTURE(setting.name);
    CHECK(names.insert(setting.name).second);
    CHECK(keys.insert(setting.key).second);
    CHECK(std::strlen(setting.key) <= sim::Store::kMaximumKey);
    CHECK(std::strlen(setting.help) > 0);
    CHECK(setting.maximum_size <= (setting.pem ? sensor::kMaximumPem : sensor::kMaximumSetting));
    if (setting.initial != nullptr && *setting.initial != '\0') CHECK(accepts(setting.name, setting.initial));
  }
  CHECK(names.size() == sensor::kSettingCount);
}

TEST_CASE("what is secret is marked so") {
  for (const SettingInfo& setting : kSettings) {
    const std::string name = setting.name;
    CAPTURE(name);
    CHECK(setting.secret == (name.find("password") != std::string::npos || name == "tls.key"));
  }
}

TEST_CASE("a value is kept in the store, its initial one counts before and after") {
  sim::Store store;
  Settings settings(store);
  CHECK(get(settings, "mqtt.port") == "1883");
  CHECK_FALSE(settings.is_set("mqtt.port"));
  CHECK(get(settings, "serial_number") == "none");
  CHECK(settings.set("mqtt.port", "8883"));
  CHECK(get(Settings(store), "mqtt.port") == "8883");
  CHECK(settings.is_set("mqtt.port"));
  CHECK(settings.unset("mqtt.port"));
  CHECK(settings.unset("mqtt.port"));
  CHECK(get(settings, "mqtt.port") == "1883");
  CHECK(store.values.empty());
}

TEST_CASE("nothing is written for a wrong value, an unknown name, a store that fails") {
  sim::Store store;
  Settings settings(store);
  CHECK_FALSE(settings.set("mqtt.port", "0"));
  CHECK_FALSE(settings.set("mqtt.ports", "1"));
  CHECK_FALSE(settings.unset("mqtt.ports"));
  CHECK_FALSE(settings.is_set("mqtt.ports"));
  CHECK(get(settings, "mqtt.ports") == "none");
  CHECK(store.writes == 0);
  store.fail_after(0);
  CHECK_FALSE(settings.set("mqtt.port", "1"));
  CHECK(settings.unset("mqtt.port"));  // nothing to do
}

TEST_CASE("a value is never cut: too little room gives none") {
  sim::Store store;
  Settings settings(store);
  settings.set("serial_number", "pump-1");
  char value[8] = "before";
  CHECK_FALSE(settings.get("serial_number", value, 6));
  CHECK(std::string(value).empty());
  CHECK(settings.get("serial_number", value, 7));
  CHECK(std::string(value) == "pump-1");
  CHECK_FALSE(settings.get("mqtt.port", value, 4));
  CHECK_FALSE(settings.get("mqtt.port", value, 0));
}

TEST_CASE("numbers and switches are read as such") {
  sim::Store store;
  Settings settings(store);
  CHECK(settings.number("mqtt.port") == 1883.0);
  CHECK(settings.number("serial_number") == 0.0);
  settings.set("sensor.sample_frequency", "0.015");
  CHECK(settings.number("sensor.sample_frequency") == 0.015);
  settings.set("sensor.sample_frequency", "26667");
  CHECK(settings.number("sensor.sample_frequency") == 26667.0);
  CHECK_FALSE(settings.on("mqtt.tls"));
  CHECK_FALSE(settings.on("serial_number"));
  settings.set("mqtt.tls", "on");
  CHECK(settings.on("mqtt.tls"));
}

TEST_CASE("a serial number, a host, and a password or a certificate have to be set") {
  sim::Store store;
  Settings settings(store);
  CHECK(std::string(settings.missing()) == "serial_number");
  settings.set("serial_number", "pump-1");
  CHECK(std::string(settings.missing()) == "mqtt.host");
  settings.set("mqtt.host", "mqtt.example.org");
  CHECK(std::string(settings.missing()) == "mqtt.password");
  settings.set("mqtt.password", "secret");
  CHECK(settings.missing() == nullptr);
  settings.set("tls.certificate", kCertificate.c_str());
  CHECK(std::string(settings.missing()) == "tls.key");
  settings.set("tls.key", kKey.c_str());
  CHECK(settings.missing() == nullptr);
  settings.unset("mqtt.password");
  CHECK(settings.missing() == nullptr);
  settings.unset("tls.certificate");
  CHECK(std::string(settings.missing()) == "tls.certificate");
}

TEST_CASE("values that are ones, and that are none") {
  struct Row {
    const char* name;
    std::set<std::string> good;
    std::set<std::string> bad;
  };
  const Row rows[] = {
      {"serial_number",
       {"a", "9", "pump-0002", "A_b-C", std::string(32, 'x')},
       {"", "-a", "_a", "a b", "a/b", "a+", "a#", "$a", "a.b", "a\n", "ä", "a\x7f", std::string(33, 'x')}},
      {"wifi.ssid", {"home", "My network", " ", "Büro", std::string(32, 'x')}, {"", std::string(33, 'x')}},
      {"wifi.password",
       {"12345678", "with a space in it", std::string(63, '~'), std::string(64, 'f')},
       {"", "1234567", std::string(64, 'g'), std::string(65, 'f'), "pässwörter", "12345\t678"}},
      {"mqtt.host",
       {"mqtt.example.org", "192.0.2.7", "2001:db8::1", "::1", "a_b", "localhost"},
       {"", "a b", "mqtt://a", "a/b", ".a", "-a", "a@b", "ä.org", "a\n", std::string(254, 'a')}},
      {"mqtt.port",
       {"1", "1883", "65535"},
       {"", "0", "65536", "99999", "100000", "4294967297", "-1", "+1", "01", "1 ", "0x1", "1.0"}},
      {"mqtt.password",
       {"x", "aB-_\"\\$9", "with space", std::string(128, 'x')},
       {"", std::string(129, 'x')}},
      {"mqtt.tls", {"on", "off"}, {"", "true", "1", "ON", "on ", "onn"}},
      {"sensor.source", {"iis3dwb", "adxl345", "synthetic"}, {"", "IIS3DWB", "mpu6050"}},
      {"sensor.sample_frequency",
       {"0.01", "0.010", "1", "1.5", "1.00015", "100", "6664.062", "26667", "26667.000"},
       {"", "0", "0.009", "0.0099", "26667.001", "26668", "1e3", "nan", "inf", "-1", "+1", ".5", "1,5", " 1",
        "9999999999999999999", "1.x"}},
      {"gps.enabled", {"on", "off"}, {"yes"}},
      {"time.server", {"pool.ntp.org", "192.0.2.1"}, {"", "a b"}},
      {"update.url",
       {"https://a", "https://example.org/firmware/sensor.bin?x=1", "https://" + std::string(247, 'a')},
       {"", "https://", "http://example.org", "example.org", "https://a b", "https://ä",
        "https://" + std::string(248, 'a')}},
      {"sleep.deep", {"on", "off"}, {"deep"}},
      {"nothing.such", {}, {"", "x"}},
  };
  for (const Row& row : rows) {
    for (const std::string& value : row.good) {
      CAPTURE(value);
      CHECK(accepts(row.name, value));
    }
    for (const std::string& value : row.bad) {
      CAPTURE(value);
      CHECK_FALSE(accepts(row.name, value));
    }
  }
}

TEST_CASE("certificates: one or more blocks, whole, and nothing else") {
  for (const char* name : {"tls.ca", "tls.certificate"}) {
    CHECK(accepts(name, kCertificate));
    CHECK(accepts(name, kCertificate + kCertificate));
    CHECK(accepts(name, kCertificate.substr(0, kCertificate.size() - 1)));
    CHECK_FALSE(accepts(name, kKey));
    CHECK_FALSE(accepts(name, ""));
    CHECK_FALSE(accepts(name, "x"));
    CHECK_FALSE(accepts(name, "\n" + kCertificate));
    CHECK_FALSE(accepts(name, "Issuer: somebody\n" + kCertificate));
    CHECK_FALSE(accepts(name, kCertificate + "rest\n"));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "MIIB", "MI B")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "MIIB", "MI=B")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "AjA5", "Aj==")));  // the end, before the end
    CHECK_FALSE(accepts(name, replaced(kCertificate, "CQ==", "CQ=")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "CQ==", "====")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "MIIB", "MII")));  // a character was lost on the line
    CHECK_FALSE(accepts(name, replaced(kCertificate, "END CERTIFICATE", "END PRIVATE KEY")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "\n-----END CERTIFICATE-----", "")));
    CHECK_FALSE(accepts(name, replaced(kCertificate, "END CERTIFICATE-----", "END CERTIFICATE")));
    CHECK_FALSE(accepts(name, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
    CHECK_FALSE(accepts(name, "-----BEGIN -----\nAAAA\n-----END -----\n"));
    for (size_t cut = 0; cut < kCertificate.size() - 1; ++cut) {
      if (accepts(name, kCertificate.substr(0, cut))) FAIL("cut at " << cut);
    }
  }
}

TEST_CASE("a PEM file may have 4096 bytes") {
  const std::string line = std::string(76, 'A') + "\n";
  std::string certificate = "-----BEGIN CERTIFICATE-----\n";
  while (certificate.size() + line.size() + 26 <= sensor::kMaximumPem) certificate += line;
  CHECK(accepts("tls.ca", certificate + "-----END CERTIFICATE-----\n"));
  CHECK_FALSE(accepts("tls.ca", certificate + line + "-----END CERTIFICATE-----\n"));
}

TEST_CASE("a private key: in any usual form, but not encrypted") {
  CHECK(accepts("tls.key", kKey));
  for (const char* kind : {"EC", "RSA"}) {
    std::string key = replaced(kKey, "BEGIN ", std::string("BEGIN ") + kind + " ");
    key = replaced(key, "END ", std::string("END ") + kind + " ");
    CAPTURE(kind);
    CHECK(accepts("tls.key", key));
    CHECK(accepts("tls.key",
                  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + key));
  }
  CHECK_FALSE(
      accepts("tls.key", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"));
  CHECK_FALSE(accepts("tls.key", kCertificate));
  std::string encrypted = replaced(kKey, "BEGIN ", "BEGIN ENCRYPTED ");
  encrypted = replaced(encrypted, "END ", "END ENCRYPTED ");
  CHECK(std::string(Settings::problem("tls.key", encrypted.c_str())).find("encrypted") != std::string::npos);
  const std::string old = replaced(kKey, "MIGH", "Proc-Type: 4,ENCRYPTED\nMIGH");
  CHECK(std::string(Settings::problem("tls.key", old.c_str())).find("encrypted") != std::string::npos);
}
