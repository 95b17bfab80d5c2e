#pragma once

#include "core/settings.h"

namespace board {

/// A setting as text that lives as long as the program, or null where it is not set or empty: certificates
/// are too large for a stack, and esp-mqtt and esp_http_client keep the pointer.
const char* stored_text(const sensor::Settings& settings, const char* name);

}  // namespace board
