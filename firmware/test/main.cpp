// The main program of every suite: PlatformIO builds it into each.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest.h>

int main(int argc, char** argv) {
  doctest::Context context;
  // PlatformIO counts what is reported, and takes an exit code for a crash
  context.setOption("success", true);
  context.setOption("no-exitcode", true);
  context.applyCommandLine(argc, argv);
  return context.run();
}
