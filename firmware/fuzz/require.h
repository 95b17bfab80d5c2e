#pragma once

#include <cstdlib>

/// A promise that no input breaks; libFuzzer keeps the input that does. Unlike assert it is there in every
/// build.
inline void require(bool kept) {
  if (!kept) std::abort();
}
