// console: a board's serial console as a program. Standard input and output are the line, a folder is the
// store:
//
//     console FOLDER
//
// A reboot says what a board says then, and begins anew with what is saved.

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/console.h"
#include "core/settings.h"
#include "file_store.h"

namespace {

/// Everything, whatever the line takes at once.
void write_all(const char* text) {
  size_t left = std::strlen(text);
  while (left > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, text, left);
    if (written < 0) {
      if (errno == EINTR) continue;
      return;  // nobody listens
    }
    text += written;
    left -= static_cast<size_t>(written);
  }
}

class Line final : public sensor::Console::Actions {
 public:
  void write(const char* text) override { write_all(text); }
  void reboot() override { rebooting_ = true; }
  void status() override { write_all("  the console alone, without a sensor\r\n"); }

  bool rebooting() const { return rebooting_; }

 private:
  bool rebooting_ = false;
};

/// From boot to reboot; false at the end of input.
bool run(const char* folder) {
  host::FileStore store(folder);
  sensor::Settings settings(store);
  Line line;
  sensor::Console console(settings, line);
  write_all("\r\nrst:0xc (SW_CPU_RESET),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n");
  console.greet();
  std::array<char, 256> text{};
  while (!line.rebooting()) {
    const ssize_t size = ::read(STDIN_FILENO, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    // a log line of another task, in the middle of everything
    write_all("I (4711) wifi: a line between\r\n");
    console.feed(text.data(), static_cast<size_t>(size));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  while (run(argv[1])) {
  }
  return 0;
}
