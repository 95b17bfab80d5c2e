// The serial console: any bytes. It answers afterwards as before, writes whole texts only, and what it saved
// is valid.
#include "core/console.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "require.h"

namespace {

class Store final : public hal::Store {
 public:
  size_t get(const char* key, void* value, size_t capacity) const override {
    const auto found = values_.find(key);
    if (found == values_.end()) return 0;
    if (capacity > 0) std::memcpy(value, found->second.data(), std::min(capacity, found->second.size()));
    return found->second.size();
  }
  bool set(const char* key, const void* value, size_t size) override {
    values_[key] = std::string(static_cast<const char*>(value), size);
    return true;
  }
  bool erase(const char* key) override {
    values_.erase(key);
    return true;
  }

 private:
  std::map<std::string, std::string> values_;
};

class Written final : public sensor::Console::Actions {
 public:
  void write(const char* text) override { text_ += text; }
  void reboot() override {}
  void status() override {}

  std::string take() { return std::exchange(text_, std::string()); }

 private:
  std::string text_;
};

void feed(sensor::Console* console, const std::string& text) {
  console->feed(text.data(), text.size());
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string secret = "wxyz-secret-of-the-broker";
  Store store;
  sensor::Settings settings(store);
  settings.set("serial_number", "pump-1");
  settings.set("mqtt.host", "broker");
  settings.set("mqtt.password", secret.c_str());
  Written written;
  const auto console = std::make_unique<sensor::Console>(settings, written);

  feed(console.get(), input);
  const std::string said = written.take();
  require(said.find('\0') == std::string::npos);
  if (input.find("wxyz") == std::string::npos) require(said.find("wxyz") == std::string::npos);
  require(count(said, "\r\nok") + count(said, "\r\nerror: ") <= count(input, "\n") + count(input, "\r"));

  feed(console.get(), "\x15\ncancel\n");
  written.take();
  feed(console.get(), "show\n");
  const std::string shown = written.take();
  require(count(shown, " = ") >= sensor::kSettingCount && count(shown, "\r\nok\r\n> ") == 1);
  require(count(shown, "\r\n* ") == 0);

  for (const sensor::SettingInfo& setting : sensor::kSettings) {
    if (settings.is_set(setting.name)) {
      char value[sensor::kMaximumPem + 1];
      require(settings.get(setting.name, value, sizeof value));
      require(*sensor::Settings::problem(setting.name, value) == '\0');
    }
  }
  return 0;
}
