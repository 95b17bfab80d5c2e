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
  switch (level) {
    case hal::LogLevel::kDebug:
      ESP_LOGD(logger, "%s", message);
      break;
    case hal::LogLevel::kInfo:
      ESP_LOGI(logger, "%s", message);
      break;
    case hal::LogLevel::kWarning:
      ESP_LOGW(logger, "%s", message);
      break;
    case hal::LogLevel::kError:
    case hal::LogLevel::kCritical:
      ESP_LOGE(logger, "%s", message);
      break;
  }
}

void BoardSystem::show(hal::Lamp lamp) { show_lamp(lamp); }

void BoardSystem::feed_watchdog() { esp_task_wdt_reset(); }

void BoardSystem::confirm_image() { confirm_running_image(); }

}  // namespace board
