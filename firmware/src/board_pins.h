#pragma once

#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "driver/uart.h"
#include "sdkconfig.h"

/// Which pin is wired to what; docs/firmware.md has the drawings. SPI and I2C share pins on the ESP32-C3: a
/// board has one accelerometer.
namespace board {

#if CONFIG_IDF_TARGET_ESP32

constexpr const char* kBoard = "esp32dev";
constexpr spi_host_device_t kSpiHost = SPI3_HOST;
constexpr gpio_num_t kSpiClock = GPIO_NUM_18;
constexpr gpio_num_t kSpiMiso = GPIO_NUM_19;
constexpr gpio_num_t kSpiMosi = GPIO_NUM_23;
constexpr gpio_num_t kSpiSelect = GPIO_NUM_5;
constexpr gpio_num_t kInterrupt1 = GPIO_NUM_4;
constexpr gpio_num_t kI2cData = GPIO_NUM_21;
constexpr gpio_num_t kI2cClock = GPIO_NUM_22;
constexpr uart_port_t kGpsPort = UART_NUM_2;
constexpr gpio_num_t kGpsReceive = GPIO_NUM_16;
constexpr gpio_num_t kGpsTransmit = GPIO_NUM_17;
constexpr gpio_num_t kLamp = GPIO_NUM_2;

#elif CONFIG_IDF_TARGET_ESP32C3

constexpr const char* kBoard = "esp32-c3-devkitm-1";
constexpr spi_host_device_t kSpiHost = SPI2_HOST;
constexpr gpio_num_t kSpiClock = GPIO_NUM_6;
constexpr gpio_num_t kSpiMiso = GPIO_NUM_5;
constexpr gpio_num_t kSpiMosi = GPIO_NUM_7;
constexpr gpio_num_t kSpiSelect = GPIO_NUM_10;
constexpr gpio_num_t kInterrupt1 = GPIO_NUM_4;
constexpr gpio_num_t kI2cData = GPIO_NUM_5;
constexpr gpio_num_t kI2cClock = GPIO_NUM_6;
constexpr uart_port_t kGpsPort = UART_NUM_1;
constexpr gpio_num_t kGpsReceive = GPIO_NUM_1;
constexpr gpio_num_t kGpsTransmit = GPIO_NUM_0;
constexpr gpio_num_t kLamp = GPIO_NUM_3;  // a LED of your own: the board's own one is not a plain one

#else
#error "pins are known for the ESP32 and the ESP32-C3"
#endif

}  // namespace board
