#pragma once

#include "esp_err.h"
#include "freertos/FreeRTOS.h"

struct usb_serial_jtag_driver_config_t {
  uint32_t tx_buffer_size;
  uint32_t rx_buffer_size;
};

extern "C" {
esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t* config);
int usb_serial_jtag_read_bytes(void* data, uint32_t size, TickType_t ticks);
int usb_serial_jtag_write_bytes(const void* data, size_t size, TickType_t ticks);
esp_err_t usb_serial_jtag_wait_tx_done(TickType_t ticks);
}
