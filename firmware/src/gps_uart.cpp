#include "gps_uart.h"

#include "board_pins.h"
#include "driver/uart.h"
#include "esp_log.h"

namespace board {
namespace {

constexpr const char* kTag = "gps";
constexpr int kReceiveBuffer = 2048;  // two seconds at 9600 baud
constexpr int kBaud = 9600;

}  // namespace

bool GpsUart::begin() {
  uart_config_t config = {};
  config.baud_rate = kBaud;
  config.data_bits = UART_DATA_8_BITS;
  config.parity = UART_PARITY_DISABLE;
  config.stop_bits = UART_STOP_BITS_1;
  config.flow_ctrl = UART_HW_FLOWCTRL_DISABLE;
  config.source_clk = UART_SCLK_DEFAULT;
  const bool begun =
      uart_driver_install(kGpsPort, kReceiveBuffer, 0, 0, nullptr, 0) == ESP_OK &&
      uart_param_config(kGpsPort, &config) == ESP_OK &&
      uart_set_pin(kGpsPort, kGpsTransmit, kGpsReceive, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) == ESP_OK;
  if (!begun) ESP_LOGE(kTag, "the receiver's UART cannot be set up");
  return begun;
}

size_t GpsUart::read(char* text, size_t capacity) {
  const int read = uart_read_bytes(kGpsPort, text, static_cast<uint32_t>(capacity), 0);
  return read > 0 ? static_cast<size_t>(read) : 0;
}

}  // namespace board
