#pragma once

#include "esp_err.h"

struct esp_http_client_config_t {
  const char* url;
  const char* cert_pem;
  int timeout_ms;
  bool keep_alive_enable;
  esp_err_t (*crt_bundle_attach)(void* config);
};
