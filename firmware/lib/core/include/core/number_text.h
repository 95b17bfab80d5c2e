#pragma once

#include "core/text.h"

namespace sensor {

/// Adds a number with six significant digits, correctly rounded: what printf's and Python's `%g` write,
/// without printf.
Text& add_number(Text& text, double number);

}  // namespace sensor
