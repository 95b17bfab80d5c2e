#pragma once

#include <array>
#include <cstddef>

#include "core/settings.h"

namespace sensor {

/// The serial console: lines in, lines out. `help`, `show`, `set NAME VALUE`, `unset NAME`, `save`, `cancel`, `status`, `reboot`,
/// `erase yes`. Nothing is written before `save`; every line is answered by `ok …` or `error: …`, so that a program can
/// talk to it (iotctl provision --port). Long values (a certificate) come as base64 lines: `set tls.ca -` … `.`
class Console {
 public:
  /// What the console does beside settings.
  class Actions {
   public:
    virtual void write(const char* text) = 0;  ///< to the line
    virtual void reboot() = 0;
    virtual void status() = 0;  ///< writes how the sensor is

   protected:
    ~Actions() = default;
  };

  Console(Settings& settings, Actions& actions);
  /// Take characters as they come; lines end with CR, LF or both. Overlong ones are answered by an error.
  void feed(const char* text, size_t size);
};

}  // namespace sensor
