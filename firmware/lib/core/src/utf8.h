#pragma once

#include "core/bytes.h"

namespace sensor {

/// Whether these bytes are UTF-8 as protobuf wants it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(Bytes text);

}  // namespace sensor
