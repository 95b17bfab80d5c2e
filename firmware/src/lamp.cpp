#include "lamp.h"

#include <atomic>

#include "board_pins.h"
#include "driver/gpio.h"
#include "esp_timer.h"

namespace board {
namespace {

constexpr uint64_t kStepUs = 100'000;
constexpr unsigned kSteps = 20;           // a pattern lasts two seconds
constexpr unsigned kIdentifySteps = 100;  // ten seconds

// One bit a step, the first one lowest.
constexpr uint32_t pattern(hal::Lamp lamp) {
  switch (lamp) {
    case hal::Lamp::kStarting:
      return 0xFFFFF;  // on
    case hal::Lamp::kUnprovisioned:
      return 0x00015;  // three short ones
    case hal::Lamp::kConnecting:
      return 0x07C1F;  // half a second on, half a second off
    case hal::Lamp::kConnected:
      return 0x00001;  // one short one
    case hal::Lamp::kAsleep:
      return 0x00000;  // off
    case hal::Lamp::kError:
      return 0x33333;  // fast
    case hal::Lamp::kIdentify:
      return 0x55555;  // fastest
  }
  return 0;
}

std::atomic<uint32_t> shown{pattern(hal::Lamp::kStarting)};
std::atomic<unsigned> identify_steps{0};
unsigned step = 0;  // of the timer's task

void on_step(void*) {
  uint32_t bits = shown.load();
  const unsigned left = identify_steps.load();
  if (left > 0) {
    identify_steps.store(left - 1);
    bits = pattern(hal::Lamp::kIdentify);
  }
  gpio_set_level(kLamp, (bits >> step) & 1U);
  step = (step + 1) % kSteps;
}

}  // namespace

bool begin_lamp() {
  gpio_config_t pin = {};
  pin.pin_bit_mask = 1ULL << static_cast<unsigned>(kLamp);
  pin.mode = GPIO_MODE_OUTPUT;
  esp_timer_create_args_t arguments = {};
  arguments.callback = &on_step;
  arguments.name = "lamp";
  arguments.skip_unhandled_events = true;  // light sleep is not left for a lamp
  esp_timer_handle_t timer = nullptr;
  return gpio_config(&pin) == ESP_OK && esp_timer_create(&arguments, &timer) == ESP_OK &&
         esp_timer_start_periodic(timer, kStepUs) == ESP_OK;
}

void show_lamp(hal::Lamp lamp) {
  if (lamp == hal::Lamp::kIdentify) {
    identify_steps.store(kIdentifySteps);
  } else {
    shown.store(pattern(lamp));
  }
}

}  // namespace board
