#pragma once

#include "core/board.h"
#include "core/buffer.h"
#include "core/timebase.h"

namespace sensor {

/// Takes samples and makes batches of them. A run begins at boot, at waking, when the frequency changes, when the clock is
/// stepped and after lost frames; within a run times never drift.
class Recorder {
 public:
  /// `maximum_payload`: bytes of an encoded batch at most.
  Recorder(const Options& options, hal::Source& source, const Workspace& workspace, size_t maximum_payload,
           Buffer& buffer);

  /// A new session: sequences begin anew.
  void begin_session(uint32_t session);
  /// A run at that frequency; Unix time is `offset_ns` + monotonic time. False where the source does not answer.
  bool start(double sample_frequency_hz, uint64_t now_us, int64_t offset_ns);
  void stop();
  bool running() const { return running_; }

  /// Take what was sampled until now, and make each batch that is complete.
  void record(uint64_t now_us, const std::optional<Position>& position);
  /// Close the open batch with the samples taken until now.
  void flush(uint64_t now_us, const std::optional<Position>& position);
  /// When the next batch will be complete, or a device that paces itself has to be read.
  uint64_t due_us(uint64_t now_us) const;
  /// The clock was set, or drifted: a run at the same samples, whose Unix time is `offset_ns` + monotonic time. The
  /// device goes on, so that no sample is lost. Only between two batches.
  void follow(int64_t offset_ns) { offset_ns_ = offset_ns; }
  /// When the device last gave a frame, or the run began. A wire that is loose fails nothing: it only says nothing.
  uint64_t heard_us() const { return heard_us_; }
  /// Whether no sample waits in the open batch: a run may end here without a short batch.
  bool between_batches() const { return open_ == 0; }

  uint32_t session() const { return session_; }
  uint64_t next_sequence() const { return sequence_; }
  uint64_t batches_made() const { return batches_made_; }
  uint64_t samples_made() const { return samples_made_; }
  uint64_t overruns() const { return overruns_; }

 private:
  void take(uint64_t now_us, const std::optional<Position>& position);
  void resume_after_overrun(const hal::Reading& reading, const std::optional<Position>& position);
  void make(const std::optional<Position>& position);

  hal::Source& source_;
  Memory frames_;
  Memory payload_;
  Buffer& buffer_;
  double batch_duration_s_;
  size_t maximum_frames_;

  bool running_ = false;
  double frequency_hz_ = 0;
  uint64_t start_us_ = 0;
  int64_t offset_ns_ = 0;
  uint64_t heard_us_ = 0;
  Timebase timebase_;
  uint64_t index_ = 0;  ///< in the run, of the open batch's first frame
  size_t open_ = 0;     ///< frames in the open batch
  size_t batch_frames_ = 1;

  uint32_t session_ = 0;
  uint64_t sequence_ = 0;
  uint64_t batches_made_ = 0;
  uint64_t samples_made_ = 0;
  uint64_t overruns_ = 0;
};

}  // namespace sensor
