#include "core/recorder.h"

#include <algorithm>
#include <cstring>

#include "core/messages.h"

namespace sensor {
namespace {

// A device that paces itself is read so often, whatever the batches: what it can hold back is small.
constexpr uint64_t kReadIntervalUs = 10'000;

}  // namespace

Recorder::Recorder(const Options& options, hal::Source& source, const Workspace& workspace, size_t maximum_payload,
                   Buffer& buffer)
    : source_(source),
      frames_(workspace.frames),
      payload_(workspace.payload),
      buffer_(buffer),
      batch_duration_s_(options.batch_duration_s) {
  const hal::SourceInfo& info = source.info();
  const size_t fits = frames_that_fit(info, std::min(maximum_payload, payload_.size));
  maximum_frames_ = std::max<size_t>(1, std::min({kMaximumSamples, fits, frames_.size / info.frame_bytes()}));
}

void Recorder::begin_session(uint32_t session) {
  session_ = session;
  sequence_ = 0;
}

bool Recorder::start(double sample_frequency_hz, uint64_t now_us, int64_t offset_ns) {
  frequency_hz_ = sample_frequency_hz;
  const double wanted = sample_frequency_hz * batch_duration_s_;
  batch_frames_ = wanted >= static_cast<double>(maximum_frames_) ? maximum_frames_
                  : wanted < 1                                   ? 1
                                                                 : static_cast<size_t>(wanted);
  start_us_ = heard_us_ = now_us;
  offset_ns_ = offset_ns;
  index_ = 0;
  open_ = 0;
  timebase_.begin(now_us, sample_frequency_hz);
  running_ = source_.start(sample_frequency_hz, now_us);
  return running_;
}

void Recorder::stop() {
  if (running_) {
    source_.stop();
    running_ = false;
  }
}

void Recorder::record(uint64_t now_us, const std::optional<Position>& position) {
  if (running_) {
    take(now_us, position);
  }
}

void Recorder::flush(uint64_t now_us, const std::optional<Position>& position) {
  if (running_) {
    take(now_us, position);
    if (open_ != 0) {
      make(position);
    }
  }
}

uint64_t Recorder::due_us(uint64_t now_us) const {
  if (source_.info().self_paced) {
    return now_us + kReadIntervalUs;
  }
  const int64_t last_ns =
      sample_time_ns(static_cast<int64_t>(start_us_) * 1000, index_ + batch_frames_ - 1, frequency_hz_);
  return static_cast<uint64_t>(last_ns / 1000 + 1);  // up: not before that sample
}

void Recorder::take(uint64_t now_us, const std::optional<Position>& position) {
  const size_t frame_bytes = source_.info().frame_bytes();
  for (;;) {
    const hal::Reading reading = source_.read(frames_.data + open_ * frame_bytes, batch_frames_ - open_, now_us);
    heard_us_ = reading.frames != 0 ? now_us : heard_us_;
    if (reading.overrun) {
      resume_after_overrun(reading, position);
    } else {
      open_ += reading.frames;
    }
    if (source_.info().self_paced && reading.frames != 0) {
      timebase_.observe(index_ + open_ - 1, reading.newest_us);
    }
    if (open_ == batch_frames_) {
      make(position);
    } else if (reading.frames == 0) {
      return;
    }
  }
}

void Recorder::resume_after_overrun(const hal::Reading& reading, const std::optional<Position>& position) {
  ++overruns_;
  const size_t frame_bytes = source_.info().frame_bytes();
  const uint8_t* fresh = frames_.data + open_ * frame_bytes;
  if (open_ != 0) {
    make(position);  // what was taken before the gap; it leaves the fresh frames where they are
  }
  std::memmove(frames_.data, fresh, reading.frames * frame_bytes);
  const auto span_us = static_cast<uint64_t>(
      static_cast<double>(reading.frames == 0 ? 0 : reading.frames - 1) * 1e6 / timebase_.sample_frequency_hz());
  start_us_ = reading.newest_us - std::min(span_us, reading.newest_us);
  timebase_.begin(start_us_, frequency_hz_);
  index_ = 0;
  open_ = reading.frames;
}

void Recorder::make(const std::optional<Position>& position) {
  const bool self_paced = source_.info().self_paced;
  BatchHeader header;
  header.key = {session_, sequence_};
  header.sample_frequency_hz = self_paced ? timebase_.sample_frequency_hz() : frequency_hz_;
  header.start_time_ns = self_paced ? timebase_.time_ns(index_) + offset_ns_
                                    : sample_time_ns(static_cast<int64_t>(start_us_) * 1000 + offset_ns_, index_,
                                                     frequency_hz_);
  header.position = position;
  const size_t size = encode_measurements(header, source_.info(), frames_.data, open_, payload_);
  buffer_.add(header.key, {payload_.data, size});
  ++sequence_;
  ++batches_made_;
  samples_made_ += open_ * source_.info().channel_count;
  index_ += open_;
  open_ = 0;
}

}  // namespace sensor
