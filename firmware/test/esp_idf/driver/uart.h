#pragma once

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "sdkconfig.h"

enum uart_port_t {
  UART_NUM_0,
  UART_NUM_1,
#if defined(BOARD_ESP32)
  UART_NUM_2,
#endif
};
enum uart_word_length_t { UART_DATA_7_BITS, UART_DATA_8_BITS };
enum uart_parity_t { UART_PARITY_DISABLE, UART_PARITY_EVEN };
enum uart_stop_bits_t { UART_STOP_BITS_1, UART_STOP_BITS_2 };
enum uart_hw_flowcontrol_t { UART_HW_FLOWCTRL_DISABLE, UART_HW_FLOWCTRL_RTS };
enum uart_sclk_t { UART_SCLK_DEFAULT, UART_SCLK_XTAL };

constexpr int UART_PIN_NO_CHANGE = -1;

struct uart_config_t {
  int baud_rate;
  uart_word_length_t data_bits;
  uart_parity_t parity;
  uart_stop_bits_t stop_bits;
  uart_hw_flowcontrol_t flow_ctrl;
  uart_sclk_t source_clk;
};

extern "C" {
esp_err_t uart_driver_install(uart_port_t port, int receive_bytes, int transmit_bytes, int events,
                              QueueHandle_t* queue, int interrupt_flags);
esp_err_t uart_param_config(uart_port_t port, const uart_config_t* config);
esp_err_t uart_set_pin(uart_port_t port, int transmit, int receive, int rts, int cts);
int uart_read_bytes(uart_port_t port, void* data, uint32_t size, TickType_t ticks);
int uart_write_bytes(uart_port_t port, const void* data, size_t size);
esp_err_t uart_wait_tx_done(uart_port_t port, TickType_t ticks);
}
