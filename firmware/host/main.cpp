/// `sensor-host`: the firmware's core as a program of this machine. See options.cpp, or --help.

#include <mosquitto.h>
#include <sys/resource.h>

#include <iostream>

#include "credentials.h"
#include "fleet.h"
#include "options.h"

namespace {

/// A sensor has three descriptors open: a fleet needs more than most shells allow at first.
void allow_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

int main(int argc, char** argv) {
  host::Options options;
  int exit_code = 0;
  if (!host::parse_options(argc, argv, &options, &exit_code)) {
    return exit_code;
  }
  allow_descriptors();
  mosquitto_lib_init();
  host::Credentials credentials;
  std::string problem;
  bool good = host::read_credentials(options.credentials, &credentials, &problem);
  if (good) {
    host::Fleet fleet(options);
    good = fleet.prepare(credentials, &problem);
    exit_code = good ? fleet.run() : 1;
  }
  if (!good) {
    std::cerr << "sensor-host: " << problem << "\n";
    exit_code = 1;
  }
  mosquitto_lib_cleanup();
  return exit_code;
}
