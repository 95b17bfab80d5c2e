#include "nvs_store.h"

#include <cstdlib>
#include <cstring>

#include "esp_log.h"
#include "nvs_flash.h"

namespace board {
namespace {

constexpr const char* kTag = "store";
constexpr const char* kNamespace = "sensor";

}  // namespace

bool NvsStore::begin() {
  esp_err_t error = nvs_flash_init();
  if (error == ESP_ERR_NVS_NO_FREE_PAGES || error == ESP_ERR_NVS_NEW_VERSION_FOUND) {
    // Not an ordinary full store (that refuses the write): its pages are not ours.
    ESP_LOGE(kTag, "settings cannot be read (%s): erased", esp_err_to_name(error));
    error = nvs_flash_erase();
    if (error == ESP_OK) error = nvs_flash_init();
  }
  if (error == ESP_OK) error = nvs_open(kNamespace, NVS_READWRITE, &handle_);
  if (error != ESP_OK) ESP_LOGE(kTag, "no store: %s", esp_err_to_name(error));
  return error == ESP_OK;
}

size_t NvsStore::get(const char* key, void* value, size_t capacity) const {
  size_t size = 0;
  if (nvs_get_blob(handle_, key, nullptr, &size) != ESP_OK || size == 0) return 0;
  if (size <= capacity) return nvs_get_blob(handle_, key, value, &size) == ESP_OK ? size : 0;
  if (capacity == 0) return size;
  // NVS gives all or nothing; a part of a value is asked for hardly ever.
  void* const whole = std::malloc(size);
  if (whole == nullptr) return 0;
  const bool read = nvs_get_blob(handle_, key, whole, &size) == ESP_OK;
  if (read) std::memcpy(value, whole, capacity);
  std::free(whole);
  return read ? size : 0;
}

bool NvsStore::set(const char* key, const void* value, size_t size) {
  esp_err_t error = nvs_set_blob(handle_, key, value, size);
  if (error == ESP_OK) error = nvs_commit(handle_);
  if (error == ESP_OK) return true;
  ESP_LOGE(kTag, "%s was not written: %s", key, esp_err_to_name(error));
  return false;
}

bool NvsStore::erase(const char* key) {
  esp_err_t error = nvs_erase_key(handle_, key);
  if (error == ESP_ERR_NVS_NOT_FOUND) return true;
  if (error == ESP_OK) error = nvs_commit(handle_);
  if (error == ESP_OK) return true;
  ESP_LOGE(kTag, "%s was not erased: %s", key, esp_err_to_name(error));
  return false;
}

}  // namespace board
