#include <cstring>

#include "core/console.h"
#include "core/text.h"

// What the console does with settings.
namespace sensor {
namespace {

constexpr const char* kCommands[][2] = {
    {"show", "all settings; * not saved, - not set"},
    {"set NAME VALUE", "change a setting; set NAME - for a PEM file, whose lines follow, then a line ."},
    {"unset NAME", "as it was at first"},
    {"save", "write all changes"},
    {"cancel", "forget all changes"},
    {"status", "how the sensor is"},
    {"reboot", "begin anew, with what is saved"},
    {"erase yes", "forget every setting, at once"},
};
constexpr const char* kNoSuchSetting = "there is no such setting: help lists them";
constexpr size_t kHelpColumn = 26;

/// Blanks up to the column in which help explains.
const char* blanks(const char* name) {
  static constexpr char kBlanks[kHelpColumn + 1] = "                          ";
  const size_t size = std::strlen(name);
  return size < kHelpColumn ? kBlanks + size : "";
}

}  // namespace

void Console::help() {
  actions_.write("\r\n");
  for (const auto& command : kCommands) line("  ", command[0], blanks(command[0]), command[1]);
  actions_.write("\r\n");
  for (const SettingInfo& setting : kSettings) line("  ", setting.name, blanks(setting.name), setting.help);
  ok("");
}

void Console::show() {
  actions_.write("\r\n");
  for (const SettingInfo& setting : kSettings) {
    char shown[kMaximumAnswer];
    Text text(shown, sizeof shown);
    const bool is_set = edited_.is_set(setting.name);
    text.add(draft_.changes(setting.key) ? "* " : is_set ? "  " : "- ").add(setting.name).add(" = ");
    char value[kMaximumSetting + 1];
    if (setting.secret) {
      text.add(is_set ? "***" : "-");
    } else if (setting.pem && is_set) {
      text.add(uint64_t{draft_.get(setting.key, nullptr, 0)}).add(" bytes");
    } else {
      edited_.get(setting.name, value, sizeof value);
      text.add(*value != '\0' ? value : "-");
    }
    line(shown, "", "");
  }
  ok("");
}

// cppcheck-suppress constParameterPointer  // it is cut in two where the blank is
void Console::set(char* name_and_value) {
  char* value = std::strchr(name_and_value, ' ');
  if (value != nullptr) *value++ = '\0';
  const SettingInfo* setting = Settings::find(name_and_value);
  if (setting == nullptr) {
    error(kNoSuchSetting);
  } else if (value == nullptr || *value == '\0') {
    error(setting->name, ": a value is missing; unset takes one away");
  } else if (setting->pem && std::strcmp(value, "-") == 0) {
    begin_pem(*setting);
  } else if (setting->pem) {
    error(setting->name, ": a PEM file comes in lines: set NAME -, its lines, then a line .");
  } else if (const char* problem = Settings::problem(setting->name, value); *problem != '\0') {
    char reason[kMaximumAnswer];
    Text(reason, sizeof reason).add(setting->name).add(": ").add(problem);
    error(reason);
  } else {
    changed(*setting, edited_.set(setting->name, value) ? std::strlen(value) : 0);
  }
}

/// Answer for a change of so many bytes; 0: there was no room.
void Console::changed(const SettingInfo& setting, size_t size) {
  if (size == 0) {
    error(setting.name, ": too many changes at once: save first");
    return;
  }
  char said[kMaximumAnswer];
  Text(said, sizeof said).add(setting.name).add(": ").add(uint64_t{size}).add(" bytes, not saved yet");
  ok(said);
}

void Console::unset(const char* name) {
  const SettingInfo* setting = Settings::find(name);
  if (setting == nullptr) {
    error(kNoSuchSetting);
  } else if (edited_.unset(name)) {
    ok(setting->name, " is not set");
  } else {
    error(setting->name, ": too many changes at once: save first");
  }
}

void Console::save() {
  if (const char* missing = edited_.missing(); missing != nullptr) {
    error(missing, " is not set: nothing is saved");
  } else if (!draft_.commit()) {
    error("the store failed: not everything is saved; save tries again");
  } else if (!settings_.is_set("wifi.ssid")) {
    ok("saved; wifi.ssid is not set: no Wi-Fi");
  } else {
    ok("saved; it counts after reboot");
  }
}

void Console::erase(const char* sure) {
  if (std::strcmp(sure, "yes") != 0) {
    error("erase yes forgets every setting, at once");
    return;
  }
  draft_.discard();
  bool done = true;
  for (const SettingInfo& setting : kSettings) done = settings_.unset(setting.name) && done;
  if (done) {
    ok("every setting is forgotten");
  } else {
    error("the store failed: not everything is forgotten");
  }
}

void Console::begin_pem(const SettingInfo& setting) {
  pem_ = &setting;
  pem_size_ = 0;
  pem_problem_ = nullptr;
  ok("its lines, then a line .");
}

/// One line of a PEM file, each answered: whoever sends them waits for that, and no character is lost. After
/// a problem the lines that are still on their way are no commands.
void Console::pem_line() {
  if (line_problem_ == nullptr && std::strcmp(line_.data(), ".") == 0) {
    end_pem();
    return;
  }
  if (line_problem_ == nullptr && std::strcmp(line_.data(), "cancel") == 0) {
    pem_ = nullptr;
    draft_.discard();
    ok("nothing is changed");
    return;
  }
  const Memory rest = draft_.rest();
  if (pem_problem_ == nullptr) pem_problem_ = line_problem_;
  if (pem_problem_ == nullptr && pem_size_ + length_ + 2 > rest.size)
    pem_problem_ = "too many changes at once";
  if (pem_problem_ != nullptr) {
    error(pem_problem_, "; a line . or cancel ends it");
    return;
  }
  line_[length_++] = '\n';  // where the NUL was
  std::memcpy(rest.data + pem_size_, line_.data(), length_);
  pem_size_ += length_;
  ok("");
}

void Console::end_pem() {
  const SettingInfo& setting = *pem_;
  pem_ = nullptr;
  const Memory rest = draft_.rest();
  char* value = reinterpret_cast<char*>(rest.data);
  const char* problem = pem_problem_;
  if (problem == nullptr && rest.size == 0) problem = "too many changes at once";
  if (problem == nullptr) {
    value[pem_size_] = '\0';
    problem = Settings::problem(setting.name, value);
  }
  if (*problem == '\0') {
    changed(setting, edited_.set(setting.name, value) ? pem_size_ : 0);
    return;
  }
  std::memset(value, 0, pem_size_);  // it may be a key
  char reason[kMaximumAnswer];
  Text(reason, sizeof reason).add(setting.name).add(": ").add(problem);
  error(reason);
}

}  // namespace sensor
