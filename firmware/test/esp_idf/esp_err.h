#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

using esp_err_t = int;

constexpr esp_err_t ESP_OK = 0;

extern "C" {
const char* esp_err_to_name(esp_err_t error);
}
