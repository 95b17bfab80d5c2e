#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sdkconfig.h"

using BaseType_t = int;
using UBaseType_t = unsigned int;
using TickType_t = uint32_t;

constexpr BaseType_t pdFALSE = 0;
constexpr BaseType_t pdTRUE = 1;
constexpr BaseType_t pdPASS = 1;
constexpr TickType_t portMAX_DELAY = UINT32_MAX;
constexpr TickType_t configTICK_RATE_HZ = 1000;

constexpr TickType_t pdMS_TO_TICKS(TickType_t milliseconds) { return milliseconds * configTICK_RATE_HZ / 1000; }

#if defined(BOARD_ESP32)
constexpr BaseType_t portNUM_PROCESSORS = 2;
#else
constexpr BaseType_t portNUM_PROCESSORS = 1;
#endif

extern "C" {
void portYIELD_FROM_ISR(void);
}
