#include "esp_system.h"

#include "board_pins.h"
#include "board_system.h"
#include "core/text.h"
#include "esp_app_desc.h"
#include "esp_chip_info.h"
#include "esp_log.h"
#include "esp_random.h"
#include "esp_task_wdt.h"
#include "lamp.h"
#include "update.h"
#include "wifi_station.h"

namespace board {
namespace {

constexpr size_t kLongestLine = 256;

// Texts of others are in it, such as an alarm's: without what a terminal obeys, and no line of theirs looks
// like one of ours. `line` is cut where it is full.
void copy_printable(const char* message, char* line, size_t capacity) {
  size_t size = 0;
  unsigned char before = 0;
  for (; message[size] != '\0' && size + 1 < capacity; ++size) {
    const auto byte = static_cast<unsigned char>(message[size]);
    const bool c0 = byte < 0x20 || byte == 0x7F;
    const bool c1 = before == 0xC2 && byte < 0xA0;  // U+0080 to U+009F in UTF-8
    line[size] = c0 || c1 ? '?' : message[size];
    if (c1) line[size - 1] = '?';
    before = byte;
  }
  line[size] = '\0';
}

}  // namespace

BoardSystem::BoardSystem() : hardware_{} {
  esp_chip_info_t chip = {};
  esp_chip_info(&chip);
  sensor::Text(hardware_, sizeof hardware_)
      .add(kBoard)
      .add(" rev ")
      .add(static_cast<uint64_t>(chip.revision / 100))
      .add(".")
      .add(static_cast<uint64_t>(chip.revision % 100));
}

// True random numbers need the radio or the bootloader's entropy: the radio runs wherever a sensor is begun.
uint32_t BoardSystem::random32() { return esp_random(); }

uint32_t BoardSystem::free_memory_bytes() const { return esp_get_free_heap_size(); }

int32_t BoardSystem::rssi_dbm() const { return wifi_rssi_dbm(); }

const char* BoardSystem::firmware_version() const { return esp_app_get_description()->version; }

void BoardSystem::log(hal::LogLevel level, const char* logger, const char* message) {
  char line[kLongestLine];
  copy_printable(message, line, sizeof line);
  switch (level) {
    case hal::LogLevel::kDebug:
      ESP_LOGD(logger, "%s", line);
      break;
    case hal::LogLevel::kInfo:
      ESP_LOGI(logger, "%s", line);
      break;
    case hal::LogLevel::kWarning:
      ESP_LOGW(logger, "%s", line);
      break;
    case hal::LogLevel::kError:
    case hal::LogLevel::kCritical:
      ESP_LOGE(logger, "%s", line);
      break;
  }
}

void BoardSystem::show(hal::Lamp lamp) { show_lamp(lamp); }

void BoardSystem::feed_watchdog() { esp_task_wdt_reset(); }

void BoardSystem::confirm_image() { confirm_running_image(); }

}  // namespace board
