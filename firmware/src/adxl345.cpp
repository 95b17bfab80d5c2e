#include "adxl345.h"

#include <algorithm>

#include "board_pins.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace board {
namespace {

constexpr const char* kTag = "adxl345";

// Registers and their bits, by the names of the data sheet.
constexpr uint8_t kDevid = 0x00;
constexpr uint8_t kDevidValue = 0xE5;
constexpr uint8_t kBwRate = 0x2C;
constexpr uint8_t kPowerCtl = 0x2D;
constexpr uint8_t kMeasure = 0x08;
constexpr uint8_t kIntEnable = 0x2E;
constexpr uint8_t kIntSource = 0x30;
constexpr uint8_t kOverrun = 0x01;
constexpr uint8_t kDataFormat = 0x31;
constexpr uint8_t kFullResolution = 0x08;
constexpr uint8_t kRange16G = 0x03;
constexpr uint8_t kDataX0 = 0x32;
constexpr uint8_t kFifoCtl = 0x38;
constexpr uint8_t kFifoBypass = 0x00;
constexpr uint8_t kFifoStream = 0x80;
constexpr uint8_t kFifoStatus = 0x39;
constexpr uint8_t kEntries = 0x3F;

constexpr uint16_t kAddress = 0x53;  // with SDO at ground
constexpr uint32_t kClockHz = 400'000;
constexpr int kTimeoutMs = 20;

// The rate of code n is 3200 Hz / 2^(15 - n). Slower ones than 12.5 Hz would tell the time in steps of
// seconds: the mean over more frames of that rate is better in every way.
constexpr double kHighestRateHz = 3200.0;
constexpr uint8_t kHighestCode = 15;
constexpr uint8_t kLowestCode = 7;
constexpr double kMaximumHz = 800.0;

constexpr double kFramesAPoll = 12;  // of 32: the rest is for what delays this task
constexpr uint32_t kLongestPollMs = 50;

constexpr hal::Channel kChannels[] = {
    {"x", "acceleration", "g", -16.0F, 16.0F},
    {"y", "acceleration", "g", -16.0F, 16.0F},
    {"z", "acceleration", "g", -16.0F, 16.0F},
};
constexpr hal::SourceInfo kInfo = {"vibration", kChannels, 3,          hal::SampleFormat::kCounts,
                                   0.0039F,     0.0F,      kMaximumHz, true};

int16_t little_endian(const uint8_t* bytes) { return static_cast<int16_t>(bytes[0] | (bytes[1] << 8)); }

}  // namespace

const hal::SourceInfo& Adxl345::info() const { return kInfo; }

bool Adxl345::open() {
  if (device_ == nullptr) {
    i2c_master_bus_config_t bus = {};
    bus.i2c_port = I2C_NUM_0;
    bus.sda_io_num = kI2cData;
    bus.scl_io_num = kI2cClock;
    bus.clk_source = I2C_CLK_SRC_DEFAULT;
    bus.glitch_ignore_cnt = 7;
    bus.flags.enable_internal_pullup = 1;  // beside those on the breakout
    i2c_device_config_t device = {};
    device.dev_addr_length = I2C_ADDR_BIT_LEN_7;
    device.device_address = kAddress;
    device.scl_speed_hz = kClockHz;
    if ((bus_ == nullptr && i2c_new_master_bus(&bus, &bus_) != ESP_OK) ||
        i2c_master_bus_add_device(bus_, &device, &device_) != ESP_OK) {
      ESP_LOGE(kTag, "I2C cannot be set up");
      return false;
    }
  }
  uint8_t id = 0;
  if (read_registers(kDevid, &id, 1) && id == kDevidValue) return true;
  ESP_LOGE(kTag, "DEVID is 0x%02x, not 0x%02x: wiring?", id, kDevidValue);
  return false;
}

double Adxl345::start(double sample_frequency_hz) {
  uint8_t code = kHighestCode;
  rate_hz_ = kHighestRateHz;
  while (code > kLowestCode && rate_hz_ / 2 >= sample_frequency_hz) {
    rate_hz_ /= 2;
    --code;
  }
  poll_ms_ = std::clamp(static_cast<uint32_t>(kFramesAPoll * 1000 / rate_hz_), uint32_t{1}, kLongestPollMs);
  const bool set = write_register(kPowerCtl, 0) && write_register(kFifoCtl, kFifoBypass) &&
                   write_register(kDataFormat, kFullResolution | kRange16G) &&
                   write_register(kBwRate, code) && write_register(kIntEnable, kOverrun) &&
                   write_register(kFifoCtl, kFifoStream) && write_register(kPowerCtl, kMeasure);
  return set ? rate_hz_ : 0;
}

void Adxl345::stop() { write_register(kPowerCtl, 0); }

void Adxl345::wait() { vTaskDelay(pdMS_TO_TICKS(poll_ms_.load())); }

FifoRead Adxl345::read(int16_t* frames, size_t maximum_frames) {
  FifoRead result;
  uint8_t source = 0;
  uint8_t entries = 0;
  const auto now_us = static_cast<uint64_t>(esp_timer_get_time());
  // The flag is cleared by reading frames, not by reading it.
  if (!read_registers(kIntSource, &source, 1) || !read_registers(kFifoStatus, &entries, 1)) {
    result.failed = true;
    return result;
  }
  result.overrun = (source & kOverrun) != 0;
  const size_t count = std::min<size_t>(entries & kEntries, maximum_frames);
  for (; result.frames < count; ++result.frames) {
    uint8_t bytes[6];
    // The next frame moves up when these six were read together.
    if (!read_registers(kDataX0, bytes, sizeof bytes)) {
      result.failed = result.frames == 0;
      result.overrun = result.overrun || result.frames > 0;
      break;
    }
    int16_t* const frame = frames + result.frames * 3;
    frame[0] = little_endian(bytes);
    frame[1] = little_endian(bytes + 2);
    frame[2] = little_endian(bytes + 4);
  }
  // The newest frame came since the last poll, or within the last period.
  const double age_us = std::min(1e6 / rate_hz_, 1e3 * poll_ms_.load()) / 2;
  result.newest_us = now_us - std::min(now_us, static_cast<uint64_t>(age_us));
  return result;
}

bool Adxl345::read_registers(uint8_t address, uint8_t* values, size_t size) {
  return i2c_master_transmit_receive(device_, &address, 1, values, size, kTimeoutMs) == ESP_OK;
}

bool Adxl345::write_register(uint8_t address, uint8_t value) {
  const uint8_t bytes[] = {address, value};
  return i2c_master_transmit(device_, bytes, sizeof bytes, kTimeoutMs) == ESP_OK;
}

}  // namespace board
