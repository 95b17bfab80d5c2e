#include "console_uart.h"

#include <atomic>
#include <cstring>
#include <new>

#include "board_plan.h"
#include "driver/uart.h"
#include "driver/uart_vfs.h"
#include "esp_log.h"
#include "esp_system.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
#include "driver/usb_serial_jtag.h"
#include "driver/usb_serial_jtag_vfs.h"
#endif

namespace board {
namespace {

constexpr const char* kTag = "console";
constexpr uint32_t kBufferBytes = 1024;
constexpr TickType_t kWait = pdMS_TO_TICKS(1000);

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG

bool open_line() {
  usb_serial_jtag_driver_config_t config = {};
  config.tx_buffer_size = kBufferBytes;
  config.rx_buffer_size = kBufferBytes;
  if (usb_serial_jtag_driver_install(&config) != ESP_OK) return false;
  usb_serial_jtag_vfs_use_driver();  // the log, too: its lines do not cut ours in two
  return true;
}

int read_line(char* text, size_t size) {
  return usb_serial_jtag_read_bytes(text, static_cast<uint32_t>(size), kWait);
}

void write_line(const char* text, size_t size) { usb_serial_jtag_write_bytes(text, size, kWait); }

void drain_line() { usb_serial_jtag_wait_tx_done(kWait); }

#else

constexpr uart_port_t kPort = UART_NUM_0;  // the bootloader has set its speed: 115200

bool open_line() {
  if (uart_driver_install(kPort, kBufferBytes, 0, 0, nullptr, 0) != ESP_OK) return false;
  uart_vfs_dev_use_driver(kPort);  // the log, too: its lines do not cut ours in two
  return true;
}

// One character at least, and what came with it: a whole buffer would be waited for.
int read_line(char* text, size_t size) {
  const int first = uart_read_bytes(kPort, text, 1, kWait);
  if (first <= 0) return first;
  const int more = uart_read_bytes(kPort, text + 1, static_cast<uint32_t>(size - 1), 0);
  return more > 0 ? 1 + more : 1;
}

void write_line(const char* text, size_t size) { uart_write_bytes(kPort, text, size); }

void drain_line() { uart_wait_tx_done(kPort, kWait); }

#endif

std::atomic<StatusWriter> status_writer{nullptr};
std::atomic<SensorEvents*> sensor_events{nullptr};

class BoardActions : public sensor::Console::Actions {
 public:
  void write(const char* text) override { write_line(text, std::strlen(text)); }

  void reboot() override {
    drain_line();
    SensorEvents* const events = sensor_events.load();
    if (events == nullptr) esp_restart();
    events->post(Event{Event::Kind::kRestart});
  }

  void status() override {
    const StatusWriter writer = status_writer.load();
    if (writer != nullptr) {
      writer(*this);
    } else {
      write("not provisioned\r\n");
    }
  }
};

BoardActions actions;

void run(void* console) {
  auto* const lines = static_cast<sensor::Console*>(console);
  lines->greet();
  char text[128];
  for (;;) {
    const int size = read_line(text, sizeof text);
    if (size > 0) lines->feed(text, static_cast<size_t>(size));
  }
}

}  // namespace

// NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks): it lives as long as the board
bool begin_console(sensor::Settings& settings) {
  auto* const console = new (std::nothrow) sensor::Console(settings, actions);
  const bool begun =
      console != nullptr && open_line() &&
      xTaskCreate(&run, "console", kConsoleStack, console, kConsolePriority, nullptr) == pdPASS;
  if (!begun) ESP_LOGE(kTag, "no console");
  return begun;
}
// NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

void set_console_sensor(StatusWriter status, SensorEvents& events) {
  sensor_events.store(&events);
  status_writer.store(status);
}

}  // namespace board
