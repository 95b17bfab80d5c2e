#pragma once

#include "esp_err.h"
#include "sdkconfig.h"

// Only the pins that a board has.
enum gpio_num_t {
  GPIO_NUM_NC = -1,
  GPIO_NUM_0,
  GPIO_NUM_1,
  GPIO_NUM_2,
  GPIO_NUM_3,
  GPIO_NUM_4,
  GPIO_NUM_5,
  GPIO_NUM_6,
  GPIO_NUM_7,
  GPIO_NUM_8,
  GPIO_NUM_9,
  GPIO_NUM_10,
#if defined(BOARD_ESP32)
  GPIO_NUM_16 = 16,
  GPIO_NUM_17,
  GPIO_NUM_18,
  GPIO_NUM_19,
  GPIO_NUM_21 = 21,
  GPIO_NUM_22,
  GPIO_NUM_23,
#endif
};
enum gpio_mode_t { GPIO_MODE_DISABLE, GPIO_MODE_INPUT, GPIO_MODE_OUTPUT };
enum gpio_pullup_t { GPIO_PULLUP_DISABLE, GPIO_PULLUP_ENABLE };
enum gpio_pulldown_t { GPIO_PULLDOWN_DISABLE, GPIO_PULLDOWN_ENABLE };
enum gpio_int_type_t { GPIO_INTR_DISABLE, GPIO_INTR_POSEDGE };

constexpr int ESP_INTR_FLAG_IRAM = 1;

struct gpio_config_t {
  uint64_t pin_bit_mask;
  gpio_mode_t mode;
  gpio_pullup_t pull_up_en;
  gpio_pulldown_t pull_down_en;
  gpio_int_type_t intr_type;
};

extern "C" {
esp_err_t gpio_config(const gpio_config_t* config);
esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level);
esp_err_t gpio_install_isr_service(int interrupt_flags);
esp_err_t gpio_isr_handler_add(gpio_num_t pin, void (*handler)(void* arg), void* arg);
}
