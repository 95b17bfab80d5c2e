#pragma once

#include <cstddef>
#include <cstdint>

namespace hal {

constexpr size_t kMaximumChannels = 16;

/// What one channel measures, for the birth. Texts live as long as the program.
struct Channel {
  const char* name;
  const char* quantity;
  const char* unit;
  float minimum;  ///< of the measuring range, in the unit
  float maximum;
};

enum class SampleFormat : uint8_t {
  kCounts,  ///< int16; value = count × scale + offset
  kFloat,   ///< float32, in the channel's unit
};

/// What a source measures and how it hands it over.
struct SourceInfo {
  const char* sensor_type;  ///< vibration, temperature …
  const Channel* channels;
  size_t channel_count;  ///< at most kMaximumChannels
  SampleFormat format;
  float scale;   ///< of counts
  float offset;  ///< of counts
  double maximum_frequency_hz;
  /// Whether the device's own oscillator paces the samples. Then `newest_us` of each reading is what is known of time;
  /// else sample k is taken at start + k / frequency exactly.
  bool self_paced;

  /// Bytes of one frame: one sample of every channel.
  size_t frame_bytes() const {
    return channel_count * (format == SampleFormat::kCounts ? sizeof(int16_t) : sizeof(float));
  }
};

/// What `Source::read` gave.
struct Reading {
  size_t frames = 0;
  uint64_t newest_us = 0;  ///< monotonic time of the newest frame; self-paced sources only
  bool overrun = false;    ///< frames were lost before these: time is not continuous
};

/// Something that measures: an accelerometer, a thermometer, a generator of signals.
class Source {
 public:
  virtual const SourceInfo& info() const = 0;
  /// Begin to take samples now, the first one at once. False where the device does not answer.
  virtual bool start(double sample_frequency_hz, uint64_t now_us) = 0;
  virtual void stop() = 0;
  /// Copy whole frames (channels side by side, oldest first) that were taken until `now_us` and not read yet.
  virtual Reading read(void* frames, size_t maximum_frames, uint64_t now_us) = 0;

 protected:
  ~Source() = default;
};

}  // namespace hal
