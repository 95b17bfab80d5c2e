#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "credentials.h"
#include "health.h"
#include "host_clock.h"
#include "nmea_file.h"
#include "options.h"
#include "report.h"

namespace host {

/// Many sensors in one poll loop, no thread.
class Fleet {
 public:
  explicit Fleet(const Options& options);

  /// Make the sensors and listen. False, with `problem`.
  bool prepare(const Credentials& credentials, std::string* problem);
  /// Until a signal (or --duration); the exit code.
  int run();

 private:
  /// Once a second.
  void look_after(int64_t now);
  void start_due(int64_t now);
  int64_t wait_ms(int64_t now) const;
  bool stop_wanted(int64_t now) const;
  void begin_stop(int64_t now);
  bool all_connected() const;
  bool all_stopped() const;
  int finish(bool in_time);
  Health::Answer answer(const std::string& path) const;

  const Options& options_;
  HostClock clock_;
  NmeaFile nmea_;
  Health health_;
  Nodes nodes_;
  std::vector<pollfd> polled_;
  size_t begun_ = 0;  // nodes that have booted
  int64_t began_ms_ = 0;
  int64_t looked_ms_ = 0;
  int64_t stop_by_ms_ = 0;  // 0: nobody asked
  bool said_ready_ = false;
};

}  // namespace host
