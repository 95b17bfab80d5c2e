#include "sampled_source.h"

#include <cmath>

#include "board_plan.h"
#include "esp_log.h"
#include "esp_task_wdt.h"

namespace board {
namespace {

constexpr const char* kTag = "sampling";
constexpr unsigned kFailuresBeforeRestart = 10;  // reads in a row, each of which should have found frames
constexpr TickType_t kTroubled = pdMS_TO_TICKS(1000);  // until a device that is not there is looked for again
constexpr TickType_t kIdle =
    pdMS_TO_TICKS(1000);  // how often a task without work tells the watchdog that it lives

/// Holds a mutex as long as it lives.
class Lock {
 public:
  explicit Lock(SemaphoreHandle_t mutex) : mutex_(mutex) { xSemaphoreTake(mutex_, portMAX_DELAY); }
  ~Lock() { xSemaphoreGive(mutex_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  SemaphoreHandle_t mutex_;
};

}  // namespace

SampledSource::SampledSource(FifoDevice& device, sensor::Memory ring)
    : device_(device), ring_(ring), in_{}, out_{} {}

bool SampledSource::begin() {
  device_lock_ = xSemaphoreCreateMutex();
  ring_lock_ = xSemaphoreCreateMutex();
  if (device_lock_ == nullptr || ring_lock_ == nullptr) return false;
  open_ = device_.open();
  return xTaskCreatePinnedToCore(&SampledSource::task, "sampling", kSamplingStack, this, kSamplingPriority,
                                 &task_, kMeasuringCore) == pdPASS;
}

bool SampledSource::start(double sample_frequency_hz, uint64_t) {
  {
    const Lock lock(device_lock_);
    if (!open_) open_ = device_.open();
    if (!open_) return false;
    sample_frequency_hz_ = sample_frequency_hz;
    running_ = begin_run();
    if (!running_) return false;
  }
  xTaskNotifyGive(task_);
  return true;
}

// Of the owner of `device_lock_`.
bool SampledSource::begin_run() {
  const double device_hz = device_.start(sample_frequency_hz_);
  if (device_hz <= 0) return false;
  begin_decimator(device_hz);
  failures_ = 0;
  const Lock ring_lock(ring_lock_);
  ring_.begin(device_.info().frame_bytes(), 1e6 / sample_frequency_hz_);
  return true;
}

void SampledSource::begin_decimator(double device_hz) {
  // A device is as exact as its oscillator: one that was commanded its highest rate may be a little below it.
  const double input_hz = device_hz > sample_frequency_hz_ ? device_hz : sample_frequency_hz_;
  decimator_.begin(device_.info().channel_count, input_hz, sample_frequency_hz_);
  device_hz_ = device_hz;
  delay_us_ = (1e6 / sample_frequency_hz_ - 1e6 / input_hz) / 2;
  since_output_ = 0;
}

void SampledSource::stop() {
  const Lock lock(device_lock_);
  if (running_) device_.stop();
  running_ = false;
}

hal::Reading SampledSource::read(void* frames, size_t maximum_frames, uint64_t) {
  const Lock lock(ring_lock_);
  return ring_.pop(frames, maximum_frames);
}

void SampledSource::task(void* self) { static_cast<SampledSource*>(self)->run(); }

void SampledSource::run() {
  esp_task_wdt_add(nullptr);
  for (;;) {
    esp_task_wdt_reset();
    bool running = false;
    {
      const Lock lock(device_lock_);
      running = running_;
    }
    if (running) {
      device_.wait();
      if (!sample()) vTaskDelay(kTroubled);
    } else {
      ulTaskNotifyTake(pdTRUE, kIdle);
    }
  }
}

// False where the device is not there.
bool SampledSource::sample() {
  const Lock lock(device_lock_);
  if (!running_) return true;
  const FifoRead read = device_.read(in_, kFrames);
  // No frames are a failure, too: transfers by SPI succeed without a device at the wires, and one that lost its
  // supply for a moment answers, and stands by.
  if (!read.failed && read.frames > 0) {
    failures_ = 0;
    take(read);
    return true;
  }
  if (++failures_ < kFailuresBeforeRestart) return true;
  ESP_LOGE(kTag, "the device does not answer: begun anew");
  failures_ = 0;
  const double device_hz = device_.open() ? device_.start(sample_frequency_hz_) : 0;
  if (device_hz <= 0) return false;
  begin_decimator(device_hz);
  const Lock ring_lock(ring_lock_);
  ring_.lose();
  return true;
}

void SampledSource::take(const FifoRead& read) {
  const size_t channels = device_.info().channel_count;
  if (read.overrun)
    begin_decimator(device_hz_);  // a mean over a place where frames are missing would be wrong
  size_t made = 0;
  for (size_t i = 0; i < read.frames; ++i) {
    ++since_output_;
    if (decimator_.add(in_ + i * channels, out_ + made * channels)) {
      ++made;
      since_output_ = 0;
    }
  }
  const double behind_us = static_cast<double>(since_output_) * 1e6 / device_hz_ + delay_us_;
  const auto before_us = static_cast<uint64_t>(std::llround(behind_us));
  const uint64_t newest_us = read.newest_us > before_us ? read.newest_us - before_us : 0;
  const Lock ring_lock(ring_lock_);
  if (read.overrun) ring_.lose();
  if (made > 0) ring_.push(out_, made, newest_us);
}

}  // namespace board
