#pragma once

/// What values may look like. Each gives why a text is none, "" where it is one.
namespace sensor::checks {

const char* serial_number(const char* text);  ///< wire/names.py's rule
const char* wifi_name(const char* text);
const char* wifi_password(const char* text);  ///< WPA: 8 to 63 characters of ASCII, or 64 hexadecimal digits
const char* password(const char* text);
const char* host(const char* text);  ///< a name or an address of IPv4 or IPv6
const char* port(const char* text);  ///< 1 to 65535
const char* on_or_off(const char* text);
const char* source(const char* text);
const char* sample_frequency(const char* text);  ///< 0.01 to 26667 Hz
const char* update_url(const char* text);        ///< https://host…
const char* certificates(const char* text);      ///< PEM, one or more
const char* private_key(const char* text);       ///< PEM, not encrypted

}  // namespace sensor::checks
