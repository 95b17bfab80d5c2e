#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node.h"

namespace host {

using Nodes = std::vector<std::unique_ptr<Node>>;

/// What each sensor made, as JSON: the emulator's report, with every counter of the core. The file is replaced at once.
/// False where it cannot be written.
bool write_report(const std::string& path, const Nodes& nodes);

/// The same sums for Prometheus, under the emulator's names with `firmware_` for `emulator_`.
std::string metrics(const Nodes& nodes);

}  // namespace host
