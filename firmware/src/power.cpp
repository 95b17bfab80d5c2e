#include "power.h"

#include "esp_log.h"
#include "esp_pm.h"
#include "esp_sleep.h"
#include "sdkconfig.h"
#include "wifi_station.h"

namespace board {
namespace {

constexpr const char* kTag = "power";
constexpr int kSlowestMhz = 40;  // the crystal

esp_pm_lock_handle_t no_light_sleep = nullptr;
esp_pm_lock_handle_t full_speed = nullptr;
bool saves = false;

}  // namespace

bool begin_power() {
  esp_pm_config_t config = {};
  config.max_freq_mhz = CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ;
  config.min_freq_mhz = kSlowestMhz;
  config.light_sleep_enable = true;
  // The locks come first: there is no moment in which the board sleeps unasked.
  const bool begun = esp_pm_lock_create(ESP_PM_NO_LIGHT_SLEEP, 0, "measures", &no_light_sleep) == ESP_OK &&
                     esp_pm_lock_create(ESP_PM_CPU_FREQ_MAX, 0, "measures", &full_speed) == ESP_OK &&
                     esp_pm_lock_acquire(no_light_sleep) == ESP_OK &&
                     esp_pm_lock_acquire(full_speed) == ESP_OK && esp_pm_configure(&config) == ESP_OK;
  if (!begun) ESP_LOGW(kTag, "no power management: ASLEEP saves nothing but the radio");
  return begun;
}

void set_power_save(bool asleep) {
  if (asleep == saves) return;
  saves = asleep;
  wifi_save_power(asleep);
  if (no_light_sleep == nullptr || full_speed == nullptr) return;
  if (asleep) {
    esp_pm_lock_release(full_speed);
    esp_pm_lock_release(no_light_sleep);
  } else {
    esp_pm_lock_acquire(no_light_sleep);
    esp_pm_lock_acquire(full_speed);
  }
}

void deep_sleep(uint64_t duration_us) {
  ESP_LOGI(kTag, "deep sleep for %llu s", static_cast<unsigned long long>(duration_us / 1'000'000));
  esp_sleep_enable_timer_wakeup(duration_us);
  esp_deep_sleep_start();
}

}  // namespace board
