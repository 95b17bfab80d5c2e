#include "core/console.h"

#include <cstring>

#include "core/text.h"

namespace sensor {
namespace {

constexpr char kBackspace = '\b';
constexpr char kDelete = '\x7f';
constexpr char kInterrupt = '\x03';  ///< Ctrl-C
constexpr char kKill = '\x15';       ///< Ctrl-U
constexpr const char* kPrompt = "\r\n> ";

/// Ends the first word; what follows one space behind it.
char* cut_word(char* text) {
  char* space = std::strchr(text, ' ');
  if (space == nullptr) return text + std::strlen(text);
  *space = '\0';
  return space + 1;
}

bool is(const char* word, const char* other) {
  return std::strcmp(word, other) == 0;
}

}  // namespace

Console::Console(Settings& settings, Actions& actions)
    : settings_(settings),
      actions_(actions),
      draft_(settings.store(), {room_.data(), room_.size()}),
      edited_(draft_) {
}

void Console::greet() {
  char serial_number[kMaximumSetting + 1];
  settings_.get("serial_number", serial_number, sizeof serial_number);
  const char* missing = settings_.missing();
  actions_.write("\r\n");
  if (missing == nullptr) {
    line("console: ", serial_number, "");
  } else {
    line("console: ", missing, " is not set; help explains");
  }
  actions_.write(kPrompt + 2);  // a line has just begun
}

void Console::feed(const char* text, size_t size) {
  for (; size > 0; --size, ++text) {
    const char one = *text;
    const bool second = one == '\n' && after_cr_;
    after_cr_ = one == '\r';
    if (second) continue;
    if (one == '\r' || one == '\n') {
      end_line();
    } else if (one == kInterrupt || one == kKill) {
      length_ = 0;
      line_problem_ = nullptr;
    } else if (one == kBackspace || one == kDelete) {
      // bytes of UTF-8 that go on with a character are 10xxxxxx
      bool within = length_ > 0;
      while (within) {
        --length_;
        within = length_ > 0 && (static_cast<unsigned char>(line_[length_]) & 0xC0U) == 0x80U;
      }
    } else if (static_cast<unsigned char>(one) < ' ') {
      line_problem_ = "the line has a character that is no text";
    } else if (length_ == kMaximumLine) {
      line_problem_ = "the line is too long";
    } else {
      line_[length_++] = one;
    }
  }
}

void Console::end_line() {
  line_[length_] = '\0';
  if (pem_ != nullptr) {
    if (length_ > 0 || line_problem_ != nullptr) pem_line();
  } else if (line_problem_ != nullptr) {
    error(line_problem_);
  } else if (length_ > 0) {
    execute();
  } else {
    actions_.write(kPrompt);
  }
  length_ = 0;
  line_problem_ = nullptr;
  line_.fill('\0');  // it may have been a password
}

void Console::execute() {
  char* command = line_.data();
  char* rest = cut_word(command);
  const bool alone = *rest == '\0';
  if (is(command, "set")) {
    set(rest);
  } else if (is(command, "unset")) {
    unset(rest);
  } else if (is(command, "erase")) {
    erase(rest);
  } else if (is(command, "help") && alone) {
    help();
  } else if (is(command, "show") && alone) {
    show();
  } else if (is(command, "save") && alone) {
    save();
  } else if (is(command, "cancel") && alone) {
    draft_.discard();
    ok("nothing is changed");
  } else if (is(command, "status") && alone) {
    actions_.write("\r\n");
    actions_.status();
    ok("");
  } else if (is(command, "reboot") && alone) {
    if (!draft_.empty()) {
      error("changes are not saved: save or cancel");
      return;
    }
    ok("rebooting");
    actions_.reboot();
  } else {
    // what was typed is not repeated: it may be a secret on the wrong line
    error("there is no such command: help lists them");
  }
}

void Console::ok(const char* text, const char* more) {
  answer("ok", text, more);
}

void Console::error(const char* text, const char* more) {
  answer("error:", text, more);
}

void Console::answer(const char* outcome, const char* text, const char* more) {
  char whole[kMaximumAnswer];
  Text written(whole, sizeof whole - std::strlen(kPrompt));
  // the person's own end of line was not echoed, and a log's line may be open
  written.add("\r\n").add(outcome);
  if (*text != '\0') written.add(" ").add(text).add(more);
  Text(whole + std::strlen(whole), std::strlen(kPrompt) + 1).add(pem_ == nullptr ? kPrompt : "\r\n");
  actions_.write(whole);
}

void Console::line(const char* first, const char* second, const char* third, const char* fourth) {
  char whole[kMaximumAnswer];
  Text(whole, sizeof whole - 2).add(first).add(second).add(third).add(fourth);
  Text(whole + std::strlen(whole), 3).add("\r\n");
  actions_.write(whole);
}

}  // namespace sensor
