#pragma once

#include <map>
#include <string>

namespace host {

using Credentials = std::map<std::string, std::string>;

/// The object of strings in a JSON file: serial number → password. False, with `problem`, where it is something else.
bool read_credentials(const std::string& path, Credentials* credentials, std::string* problem);

}  // namespace host
