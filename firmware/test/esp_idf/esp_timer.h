#pragma once

#include "esp_err.h"

struct esp_timer;
using esp_timer_handle_t = esp_timer*;

struct esp_timer_create_args_t {
  void (*callback)(void* arg);
  void* arg;
  const char* name;
  bool skip_unhandled_events;
};

extern "C" {
esp_err_t esp_timer_create(const esp_timer_create_args_t* arguments, esp_timer_handle_t* timer);
esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us);
esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us);
esp_err_t esp_timer_stop(esp_timer_handle_t timer);
int64_t esp_timer_get_time(void);
}
