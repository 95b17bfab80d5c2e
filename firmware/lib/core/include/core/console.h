#pragma once

#include <array>
#include <cstddef>

#include "core/draft.h"
#include "core/settings.h"

namespace sensor {

/// The serial console, for people and for programs (iotctl provision --port): lines in, lines out, no echo.
///
///     help                 commands and settings
///     show                 settings: `NAME = VALUE`, behind "* " where it is not saved, "- " where it is not
///     set set NAME VALUE       the value is the rest of the line, as it is set NAME -           of a PEM
///     file: its lines follow, then a line "." unset NAME save, cancel         write all changes, or forget
///     them status, reboot erase yes            forget every setting, at once
///
/// Each line, empty ones apart, is answered by exactly one line that begins with `ok` or `error:`; what a
/// command shows comes before it, and begins otherwise. Nothing but `erase yes` is written before `save`,
/// which refuses where a setting is missing. A prompt "> " is written where a person would look for it; an
/// answer always begins a line of its own. Backspace takes a character back, Ctrl-C and Ctrl-U the line.
class Console {
 public:
  /// What the console does beside settings.
  class Actions {
   public:
    virtual void write(
        const char* text) = 0;  ///< to the line; whole lines, which end with CR LF, and prompts
    virtual void reboot() = 0;  ///< `ok` is written by then
    virtual void status() = 0;  ///< writes how the sensor is, in lines that do not begin like an answer

   protected:
    ~Actions() = default;
  };

  static constexpr size_t kMaximumLine = 300;    ///< bytes
  static constexpr size_t kMaximumDraft = 8192;  ///< bytes of changes that are not saved: three PEM files

  Console(Settings& settings, Actions& actions);
  /// Say, at boot, that somebody listens: `console: SERIAL` or `console: NAME is not set`.
  void greet();
  /// Take characters as they come; lines end with CR, LF or both.
  void feed(const char* text, size_t size);

 private:
  static constexpr size_t kMaximumAnswer = 320;

  void end_line();
  void execute();
  void help();
  void show();
  void set(char* name_and_value);
  void unset(const char* name);
  void save();
  void erase(const char* sure);
  void begin_pem(const SettingInfo& setting);
  void pem_line();
  void end_pem();

  void ok(const char* text, const char* more = "");
  void error(const char* text, const char* more = "");
  void answer(const char* outcome, const char* text, const char* more);
  void line(const char* first, const char* second, const char* third, const char* fourth = "");
  void changed(const SettingInfo& setting, size_t size);

  Settings& settings_;
  Actions& actions_;
  std::array<uint8_t, kMaximumDraft> room_{};
  Draft draft_;
  Settings edited_;  ///< as they would be if all changes were saved

  std::array<char, kMaximumLine + 1> line_{};
  size_t length_ = 0;
  const char* line_problem_ = nullptr;  ///< why the line cannot be understood
  bool after_cr_ = false;

  const SettingInfo* pem_ = nullptr;  ///< the setting whose lines come
  size_t pem_size_ = 0;
  const char* pem_problem_ = nullptr;
};

}  // namespace sensor
