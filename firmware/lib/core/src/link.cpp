#include "core/link.h"

#include <algorithm>

#include "core/messages.h"
#include "core/text.h"

namespace sensor {
namespace {

constexpr uint64_t kNever = UINT64_MAX;
constexpr uint64_t kRefusedUs = 300'000'000;  // somebody may provision it again; nobody restarts a board on a mast
// what is said keeps some of the window, so that batches that nobody takes do not stop a status
constexpr size_t kWindowOfBatches = kWindow - 4;

}  // namespace

Link::Link(const Options& options, const Board& board, Memory payload, Writer& writer, Buffer& buffer)
    : answers(board.store),
      options_(options),
      mqtt_(board.mqtt),
      system_(board.system),
      payload_(payload),
      writer_(writer),
      buffer_(buffer) {}

void Link::pump(uint64_t now_us) {
  if (state_ == State::kIdle && now_us >= connect_us_) {
    connect();
  }
  retry(now_us);
  if (!connected()) {
    return;
  }
  while (publish_said(now_us)) {
  }
  while (publish_batch()) {
  }
}

uint64_t Link::due_us() const {
  uint64_t due = state_ == State::kIdle ? connect_us_ : kNever;
  for (const Flight& flight : flights_) {
    if (flight.kind != Kind::kNone && flight.id == hal::kNotTaken) {
      due = std::min(due, flight.retry_us);
    }
  }
  return due;
}

void Link::connect() {
  const size_t size = writer_.write_last_will(payload_);
  char topic[64];
  topic_of("status", topic, sizeof topic);
  state_ = State::kConnecting;
  system_.show(hal::Lamp::kConnecting);
  mqtt_.connect({topic, payload_.data, size, true});
}

void Link::disconnect() {
  mqtt_.disconnect();
  state_ = State::kIdle;
  connect_us_ = kNever;
}

bool Link::idle() const {
  // lines wait for a clock: without one there is nothing to wait for
  const bool lines = logs.count() != 0 && writer_.unix_ns_at(0) != 0;
  const bool said = birth_due_ || status_due_ || lines || answers.count() != 0;
  return !said && buffer_.not_held() == 0 &&
         std::all_of(flights_.begin(), flights_.end(), [](const Flight& f) { return f.kind == Kind::kNone; });
}

void Link::on_connected(uint64_t now_us) {
  state_ = State::kConnected;
  backoff_.reset();
  birth_due_ = status_due_ = true;
  pump(now_us);
}

void Link::on_disconnected(bool refused, uint64_t now_us) {
  if (connect_us_ == kNever) {
    return;  // it has said goodbye
  }
  reconnects_ += connected() ? 1 : 0;
  state_ = State::kIdle;
  connect_us_ = now_us + (refused ? kRefusedUs : backoff_.next_us(system_.random32()));
  system_.show(refused ? hal::Lamp::kError : hal::Lamp::kConnecting);
}

void Link::on_published(hal::PublishId id, uint8_t reason_code, uint64_t now_us) {
  Flight* flight = flight_of(id);
  if (flight == nullptr) {
    return;  // of before a reboot
  }
  bytes_under_way_ -= flight->size;
  if (reason_code == hal::kReasonSuccess) {
    const Flight landed = *flight;
    *flight = {};
    held(landed);
  } else {
    ++not_held_;
    flight->id = hal::kNotTaken;  // it keeps its place in the window: what nobody takes is not hurried
    flight->retry_us = now_us + kRetryUs;
  }
}

void Link::on_dropped(hal::PublishId id) {
  if (Flight* flight = flight_of(id); flight != nullptr) {
    bytes_under_way_ -= flight->size;
    const Flight lost = *flight;
    *flight = {};
    say_again(lost);
  }
}

void Link::retry(uint64_t now_us) {
  for (Flight& flight : flights_) {
    if (flight.kind != Kind::kNone && flight.id == hal::kNotTaken && now_us >= flight.retry_us) {
      const Flight again = flight;
      flight = {};
      say_again(again);
    }
  }
}

void Link::say_again(const Flight& flight) {
  switch (flight.kind) {
    case Kind::kBirth:
      birth_due_ = true;
      break;
    case Kind::kStatus:
      status_due_ = true;
      break;
    case Kind::kLog:
      logs.at(flight.slot).state = Saying::kWaiting;
      break;
    case Kind::kAnswer:
      answers.at(flight.slot).state = Saying::kWaiting;
      break;
    case Kind::kBatch:
      buffer_.again(flight.key);
      break;
    case Kind::kNone:
      break;
  }
}

void Link::held(const Flight& flight) {
  switch (flight.kind) {
    case Kind::kBirth:
      writer_.birth_held();
      break;
    case Kind::kLog:
      logs.at(flight.slot).state = Saying::kFree;
      break;
    case Kind::kAnswer:
      answers.held(flight.slot);
      break;
    case Kind::kBatch: {
      const uint32_t before = buffer_.not_held();
      buffer_.held(flight.key);
      acknowledged_ += before - buffer_.not_held();  // one that was sent again counts once
      break;
    }
    case Kind::kStatus:
    case Kind::kNone:
      break;
  }
}

bool Link::publish_said(uint64_t now_us) {
  if (free_flight() == nullptr) {
    return false;
  }
  if (birth_due_) {
    birth_due_ = !publish(Kind::kBirth, "birth", {payload_.data, writer_.write_birth(payload_)}, true, {});
    return !birth_due_;
  }
  if (AnswerQueue::Answer* answer = answers.next(); answer != nullptr) {
    Flight flight;
    flight.slot = answers.slot_of(*answer);
    if (!publish(Kind::kAnswer, "acks", {payload_.data, encode(answer->ack, payload_)}, false, flight)) {
      return false;
    }
    answer->state = Saying::kUnderWay;
    return true;
  }
  if (status_due_) {
    status_due_ = !publish(Kind::kStatus, "status", {payload_.data, writer_.write_status(payload_)}, true, {});
    return !status_due_;
  }
  LogQueue::Line* line = writer_.unix_ns_at(now_us) == 0 ? nullptr : logs.next();
  if (line == nullptr) {
    return false;
  }
  Flight flight;
  flight.slot = logs.slot_of(*line);
  if (!publish(Kind::kLog, "logs", {payload_.data, encode_log(*line)}, false, flight)) {
    return false;
  }
  line->state = Saying::kUnderWay;
  return true;
}

bool Link::publish_batch() {
  const auto batches = static_cast<size_t>(std::count_if(
      flights_.begin(), flights_.end(), [](const Flight& flight) { return flight.kind == Kind::kBatch; }));
  if (batches >= kWindowOfBatches || bytes_under_way_ >= options_.window_bytes || free_flight() == nullptr) {
    return false;
  }
  Buffer::Outgoing outgoing;
  if (!buffer_.next(&outgoing)) {
    return false;
  }
  Flight flight;
  flight.key = outgoing.key;
  if (publish(Kind::kBatch, "measurements", outgoing.payload, false, flight)) {
    return true;
  }
  buffer_.again(outgoing.key);
  return false;
}

bool Link::publish(Kind kind, const char* level, Bytes payload, bool retain, Flight flight) {
  char topic[64];
  topic_of(level, topic, sizeof topic);
  const hal::PublishId id = mqtt_.publish({topic, payload.data, payload.size, retain});
  if (id == hal::kNotTaken) {
    return false;
  }
  flight.kind = kind;
  flight.id = id;
  flight.size = payload.size;
  bytes_under_way_ += payload.size;
  *free_flight() = flight;
  return true;
}

Link::Flight* Link::free_flight() {
  for (Flight& flight : flights_) {
    if (flight.kind == Kind::kNone) {
      return &flight;
    }
  }
  return nullptr;
}

Link::Flight* Link::flight_of(hal::PublishId id) {
  for (Flight& flight : flights_) {
    if (flight.kind != Kind::kNone && flight.id == id && id != hal::kNotTaken) {
      return &flight;
    }
  }
  return nullptr;
}

size_t Link::encode_log(const LogQueue::Line& line) {
  sensor_v1_Log log = sensor_v1_Log_init_zero;
  log.time_ns = writer_.unix_ns_at(line.time_us);
  log.level = static_cast<sensor_v1_LogLevel>(line.level);
  copy_text(log.logger, sizeof log.logger, line.logger);
  copy_text(log.message, sizeof log.message, line.message);
  return encode(log, payload_);
}

void Link::topic_of(const char* level, char* topic, size_t capacity) const {
  Text(topic, capacity).add("sensors/").add(options_.serial_number).add("/").add(level);
}

void Link::count(Counters* counters) const {
  counters->batches_acknowledged = acknowledged_;
  counters->batches_lost = buffer_.lost();
  counters->not_held = not_held_;
  counters->messages_lost = logs.lost() + answers.lost();
  counters->reconnects = reconnects_;
}

}  // namespace sensor
