#pragma once

#include <cstddef>
#include <cstdint>

namespace sensor {

/// Time of sample k of a run: start + round(k · 10⁹ / frequency), in nanoseconds, rounded half to even as the
/// emulator does.
int64_t sample_time_ns(int64_t start_ns, uint64_t index, double sample_frequency_hz);

/// Samples that are complete after so many nanoseconds of a run: those of index 0 … n - 1.
uint64_t samples_until(int64_t elapsed_ns, double sample_frequency_hz);

/// When samples were taken, for a device that paces itself: its oscillator is off by up to some percent,
/// which would move every line of a spectrum, and what is known of time comes late by how long a reading
/// took.
///
/// A line time = f(index) is fitted to readings, by least squares that forget (some 32 s). Of each second of
/// readings only the least late one counts: latency has no other sign. Two things are read off:
///  - `time_ns`, which follows the line. Once it is found, it moves by a quarter of a sample at most from one
///    second to the next, unless all readings are that uncertain.
///  - `sample_frequency_hz`, which is changed only where it is off by more than 50 ppm, or by half a sample a
///    second if that is less: consecutive batches have one frequency, and a batch of a second begins less than
///    a sample from where the one before it ended.
/// The oscillator's error is kept from run to run.
class Timebase {
 public:
  /// A run begins; its first frame was taken at `start_us`, as far as is known.
  void begin(uint64_t start_us, double nominal_frequency_hz);
  /// Frame number `index` of the run was taken at `us`, give or take the latency of reading it. Indices grow.
  void observe(uint64_t index, uint64_t us);
  /// Monotonic time of a frame in nanoseconds.
  int64_t time_ns(uint64_t index) const;
  double sample_frequency_hz() const { return reported_hz_; }
  /// Whether the oscillator is known well enough: some ten seconds after the first run began.
  bool locked() const;

 private:
  double late_ns(uint64_t index, uint64_t us) const;
  void close_block();
  void forget_phase();

  double nominal_hz_ = 1;
  double reported_hz_ = 1;

  // The line: frame `anchor_index_` was taken at `anchor_ns_`, and each further one a period later.
  uint64_t anchor_index_ = 0;
  int64_t anchor_ns_ = 0;
  double period_ns_ = 1e9;
  bool learnt_ = false;  ///< the period is that of an earlier run

  // The blocks that it was fitted to: sums of weights, of weight × x and of weight × x², x in frames from the
  // anchor.
  double weight_ = 0;
  double weight_x_ = 0;
  double weight_xx_ = 0;
  uint32_t blocks_ = 0;
  double usual_ns_ = 0;  ///< how far blocks are off as a rule
  int32_t far_off_ = 0;  ///< blocks in a row that were far off, in the direction of the sign

  // The open block, and its least late reading.
  uint64_t block_start_us_ = 0;
  uint32_t block_readings_ = 0;
  uint64_t least_late_index_ = 0;
  double least_late_ns_ = 0;
};

}  // namespace sensor
