#pragma once

#include "hal/gps.h"

namespace board {

/// A GPS receiver at 9600 baud, as they come: NMEA 0183 on a UART.
class GpsUart : public hal::Gps {
 public:
  bool begin();
  size_t read(char* text, size_t capacity) override;
};

}  // namespace board
