#include "node.h"

#include <algorithm>
#include <filesystem>

#include "log.h"

namespace host {
namespace {

// a quarter of the ring is one batch at most, so that a full ring loses a part of what it holds
constexpr size_t kRingPerBatch = 4;
constexpr size_t kMostFrames = size_t{480} * 1024;  // less than the largest message
constexpr size_t kBesideFrames = 2048;
constexpr double kShaftHz = 24.8;
constexpr double kShaftStepHz = 0.37;  // machines differ

sensor::SyntheticOptions signal(size_t number) {
  sensor::SyntheticOptions options;
  options.frequency_hz = kShaftHz + kShaftStepHz * static_cast<double>(number % 20);
  options.seed = static_cast<uint32_t>(number + 1);
  return options;
}

sensor::Counters sum(const sensor::Counters& a, const sensor::Counters& b) {
  sensor::Counters c;
  c.batches_made = a.batches_made + b.batches_made;
  c.samples_made = a.samples_made + b.samples_made;
  c.batches_acknowledged = a.batches_acknowledged + b.batches_acknowledged;
  c.batches_lost = a.batches_lost + b.batches_lost;
  c.batches_resent = a.batches_resent + b.batches_resent;
  c.not_held = a.not_held + b.not_held;
  c.messages_lost = a.messages_lost + b.messages_lost;
  c.commands = a.commands + b.commands;
  c.bad_commands = a.bad_commands + b.bad_commands;
  c.overruns = a.overruns + b.overruns;
  c.clock_steps = a.clock_steps + b.clock_steps;
  c.reconnects = a.reconnects + b.reconnects;
  c.store_failures = a.store_failures + b.store_failures;
  return c;
}

}  // namespace

void HostSystem::log(hal::LogLevel level, const char* logger, const char* message) {
  host::log(level, logger, {{"serial_number", serial_number_}, {"message", message}});
}

bool HostSystem::take_reboot() {
  const bool wanted = reboot_;
  reboot_ = false;
  return wanted;
}

Node::Node(const Options& options, const std::string& serial_number, const std::string& password, size_t number,
           HostClock& clock, const NmeaFile& nmea)
    : serial_number_(serial_number),
      password_(password),
      broker_(options.broker),
      options_{serial_number_.c_str(), options.vibration_frequency_hz, options.batch_duration_s},
      clock_(clock),
      system_(serial_number),
      source_(signal(number)),
      frames_bytes_(std::min<size_t>(options.ring_bytes / kRingPerBatch, kMostFrames)),
      payload_bytes_(frames_bytes_ + kBesideFrames),
      ring_bytes_(options.ring_bytes),
      frames_(new uint8_t[frames_bytes_]),  // not zeroed: a fleet uses little of it
      payload_(new uint8_t[payload_bytes_]),
      scratch_(new uint8_t[payload_bytes_]),
      ring_(new uint8_t[ring_bytes_]) {
  if (!options.state.empty() && !make_folder(options.state)) {
    return;
  }
  store_ = std::make_unique<FileStore>(folder_.empty() ? folder_ : folder_ + "/store");
  if (options.spool_bytes != 0) {
    flash_ = std::make_unique<FileFlash>(folder_.empty() ? folder_ : folder_ + "/spool", options.spool_bytes);
    problem_ = flash_->problem();
  }
  if (!nmea.seconds.empty()) {
    gps_ = std::make_unique<FileGps>(nmea, clock);
  }
  if (problem_.empty()) {
    make_mqtt();
  }
}

bool Node::make_folder(const std::string& state) {
  folder_ = state + "/" + serial_number_;
  std::error_code error;
  std::filesystem::create_directories(folder_ + "/store", error);
  if (error) {
    problem_ = folder_ + ": " + error.message();
  }
  return !error;
}

void Node::make_mqtt() {
  mqtt_ = std::make_unique<MosquittoMqtt>(broker_, serial_number_, password_);
  problem_ = mqtt_->problem();
}

void Node::boot() {
  const sensor::Board board{clock_, source_, *mqtt_, *store_, system_, flash_.get(), gps_.get()};
  const sensor::Workspace workspace{{frames_.get(), frames_bytes_},
                                    {payload_.get(), payload_bytes_},
                                    {scratch_.get(), payload_bytes_},
                                    {ring_.get(), ring_bytes_}};
  sensor_ = std::make_unique<sensor::Sensor>(options_, board, workspace);
  sensor_->begin();
  due_us_ = 0;
}

void Node::reboot() {
  mqtt_->write();  // what was acknowledged does not come again
  before_ = counters();
  sensor_.reset();
  make_mqtt();
  boot();
}

void Node::run(uint64_t now_us) {
  if (mqtt_->deliver(*this) || now_us >= due_us_) {
    due_us_ = sensor_->tick();
  }
  if (system_.take_reboot()) {
    reboot();
    due_us_ = sensor_->tick();
  }
  mqtt_->write();
  if (mqtt_->deliver(*this)) {
    due_us_ = now_us;  // the connection ended while it wrote: no socket will tell
  }
}

void Node::stop() {
  stopping_ = true;
  sensor_->stop();
  due_us_ = 0;
}

void Node::save() { sensor_->save(); }

sensor::Counters Node::counters() const { return sensor_ ? sum(before_, sensor_->counters()) : before_; }

void Node::on_connected() {
  log(hal::LogLevel::kDebug, "connected", {{"serial_number", serial_number_}});
  unreachable_.clear();
  sensor_->on_connected();
}

void Node::on_disconnected(bool refused) {
  // once, until it is connected or there is another reason: attempts follow each other in a second
  const bool known = !refused && mqtt_->reason() == unreachable_;
  unreachable_ = mqtt_->reason();
  if (!known && !stopping_) {
    log(refused ? hal::LogLevel::kError : hal::LogLevel::kWarning, refused ? "refused" : "mqtt_unreachable",
        {{"serial_number", serial_number_}, {"error", mqtt_->reason()}});
  }
  sensor_->on_disconnected(refused ? sensor::Sensor::Disconnect::kRefused : sensor::Sensor::Disconnect::kLost);
}

void Node::on_published(hal::PublishId id, uint8_t reason_code) { sensor_->on_published(id, reason_code); }

void Node::on_command(sensor::Bytes payload) { sensor_->on_command(payload); }

}  // namespace host
