#include "fleet.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>

#include "log.h"

namespace host {
namespace {

constexpr int64_t kLookAfterMs = 1000;
// boards do not boot at the same moment: batches of a fleet are not all made at once
constexpr double kBootsWithinMs = 1000;
constexpr double kMostPerMs = 1.0;  // and a broker is not knocked down by a large fleet

volatile std::sig_atomic_t signals = 0;

void on_signal(int /*number*/) { signals = signals + 1; }

int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// Signals come only while it polls; gives the mask to poll with.
sigset_t catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigset_t stops;
  sigset_t before;
  sigemptyset(&stops);
  for (const int number : {SIGTERM, SIGINT}) {
    sigaction(number, &action, nullptr);
    sigaddset(&stops, number);
  }
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  pthread_sigmask(SIG_BLOCK, &stops, &before);
  return before;
}

}  // namespace

Fleet::Fleet(const Options& options)
    : options_(options), clock_(options.clock), health_([this](const std::string& path) { return answer(path); }) {}

bool Fleet::prepare(const Credentials& credentials, std::string* problem) {
  const std::vector<std::string> serials = options_.serial_numbers();
  const auto unknown = std::find_if(serials.begin(), serials.end(),
                                    [&](const std::string& serial) { return credentials.count(serial) == 0; });
  if (unknown != serials.end()) {
    *problem = "no credentials for " + *unknown + " in " + options_.credentials +
               ": python -m stack credentials makes them";
    return false;
  }
  if (!options_.nmea.empty() && !NmeaFile::load(options_.nmea, &nmea_)) {
    *problem = options_.nmea + " holds no NMEA sentences, or cannot be read";
    return false;
  }
  for (size_t i = 0; i < serials.size(); ++i) {
    nodes_.push_back(std::make_unique<Node>(options_, serials[i], credentials.at(serials[i]), i, clock_, nmea_));
    *problem = nodes_.back()->problem();
    if (!problem->empty()) {
      return false;
    }
  }
  return health_.listen(options_.health_host, options_.health_port, problem);
}

int Fleet::run() {
  log(hal::LogLevel::kInfo, "started",
      {{"health", options_.health_host + ":" + std::to_string(health_.port())}, {"sensors", nodes_.size()}});
  const sigset_t mask = catch_signals();
  began_ms_ = now_ms();
  for (;;) {
    const int64_t now = now_ms();
    start_due(now);
    const uint64_t now_us = clock_.monotonic_us();
    for (size_t i = 0; i < begun_; ++i) {
      nodes_[i]->run(now_us);
      if (!nodes_[i]->problem().empty()) {  // a file of TLS that is gone when a sensor reboots
        log(hal::LogLevel::kError, "failed", {{"error", nodes_[i]->problem()}});
        return finish(false);
      }
    }
    if (now >= looked_ms_ + kLookAfterMs) {
      look_after(now);
    }
    if (stop_by_ms_ == 0 && stop_wanted(now)) {
      begin_stop(now);
    }
    if (stop_by_ms_ != 0 && (all_stopped() || now >= stop_by_ms_ || signals > 1)) {
      return finish(all_stopped());
    }
    polled_.clear();
    health_.add_to(&polled_);
    const size_t first = polled_.size();
    for (size_t i = 0; i < begun_; ++i) {
      const MosquittoMqtt& mqtt = nodes_[i]->mqtt();
      polled_.push_back({mqtt.socket(), static_cast<short>(POLLIN | (mqtt.wants_write() ? POLLOUT : 0)), 0});
    }
    const int64_t wait = wait_ms(now_ms());
    const timespec timeout{static_cast<time_t>(wait / 1000), static_cast<long>(wait % 1000 * 1'000'000)};
    if (ppoll(polled_.data(), polled_.size(), &timeout, &mask) <= 0) {
      continue;
    }
    for (size_t i = 0; i < begun_; ++i) {
      const short events = polled_[first + i].revents;
      if ((events & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) != 0) {
        nodes_[i]->mqtt().read();
      }
    }
    health_.serve(polled_.data());
  }
}

void Fleet::start_due(int64_t now) {
  const double within_ms = std::max(kBootsWithinMs, static_cast<double>(nodes_.size()) / kMostPerMs);
  const double share = std::min(1.0, static_cast<double>(now - began_ms_ + 1) / within_ms);
  const size_t due = stop_by_ms_ == 0 ? static_cast<size_t>(std::ceil(share * static_cast<double>(nodes_.size()))) : 0;
  while (begun_ < due) {
    nodes_[begun_++]->begin();
  }
}

void Fleet::look_after(int64_t now) {
  looked_ms_ = now;
  for (size_t i = 0; i < begun_; ++i) {
    nodes_[i]->mqtt().look_after();
  }
  if (!said_ready_ && all_connected()) {
    said_ready_ = true;
    log(hal::LogLevel::kInfo, "ready", {{"sensors", nodes_.size()}});
  }
  if (!options_.report.empty() && !write_report(options_.report, nodes_)) {
    log(hal::LogLevel::kError, "report_not_written", {{"path", options_.report}});
  }
}

int64_t Fleet::wait_ms(int64_t now) const {
  uint64_t due_us = UINT64_MAX;
  for (size_t i = 0; i < begun_; ++i) {
    due_us = std::min(due_us, nodes_[i]->due_us());
  }
  const uint64_t now_us = clock_.monotonic_us();
  int64_t wait = due_us > now_us ? clock_.real_ms(due_us - now_us) : 0;
  wait = std::min(wait, looked_ms_ + kLookAfterMs - now);
  if (begun_ < nodes_.size() && stop_by_ms_ == 0) {
    wait = std::min<int64_t>(wait, 1);
  }
  if (options_.duration_s && stop_by_ms_ == 0) {
    wait = std::min(wait, began_ms_ + static_cast<int64_t>(*options_.duration_s * 1000) - now);
  }
  if (stop_by_ms_ != 0) {
    wait = std::min(wait, stop_by_ms_ - now);
  }
  return std::max<int64_t>(wait, 0);
}

bool Fleet::stop_wanted(int64_t now) const {
  return signals != 0 || (options_.duration_s && now - began_ms_ >= std::llround(*options_.duration_s * 1000));
}

void Fleet::begin_stop(int64_t now) {
  log(hal::LogLevel::kInfo, "stopping", {{"sensors", begun_}});
  stop_by_ms_ = std::max<int64_t>(1, now + static_cast<int64_t>(options_.drain_timeout_s * 1000));
  for (size_t i = 0; i < begun_; ++i) {
    nodes_[i]->stop();
  }
}

bool Fleet::all_connected() const {
  return begun_ == nodes_.size() &&
         std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->connected(); });
}

bool Fleet::all_stopped() const {
  return std::all_of(nodes_.begin(), nodes_.begin() + static_cast<ptrdiff_t>(begun_),
                     [](const auto& node) { return node->stopped(); });
}

int Fleet::finish(bool in_time) {
  uint64_t left = 0;
  for (size_t i = 0; i < begun_; ++i) {
    if (!nodes_[i]->stopped()) {
      nodes_[i]->save();
      left += nodes_[i]->buffered_batches();
    }
  }
  if (!options_.report.empty()) {
    write_report(options_.report, nodes_);
  }
  if (!in_time) {
    log(hal::LogLevel::kError, "drain_timed_out", {{"timeout_s", options_.drain_timeout_s}, {"batches", left}});
    return 1;
  }
  log(hal::LogLevel::kInfo, "stopped");
  return 0;
}

Health::Answer Fleet::answer(const std::string& path) const {
  if (path == "/metrics") {
    return {200, metrics(nodes_)};
  }
  if (path == "/healthz") {
    return {200, "ok\n"};
  }
  if (path == "/readyz") {
    const bool ready = all_connected();
    return {ready ? 200 : 503, ready ? "ready\n" : "waiting for: mqtt\n"};
  }
  return {404, "/metrics /healthz /readyz\n"};
}

}  // namespace host
