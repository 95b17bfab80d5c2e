#pragma once

#include "esp_err.h"

extern "C" {
// As a function of C, so that formats are checked.
__attribute__((format(printf, 3, 4))) void esp_idf_log(char level, const char* tag, const char* format, ...);
}

#define ESP_LOGE(tag, ...) esp_idf_log('E', tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) esp_idf_log('W', tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) esp_idf_log('I', tag, __VA_ARGS__)
#define ESP_LOGD(tag, ...) esp_idf_log('D', tag, __VA_ARGS__)
