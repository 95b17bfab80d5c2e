#pragma once

#include <cstdint>

namespace board {

/// Joins a Wi-Fi network and stays in it: whenever it is lost it is tried again with backoff. `password` may
/// be null (an open network). False where the driver does not start.
bool begin_wifi(const char* ssid, const char* password);
/// There is an address: something can be reached.
bool wifi_has_address();
/// Signal strength; 0: not connected.
int32_t wifi_rssi_dbm();
/// Sleep between beacons as long as the access point allows (ASLEEP), or not at all (measuring).
void wifi_save_power(bool save);

}  // namespace board
