#pragma once

#include <stdint.h>

struct esp_chip_info_t {
  uint16_t revision;
};

extern "C" {
void esp_chip_info(esp_chip_info_t* chip);
}
