#include "iis3dwb.h"

#include <algorithm>

#include "board_pins.h"
#include "driver/gpio.h"
#include "esp_attr.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_timer.h"

namespace board {
namespace {

constexpr const char* kTag = "iis3dwb";

// Registers and their bits, by the names of the data sheet.
constexpr uint8_t kRead = 0x80;
constexpr uint8_t kFifoCtrl1 = 0x07;  // WTM[7:0]
constexpr uint8_t kFifoCtrl2 = 0x08;  // WTM[8]
constexpr uint8_t kFifoCtrl3 = 0x09;
constexpr uint8_t kBdrXl26667 = 0x0A;
constexpr uint8_t kFifoCtrl4 = 0x0A;
constexpr uint8_t kFifoBypass = 0x00;
constexpr uint8_t kFifoContinuous = 0x06;
constexpr uint8_t kInt1Ctrl = 0x0D;
constexpr uint8_t kInt1FifoThreshold = 0x08;
constexpr uint8_t kWhoAmI = 0x0F;
constexpr uint8_t kWhoAmIValue = 0x7B;
constexpr uint8_t kCtrl1Xl = 0x10;
constexpr uint8_t kXlEnable = 0xA0;
constexpr uint8_t kXl16G = 0x04;
constexpr uint8_t kCtrl3C = 0x12;
constexpr uint8_t kSoftwareReset = 0x01;
constexpr uint8_t kIncrement = 0x04;
constexpr uint8_t kBlockDataUpdate = 0x40;
constexpr uint8_t kCtrl4C = 0x13;
constexpr uint8_t kI2cDisable = 0x04;
constexpr uint8_t kFifoStatus1 = 0x3A;  // DIFF_FIFO[7:0]; status 2 follows
constexpr uint8_t kDiffFifoHigh = 0x03;
constexpr uint8_t kFifoOverrun = 0x40;
constexpr uint8_t kFifoOverrunLatched = 0x08;
constexpr uint8_t kInternalFreqFine = 0x63;
constexpr double kFreqFineStep = 0.0015;
constexpr uint8_t kFifoDataOutTag = 0x78;
constexpr unsigned kTagShift = 3;
constexpr uint8_t kTagAccelerometer = 0x02;

constexpr double kRateHz = 26'667.0;
constexpr size_t kFifoFrames = 512;
constexpr size_t kWordBytes = 7;  // a tag and three axes
// 4.8 ms, so that 14 ms are left until the FIFO is full.
constexpr size_t kWatermark = 128;
constexpr TickType_t kWatermarkTicks = pdMS_TO_TICKS(10);
constexpr uint32_t kStaleUs = 50'000;  // older is no interrupt of these frames
constexpr int kClockHz = 8'000'000;    // 10 MHz at most
constexpr uint8_t kSpiMode = 3;

constexpr hal::Channel kChannels[] = {
    {"x", "acceleration", "g", -16.0F, 16.0F},
    {"y", "acceleration", "g", -16.0F, 16.0F},
    {"z", "acceleration", "g", -16.0F, 16.0F},
};
constexpr hal::SourceInfo kInfo = {"vibration", kChannels, 3,       hal::SampleFormat::kCounts,
                                   0.000488F,   0.0F,      kRateHz, true};

int16_t little_endian(const uint8_t* bytes) { return static_cast<int16_t>(bytes[0] | (bytes[1] << 8)); }

bool worked(esp_err_t error, const char* what) {
  if (error == ESP_OK) return true;
  ESP_LOGE(kTag, "%s: %s", what, esp_err_to_name(error));
  return false;
}

}  // namespace

const hal::SourceInfo& Iis3dwb::info() const { return kInfo; }

bool Iis3dwb::open() {
  if (device_ == nullptr && !open_bus()) return false;
  uint8_t who = 0;
  if (!read_registers(kWhoAmI, &who, 1) || who != kWhoAmIValue) {
    ESP_LOGE(kTag, "WHO_AM_I is 0x%02x, not 0x%02x: wiring?", who, kWhoAmIValue);
    return false;
  }
  if (!write_register(kCtrl3C, kSoftwareReset)) return false;
  vTaskDelay(pdMS_TO_TICKS(10));
  uint8_t fine = 0;
  if (!write_register(kCtrl3C, kBlockDataUpdate | kIncrement) || !write_register(kCtrl4C, kI2cDisable) ||
      !read_registers(kInternalFreqFine, &fine, 1)) {
    return false;
  }
  rate_hz_ = kRateHz * (1.0 + kFreqFineStep * static_cast<int8_t>(fine));
  return true;
}

bool Iis3dwb::open_bus() {
  spi_bus_config_t bus = {};
  bus.mosi_io_num = kSpiMosi;
  bus.miso_io_num = kSpiMiso;
  bus.sclk_io_num = kSpiClock;
  bus.quadwp_io_num = -1;
  bus.quadhd_io_num = -1;
  bus.data4_io_num = -1;
  bus.data5_io_num = -1;
  bus.data6_io_num = -1;
  bus.data7_io_num = -1;
  bus.max_transfer_sz = static_cast<int>(kFifoFrames * kWordBytes);
  spi_device_interface_config_t device = {};
  device.address_bits = 8;
  device.mode = kSpiMode;
  device.clock_speed_hz = kClockHz;
  device.spics_io_num = kSpiSelect;
  device.queue_size = 1;
  // It is tried again at each start: what was done is kept or undone.
  if (buffer_ == nullptr) {
    buffer_ = static_cast<uint8_t*>(heap_caps_aligned_alloc(4, kFifoFrames * kWordBytes, MALLOC_CAP_DMA));
  }
  if (buffer_ == nullptr || !worked(spi_bus_initialize(kSpiHost, &bus, SPI_DMA_CH_AUTO), "SPI bus")) {
    return false;
  }
  if (!worked(spi_bus_add_device(kSpiHost, &device, &device_), "SPI device")) {
    device_ = nullptr;
    worked(spi_bus_free(kSpiHost), "SPI bus, freeing it");
    return false;
  }
  open_interrupt();
  return true;
}

// Without the interrupt frames are read all the same, every 10 ms; their times are less exact.
void Iis3dwb::open_interrupt() {
  gpio_config_t pin = {};
  pin.pin_bit_mask = 1ULL << static_cast<unsigned>(kInterrupt1);
  pin.mode = GPIO_MODE_INPUT;
  pin.pull_down_en = GPIO_PULLDOWN_ENABLE;  // a wire that came off is quiet
  pin.intr_type = GPIO_INTR_POSEDGE;
  const bool opened =
      worked(gpio_config(&pin), "pin of INT1") &&
      worked(gpio_install_isr_service(ESP_INTR_FLAG_IRAM), "interrupts of pins") &&
      worked(gpio_isr_handler_add(kInterrupt1, &Iis3dwb::on_watermark, this), "interrupt of INT1");
  if (!opened) ESP_LOGW(kTag, "no watermark interrupt: times are less exact");
}

double Iis3dwb::start(double) {
  const bool set = write_register(kFifoCtrl4, kFifoBypass) &&
                   write_register(kFifoCtrl1, kWatermark & 0xFFU) &&
                   write_register(kFifoCtrl2, static_cast<uint8_t>(kWatermark >> 8U)) &&
                   write_register(kFifoCtrl3, kBdrXl26667) && write_register(kInt1Ctrl, kInt1FifoThreshold) &&
                   write_register(kCtrl1Xl, kXlEnable | kXl16G);
  if (!set) return 0;
  vTaskDelay(pdMS_TO_TICKS(10));  // until it is awake, and its filter has settled
  started_us_ = static_cast<uint32_t>(esp_timer_get_time());
  return write_register(kFifoCtrl4, kFifoContinuous) ? rate_hz_ : 0;
}

void Iis3dwb::stop() {
  write_register(kFifoCtrl4, kFifoBypass);
  write_register(kCtrl1Xl, 0);
}

// In internal memory, as the interrupt comes while flash is written, too.
void IRAM_ATTR Iis3dwb::on_watermark(void* self) {
  const auto now_us = static_cast<uint32_t>(esp_timer_get_time());
  auto* const task = static_cast<Iis3dwb*>(self)->waiting_.load(std::memory_order_relaxed);
  if (task == nullptr) return;
  BaseType_t woken = pdFALSE;
  xTaskNotifyFromISR(task, now_us, eSetValueWithOverwrite, &woken);
  if (woken == pdTRUE) portYIELD_FROM_ISR();
}

void Iis3dwb::wait() {
  waiting_.store(xTaskGetCurrentTaskHandle(), std::memory_order_relaxed);
  // The interrupt is an edge: where the FIFO was not emptied below the watermark none comes, hence the
  // timeout.
  watermark_seen_ = xTaskNotifyWait(0, 0, &watermark_us_, kWatermarkTicks) == pdTRUE;
}

FifoRead Iis3dwb::read(int16_t* frames, size_t maximum_frames) {
  FifoRead result;
  uint8_t status[2] = {};
  const auto now_us = static_cast<uint64_t>(esp_timer_get_time());
  if (!read_registers(kFifoStatus1, status, sizeof status)) {
    result.failed = true;
    return result;
  }
  const unsigned counted = status[0] | ((status[1] & unsigned{kDiffFifoHigh}) << 8U);
  const size_t level = std::min<size_t>(counted, kFifoFrames);
  result.overrun = (status[1] & (kFifoOverrun | kFifoOverrunLatched)) != 0;
  const size_t words = std::min(level, maximum_frames);
  if (words == 0) return result;
  if (!transfer(kFifoDataOutTag | kRead, nullptr, words * kWordBytes)) {
    result.failed = true;
    return result;
  }
  for (size_t i = 0; i < words; ++i) {
    const uint8_t* const word = buffer_ + i * kWordBytes;
    if ((word[0] >> kTagShift) != kTagAccelerometer) continue;
    int16_t* const frame = frames + result.frames * 3;
    frame[0] = little_endian(word + 1);
    frame[1] = little_endian(word + 3);
    frame[2] = little_endian(word + 5);
    ++result.frames;
  }
  // At the interrupt the FIFO had just reached the watermark; the frames above it came since. Without an
  // interrupt, or after an overrun, the newest frame is about as old as half a period.
  const double period_us = 1e6 / rate_hz_;
  const uint32_t since_us = static_cast<uint32_t>(now_us) - watermark_us_;
  const auto run_us = static_cast<uint32_t>(now_us) - started_us_;
  if (watermark_seen_ && !result.overrun && words >= kWatermark && since_us < std::min(run_us, kStaleUs)) {
    result.newest_us =
        now_us - since_us + static_cast<uint64_t>(static_cast<double>(words - kWatermark) * period_us);
  } else {
    result.newest_us = now_us - static_cast<uint64_t>((static_cast<double>(level - words) + 0.5) * period_us);
  }
  watermark_seen_ = false;
  return result;
}

// One transaction: the address, then `size` bytes out (or, without any, into `buffer_`).
bool Iis3dwb::transfer(uint8_t address, const uint8_t* transmit, size_t size) {
  spi_transaction_t transaction = {};
  transaction.addr = address;
  transaction.length = size * 8;
  if (transmit != nullptr) {
    transaction.tx_buffer = transmit;
  } else {
    transaction.rxlength = size * 8;
    transaction.rx_buffer = buffer_;
  }
  return spi_device_transmit(device_, &transaction) == ESP_OK;
}

bool Iis3dwb::read_registers(uint8_t address, uint8_t* values, size_t size) {
  if (!transfer(address | kRead, nullptr, size)) return false;
  std::copy_n(buffer_, size, values);
  return true;
}

bool Iis3dwb::write_register(uint8_t address, uint8_t value) {
  buffer_[0] = value;
  return transfer(address, buffer_, 1);
}

}  // namespace board
