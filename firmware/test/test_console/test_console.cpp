#include "core/console.h"

#include <doctest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sim/store.h"

using sensor::Console;
using sensor::Settings;

namespace {

const std::string kCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBtjCCAVugAwIBAgITBmyf1XSXNmY/Owua2eiedgPySjAKBggqhkjOPQQDAjA5\n"
    "-----END CERTIFICATE-----\n";
const std::string kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "-----END PRIVATE KEY-----\n";

/// A console with its store, and everything that it wrote.
struct Terminal : Console::Actions {
  sim::Store store;
  Settings settings{store};
  std::unique_ptr<Console> console = std::make_unique<Console>(settings, *this);
  std::string written;
  int reboots = 0;

  void write(const char* text) override { written += text; }
  void reboot() override { ++reboots; }
  void status() override { write("  connected\r\n"); }

  void type(const std::string& text) { console->feed(text.data(), text.size()); }

  /// The lines that were written since, without prompts.
  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    size_t from = 0;
    for (size_t end; (end = written.find("\r\n", from)) != std::string::npos; from = end + 2) {
      const std::string line = written.substr(from, end - from);
      if (!line.empty() && line != "> ") lines.push_back(line);
    }
    CHECK((written.size() == from || written.substr(from) == "> "));  // nothing is cut but a prompt
    written.clear();
    return lines;
  }

  /// Type a line; its one answer.
  std::string say(const std::string& line) {
    written.clear();
    type(line + "\n");
    std::vector<std::string> shown = lines();
    int answers = 0;
    for (const std::string& one : shown) {
      if (one == "ok" || one.rfind("ok ", 0) == 0 || one.rfind("error: ", 0) == 0) ++answers;
    }
    CHECK(answers == 1);
    REQUIRE(!shown.empty());
    return shown.back();
  }

  /// Type lines; "ok" where each was answered so, else the first other answer.
  std::string say_all(const std::string& text) {
    for (size_t from = 0, end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      const std::string answer = say(text.substr(from, end - from));
      if (answer.rfind("ok", 0) != 0) return answer;
    }
    return "ok";
  }

  std::string shown(const std::string& name) {
    written.clear();
    type("show\n");
    for (const std::string& line : lines()) {
      if (line.substr(2).rfind(name + " = ", 0) == 0) return line;
    }
    return "";
  }

  std::string stored(const std::string& key) {
    return store.values.count(key) != 0 ? store.values[key] : "none";
  }
};

const char* const kProvision =
    "set serial_number pump-1\n"
    "set mqtt.host mqtt.example.org\n"
    "set mqtt.port 8883\n"
    "set mqtt.password aB-_\"\\$9\n";

bool begins(const std::string& text, const std::string& beginning) {
  return text.rfind(beginning, 0) == 0;
}

}  // namespace

TEST_CASE("what iotctl provision --format console prints makes a sensor, pasted as it is") {
  Terminal terminal;
  CHECK(terminal.say_all(kProvision) == "ok");
  CHECK(begins(terminal.say("save"), "ok saved"));
  CHECK(terminal.stored("serial_number") == "pump-1");
  CHECK(terminal.stored("mqtt.host") == "mqtt.example.org");
  CHECK(terminal.stored("mqtt.port") == "8883");
  CHECK(terminal.stored("mqtt.password") == "aB-_\"\\$9");
  CHECK(terminal.store.values.size() == 4);
}

TEST_CASE("nothing is written before save") {
  Terminal terminal;
  terminal.say_all(kProvision);
  terminal.say("show");
  terminal.say("unset mqtt.port");
  CHECK(terminal.store.writes == 0);
  CHECK(terminal.say("reboot") == "error: changes are not saved: save or cancel");
  CHECK(terminal.reboots == 0);
  CHECK(terminal.say("cancel") == "ok nothing is changed");
  CHECK(terminal.say("save") == "error: serial_number is not set: nothing is saved");
  CHECK(terminal.store.writes == 0);
}

TEST_CASE("save refuses where something is missing, and says what is worth knowing") {
  Terminal terminal;
  terminal.say("set serial_number pump-1");
  CHECK(terminal.say("save") == "error: mqtt.host is not set: nothing is saved");
  terminal.say("set mqtt.host broker");
  CHECK(terminal.say("save") == "error: mqtt.password is not set: nothing is saved");
  terminal.say("set mqtt.password x");
  CHECK(terminal.say("save") == "ok saved; wifi.ssid is not set: no Wi-Fi");
  terminal.say("set wifi.ssid home");
  CHECK(terminal.say("save") == "ok saved; it counts after reboot");
  terminal.say("unset mqtt.host");
  CHECK(terminal.say("save") == "error: mqtt.host is not set: nothing is saved");
  CHECK(terminal.stored("mqtt.host") == "broker");
}

TEST_CASE("a store that fails is told, and save tries again") {
  Terminal terminal;
  terminal.say_all(kProvision);
  terminal.store.fail_after(2);
  CHECK(begins(terminal.say("save"), "error: the store failed"));
  terminal.store.recover();
  CHECK(begins(terminal.say("save"), "ok saved"));
  CHECK(terminal.store.values.size() == 4);
}

TEST_CASE("show marks what is not saved and what is not set; secrets are never shown") {
  Terminal terminal;
  CHECK(terminal.shown("mqtt.port") == "- mqtt.port = 1883");
  CHECK(terminal.shown("mqtt.password") == "- mqtt.password = -");
  CHECK(terminal.shown("tls.ca") == "- tls.ca = -");
  terminal.say_all(kProvision);
  terminal.say("set wifi.password hunter2-hunter2");
  CHECK(terminal.shown("mqtt.port") == "* mqtt.port = 8883");
  CHECK(terminal.shown("mqtt.password") == "* mqtt.password = ***");
  terminal.say("save");
  CHECK(terminal.shown("mqtt.port") == "  mqtt.port = 8883");
  CHECK(terminal.shown("wifi.password") == "  wifi.password = ***");
  terminal.say("unset mqtt.port");
  CHECK(terminal.shown("mqtt.port") == "* mqtt.port = 1883");
}

TEST_CASE("no secret is ever written back, whatever line it comes in on") {
  const std::string secret = "Tr0ub4dor&3-Tr0ub4dor";
  Terminal terminal;
  std::string all;
  const auto type = [&](const std::string& text) {
    terminal.type(text);
    all += terminal.written;
    terminal.written.clear();
  };
  type("set mqtt.password " + secret + "\n");
  type("set wifi.password " + secret + "\n");
  type("set mqtt.passwrod " + secret + "\n");
  type("set mqtt.port " + secret + "\n");
  type(secret + "\nset " + secret + "\nunset " + secret + "\nerase " + secret + "\n");
  type("set tls.key " + secret + "\nset tls.key -\n" + secret + "\n.\n");
  type("show\nhelp\nstatus\nsave\ncancel\nshow\n");
  CHECK(all.find("ub4dor") == std::string::npos);
  CHECK(all.find("error:") != std::string::npos);
}

TEST_CASE("values are taken as they are typed: spaces, quotes, UTF-8") {
  Terminal terminal;
  terminal.say_all(kProvision);
  CHECK(terminal.say("set wifi.ssid  Büro  3 ") == "ok wifi.ssid: 10 bytes, not saved yet");
  CHECK(begins(terminal.say("set wifi.password a \"b\" 'c' \\d"), "ok"));
  CHECK(begins(terminal.say("set mqtt.password -"), "ok"));  // only a PEM file comes in lines
  terminal.say("save");
  CHECK(terminal.stored("wifi.ssid") == " Büro  3 ");
  CHECK(terminal.stored("wifi.password") == "a \"b\" 'c' \\d");
  CHECK(terminal.stored("mqtt.password") == "-");
}

TEST_CASE("every wrong line is one error that helps") {
  Terminal terminal;
  const std::pair<const char*, const char*> rows[] = {
      {"frobnicate", "error: there is no such command: help lists them"},
      {"save now", "error: there is no such command: help lists them"},
      {" save", "error: there is no such command: help lists them"},
      {"SAVE", "error: there is no such command: help lists them"},
      {".", "error: there is no such command: help lists them"},
      {"set", "error: there is no such setting: help lists them"},
      {"set mqtt.hosts x", "error: there is no such setting: help lists them"},
      {"unset", "error: there is no such setting: help lists them"},
      {"set mqtt.port", "error: mqtt.port: a value is missing; unset takes one away"},
      {"set mqtt.port ", "error: mqtt.port: a value is missing; unset takes one away"},
      {"set mqtt.port 0", "error: mqtt.port: a port is 1 to 65535"},
      {"set tls.ca x", "error: tls.ca: a PEM file comes in lines: set NAME -, its lines, then a line ."},
      {"erase", "error: erase yes forgets every setting, at once"},
      {"erase no", "error: erase yes forgets every setting, at once"},
  };
  for (const auto& [line, answer] : rows) {
    CAPTURE(line);
    CHECK(terminal.say(line) == answer);
  }
  CHECK(terminal.store.writes == 0);
}

TEST_CASE("lines end by CR, LF or both, and may be cut anywhere") {
  for (const char* end : {"\r", "\n", "\r\n"}) {
    const std::string text = std::string("set serial_number pump-1") + end + end + "show" + end;
    for (size_t cut = 0; cut <= text.size(); ++cut) {
      Terminal terminal;
      terminal.type(text.substr(0, cut));
      terminal.type(text.substr(cut));
      int answers = 0;
      bool shown = false;
      for (const std::string& line : terminal.lines()) {
        if (line == "ok" || begins(line, "ok ")) ++answers;
        shown = shown || line == "* serial_number = pump-1";
      }
      CHECK(answers == 2);
      CHECK(shown);
    }
  }
}

TEST_CASE("an empty line is no command: it brings the prompt") {
  Terminal terminal;
  terminal.type("\n");
  CHECK(terminal.written == "\r\n> ");
}

TEST_CASE("an answer begins a line of its own, and the prompt follows it") {
  Terminal terminal;
  terminal.type("save\n");
  CHECK(terminal.written == "\r\nerror: serial_number is not set: nothing is saved\r\n> ");
}

TEST_CASE("a line that is too long or no text is one error, and the next is understood") {
  Terminal terminal;
  const std::string fits(Console::kMaximumLine, 'x');
  CHECK(terminal.say(fits) == "error: there is no such command: help lists them");
  CHECK(terminal.say(fits + "x") == "error: the line is too long");
  CHECK(terminal.say(std::string(100'000, 'x')) == "error: the line is too long");
  CHECK(terminal.say(std::string("sho\0w", 5)) == "error: the line has a character that is no text");
  CHECK(terminal.say("\x1b[Asave") == "error: the line has a character that is no text");
  CHECK(terminal.say("show") == "ok");
}

TEST_CASE("backspace takes a character back, Ctrl-C and Ctrl-U the line") {
  Terminal terminal;
  CHECK(terminal.say("shoe\bw") == "ok");
  CHECK(terminal.say("\b\bxy\x7f\x7fshow") == "ok");
  CHECK(terminal.say("set serial_number x\x03show") == "ok");
  CHECK(terminal.say("x\x1bx\x15show") == "ok");
  CHECK(terminal.say("set wifi.ssid B\xC3\xBC\b\xC3\xA4r") == "ok wifi.ssid: 4 bytes, not saved yet");
}

TEST_CASE("a PEM file comes in lines, each answered") {
  Terminal terminal;
  terminal.say_all(kProvision);
  CHECK(terminal.say("set tls.ca -") == "ok its lines, then a line .");
  CHECK(terminal.say_all(kCertificate) == "ok");
  terminal.type("\r\n");  // blank lines do not matter
  CHECK(terminal.say(".") == "ok tls.ca: 119 bytes, not saved yet");
  CHECK(terminal.shown("tls.ca") == "* tls.ca = 119 bytes");
  CHECK(terminal.say_all("set tls.certificate -\n" + kCertificate + ".\nset tls.key -\n" + kKey + ".\n") ==
        "ok");
  CHECK(begins(terminal.say("save"), "ok"));
  CHECK(terminal.stored("tls.ca") == kCertificate);
  CHECK(terminal.stored("tls.certificate") == kCertificate);
  CHECK(terminal.stored("tls.key") == kKey);
  CHECK(terminal.shown("tls.key") == "  tls.key = ***");
}

TEST_CASE("a PEM file that is none is told at its end, and no line of it is a command") {
  Terminal terminal;
  terminal.say_all(kProvision);
  CHECK(terminal.say_all("set tls.ca -\nerase yes\nset serial_number other\nsave\n") == "ok");
  CHECK(begins(terminal.say("."), "error: tls.ca: a PEM file begins with"));
  CHECK(terminal.shown("serial_number") == "* serial_number = pump-1");
  CHECK(terminal.shown("tls.ca") == "- tls.ca = -");
  CHECK(terminal.say_all("set tls.ca -\n" + kKey + ".\n") ==
        "error: tls.ca: this PEM file is no certificate");
  CHECK(terminal.say_all("set tls.ca -\n.\n") == "error: tls.ca: a PEM file is missing");
}

TEST_CASE("a PEM file with a bad line: every line that is still on its way is refused, up to the end") {
  Terminal terminal;
  terminal.say("set tls.ca -");
  CHECK(terminal.say(std::string(400, 'A')) == "error: the line is too long; a line . or cancel ends it");
  CHECK(begins(terminal.say("show"), "error: the line is too long"));
  CHECK(terminal.say(".") == "error: tls.ca: the line is too long");
  CHECK(terminal.say("show") == "ok");
}

TEST_CASE("cancel ends a PEM file, too") {
  Terminal terminal;
  terminal.say("set serial_number x");
  terminal.say_all("set tls.key -\n-----BEGIN PRIVATE KEY-----\n");
  CHECK(terminal.say("cancel") == "ok nothing is changed");
  CHECK(terminal.shown("serial_number") == "- serial_number = -");
}

TEST_CASE("three large PEM files fit at once; more does not, and is refused in time") {
  const auto file = [](const std::string& label, size_t lines) {
    std::string text = "-----BEGIN " + label + "-----\n";
    for (size_t line = 0; line < lines; ++line) text += std::string(64, 'A') + "\n";
    return text + "-----END " + label + "-----\n";
  };
  Terminal terminal;
  terminal.say_all(kProvision);
  CHECK(terminal.say_all("set tls.ca -\n" + file("CERTIFICATE", 30) + ".\n") == "ok");
  CHECK(terminal.say_all("set tls.certificate -\n" + file("CERTIFICATE", 31) + ".\n") == "ok");
  CHECK(terminal.say_all("set tls.key -\n" + file("PRIVATE KEY", 50) + ".\n") == "ok");
  CHECK(terminal.say_all("set tls.ca -\n" + file("CERTIFICATE", 60)) ==
        "error: too many changes at once; a line . or cancel ends it");
  CHECK(terminal.say(".") == "error: tls.ca: too many changes at once");
  CHECK(begins(terminal.say("save"), "ok"));
  CHECK(terminal.stored("tls.key") == file("PRIVATE KEY", 50));
  CHECK(terminal.say_all("set tls.ca -\n" + file("CERTIFICATE", 62) + ".\n") == "ok");
  terminal.say("save");
  CHECK(terminal.say_all("set tls.ca -\n" + file("CERTIFICATE", 63) + ".\n") ==
        "error: tls.ca: the value is too long");
}

TEST_CASE("reboot answers first; status shows; help lists every setting") {
  Terminal terminal;
  CHECK(terminal.say("reboot") == "ok rebooting");
  CHECK(terminal.reboots == 1);
  terminal.type("status\n");
  CHECK(terminal.lines() == std::vector<std::string>{"  connected", "ok"});
  terminal.type("help\n");
  const std::string help = terminal.written;
  for (const sensor::SettingInfo& setting : sensor::kSettings) {
    CAPTURE(setting.name);
    CHECK(help.find(std::string("  ") + setting.name + " ") != std::string::npos);
    CHECK(help.find(setting.help) != std::string::npos);
  }
}

TEST_CASE("erase yes forgets every setting, saved or not") {
  Terminal terminal;
  terminal.store.values["state"] = "of somebody else";
  terminal.say_all(kProvision);
  terminal.say("save");
  terminal.say("set wifi.ssid home");
  CHECK(terminal.say("erase yes") == "ok every setting is forgotten");
  CHECK(terminal.store.values.size() == 1);
  CHECK(terminal.shown("wifi.ssid") == "- wifi.ssid = -");
  terminal.say_all(kProvision);
  terminal.say("save");
  terminal.store.fail_after(1);
  CHECK(begins(terminal.say("erase yes"), "error: the store failed"));
}

TEST_CASE("at boot it says who it is, or what is missing") {
  Terminal terminal;
  terminal.console->greet();
  CHECK(terminal.written == "\r\nconsole: serial_number is not set; help explains\r\n> ");
  terminal.say_all(kProvision);
  terminal.say("save");
  terminal.written.clear();
  terminal.console->greet();
  CHECK(terminal.written == "\r\nconsole: pump-1\r\n> ");
}

TEST_CASE("any bytes: as many answers as lines, and nothing is written without save") {
  const std::string words[] = {
      "set", "unset", "save", "cancel", "show", "help",   "tls.ca", "tls.key", "mqtt.host",
      " ",   " - ",   ".",    "\n",     "\r\n", "erase",  "reboot", "\b",      "\x15",
      "x",   "1",     "\xFF", "yes",    "\r",   "status", "\n",     "\n",      "-----BEGIN CERTIFICATE-----"};
  int wrong = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    Terminal terminal;
    for (int round = 0; round < 100; ++round) {
      std::string text;
      for (unsigned count = random() % 8; count > 0; --count) {
        text += random() % 10 == 0 ? std::string(1, static_cast<char>(random()))
                                   : words[random() % std::size(words)];
      }
      terminal.type(text);
    }
    terminal.type("\ncancel\n");
    terminal.written.clear();
    terminal.type("show\n");
    const std::vector<std::string> shown = terminal.lines();
    if (shown.size() != sensor::kSettingCount + 1 || shown.back() != "ok") ++wrong;
    if (!terminal.store.values.empty()) ++wrong;  // serial_number is never set here, so save never writes
  }
  CHECK(wrong == 0);
}
