#include "spool_flash.h"

#include "esp_log.h"

namespace board {
namespace {

constexpr const char* kTag = "spool";
constexpr const char* kLabel = "spool";

bool worked(esp_err_t error, const char* what, uint32_t where) {
  if (error == ESP_OK) return true;
  ESP_LOGE(kTag, "%s at 0x%x: %s", what, static_cast<unsigned>(where), esp_err_to_name(error));
  return false;
}

}  // namespace

bool SpoolFlash::begin() {
  partition_ = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, kLabel);
  if (partition_ != nullptr && partition_->encrypted) {
    ESP_LOGE(kTag, "the partition is encrypted: not used");
    partition_ = nullptr;
  }
  return partition_ != nullptr;
}

uint32_t SpoolFlash::size() const { return partition_ != nullptr ? partition_->size : 0; }

uint32_t SpoolFlash::sector_size() const { return partition_ != nullptr ? partition_->erase_size : 4096; }

bool SpoolFlash::read(uint32_t offset, void* data, size_t size) {
  return partition_ != nullptr && worked(esp_partition_read(partition_, offset, data, size), "read", offset);
}

bool SpoolFlash::write(uint32_t offset, const void* data, size_t size) {
  return partition_ != nullptr &&
         worked(esp_partition_write(partition_, offset, data, size), "write", offset);
}

bool SpoolFlash::erase(uint32_t sector) {
  const uint32_t offset = sector * sector_size();
  return partition_ != nullptr &&
         worked(esp_partition_erase_range(partition_, offset, sector_size()), "erase", offset);
}

}  // namespace board
