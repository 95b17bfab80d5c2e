// What the core costs on a 32-bit processor without floating point: instructions, stack and memory. One line a figure,
// `name value`; messages as `bytes NAME HEX`.
#include <cstdio>

#include "board.h"
#include "core/sensor.h"

namespace {

board::Clock board_clock;
board::Source source;
board::Mqtt mqtt;
board::Store store;
board::Flash flash;
board::System board_system;

alignas(8) uint8_t frames[16 * 1024];
alignas(8) uint8_t payload[16 * 1024 + 512];
alignas(8) uint8_t scratch[16 * 1024 + 512];
alignas(8) uint8_t ring[64 * 1024];
alignas(sensor::Sensor) uint8_t place[sizeof(sensor::Sensor)];

void print(const char* name, uint64_t value) { std::printf("%s %lu\n", name, static_cast<unsigned long>(value)); }

void print_bytes(const char* name, const hal::Message& message) {
  std::printf("bytes %s ", name);
  for (size_t at = 0; at < message.size; ++at) {
    std::printf("%02x", message.payload[at]);
  }
  std::printf("\n");
}

sensor::Sensor* boot(double sample_frequency_hz, hal::Flash* spool) {
  const sensor::Options options{"rv32-1", sample_frequency_hz, 1.0, 32 * 1024};
  const sensor::Workspace workspace{
      {frames, sizeof frames}, {payload, sizeof payload}, {scratch, sizeof scratch}, {ring, sizeof ring}};
  auto* made = new (place) sensor::Sensor(
      options, {board_clock, source, mqtt, store, board_system, spool, nullptr}, workspace);
  made->begin();
  mqtt.answered = mqtt.next;
  return made;
}

/// Everything that was published is acknowledged.
void answer(sensor::Sensor* one) {
  if (mqtt.wanted) {
    mqtt.wanted = false;
    if (mqtt.up) {
      one->on_connected();
    }
  }
  while (mqtt.answered != mqtt.next) {
    one->on_published(mqtt.answered++, hal::kReasonSuccess);
  }
}

struct Cost {
  uint64_t instructions;
  uint64_t batches;
  uint64_t samples;
  uint64_t bytes;
};

/// Simulated seconds in steps of 10 ms, as the sensor's task runs.
Cost run(sensor::Sensor* one, double sample_frequency_hz, int seconds) {
  const sensor::Counters before = one->counters();
  const uint64_t bytes = mqtt.bytes;
  const uint64_t began = board::instructions();
  for (int step = 0; step < seconds * 100; ++step) {
    board_clock.us += 10'000;
    source.waiting = static_cast<size_t>(sample_frequency_hz / 100);
    one->tick();
    answer(one);
  }
  const uint64_t ended = board::instructions();
  const sensor::Counters after = one->counters();
  return {ended - began, after.batches_made - before.batches_made, after.samples_made - before.samples_made,
          mqtt.bytes - bytes};
}

void report(const char* name, const Cost& cost) {
  char line[64];
  std::snprintf(line, sizeof line, "%s.instructions_per_batch", name);
  print(line, cost.instructions / cost.batches);
  std::snprintf(line, sizeof line, "%s.instructions_per_1000_samples", name);
  print(line, cost.instructions * 1000 / cost.samples);
  std::snprintf(line, sizeof line, "%s.samples_per_batch", name);
  print(line, cost.samples / cost.batches);
  std::snprintf(line, sizeof line, "%s.bytes_per_1000_samples", name);
  print(line, cost.bytes * 1000 / cost.samples);
}

void all() {
  for (const double hz : {100.0, 1000.0, 26'600.0}) {
    char name[32];
    std::snprintf(name, sizeof name, "live_%u_hz", static_cast<unsigned>(hz));
    sensor::Sensor* one = boot(hz, nullptr);
    run(one, hz, 2);
    report(name, run(one, hz, 10));
    if (hz == 100.0) {
      print_bytes("batch", mqtt.newest);
    }
    one->~Sensor();
  }
  // an outage: batches go to flash
  sensor::Sensor* one = boot(1000, &flash);
  mqtt.up = false;
  run(one, 1000, 20);
  report("outage_1000_hz", run(one, 1000, 20));
  mqtt.up = true;
  one->~Sensor();
}

/// How much stack `all` takes: what is painted below it, and no longer is afterwards.
[[gnu::noinline]] size_t stack_of_all() {
  constexpr size_t kPainted = 12 * 1024;
  constexpr uint8_t kPaint = 0xA5;
  // below this function's frame; nothing but `all` runs there
  auto* const top = static_cast<uint8_t*>(__builtin_frame_address(0)) - 256;
  volatile uint8_t* const bottom = top - kPainted;
  for (size_t at = 0; at < kPainted; ++at) {
    bottom[at] = kPaint;
  }
  all();
  size_t untouched = 0;
  while (untouched < kPainted && bottom[untouched] == kPaint) {
    ++untouched;
  }
  return kPainted - untouched;
}

}  // namespace

int main() {
  print("stack_bytes", stack_of_all());
  print("ram.sensor", sizeof(sensor::Sensor));
  print("ram.buffer", sizeof(sensor::Buffer));
  print("ram.spool", sizeof(sensor::Spool));
  print("ram.link", sizeof(sensor::Link));
  print("ram.logs", sizeof(sensor::LogQueue));
  print("ram.answers", sizeof(sensor::AnswerQueue));
  print("ram.commands", sizeof(sensor::CommandMemory));
  print("ram.recorder", sizeof(sensor::Recorder));
  print("ram.nmea", sizeof(sensor::Nmea));
  return 0;
}
