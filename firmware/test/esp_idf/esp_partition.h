#pragma once

#include "esp_err.h"

enum esp_partition_type_t { ESP_PARTITION_TYPE_APP, ESP_PARTITION_TYPE_DATA };
enum esp_partition_subtype_t { ESP_PARTITION_SUBTYPE_ANY };

struct esp_partition_t {
  uint32_t size;
  uint32_t erase_size;
  bool encrypted;
};

extern "C" {
const esp_partition_t* esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char* label);
esp_err_t esp_partition_read(const esp_partition_t* partition, size_t offset, void* data, size_t size);
esp_err_t esp_partition_write(const esp_partition_t* partition, size_t offset, const void* data, size_t size);
esp_err_t esp_partition_erase_range(const esp_partition_t* partition, size_t offset, size_t size);
}
