#pragma once

#include <cstddef>
#include <cstdint>

#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"

/// Memory and tasks of a board, in one place. The core, its buffers and all stacks take about 140 KB; that
/// has to fit beside Wi-Fi (60 KB), TLS (20 KB, 40 KB while it connects) and the window into what an ESP32 or
/// ESP32-C3 has.
namespace board {

// A batch of 8 KiB: 1,365 frames of three axes, 51 ms at 26,667 Hz, more than a second at 1 kHz.
constexpr size_t kFramesBytes = 8 * 1024;
constexpr size_t kPayloadBytes = kFramesBytes + 1024;
constexpr size_t kRingBytes = 24 * 1024;
// Messages that wait for the broker's answer: esp-mqtt has copies of them.
constexpr size_t kWindowBytes = 16 * 1024;
constexpr size_t kSamplingRingBytes = 8 * 1024;

// Tasks. esp-mqtt's own one is below the sensor's: its handler waits for the sensor before it acknowledges a
// command.
constexpr UBaseType_t kSamplingPriority = 20;
constexpr UBaseType_t kSensorPriority = 12;
constexpr UBaseType_t kMqttPriority = 10;
constexpr UBaseType_t kPublisherPriority = 9;
constexpr UBaseType_t kConsolePriority = 4;
constexpr UBaseType_t kUpdatePriority = 3;

constexpr uint32_t kSamplingStack = 3584;
constexpr uint32_t kSensorStack = 8192;
constexpr uint32_t kPublisherStack = 5120;
constexpr uint32_t kConsoleStack = 6144;
constexpr uint32_t kUpdateStack = 8192;

// Wi-Fi runs on core 0 of an ESP32: what measures runs on the other one. The ESP32-C3 has one.
constexpr BaseType_t kMeasuringCore = portNUM_PROCESSORS - 1;

}  // namespace board
