#include "report.h"

#include <cstdio>
#include <fstream>

#include "log.h"

namespace host {
namespace {

/// Writes `"name": value` pairs.
class Object {
 public:
  template <typename Number>
  Object& add(const char* name, Number value) {
    return add_json(name, std::to_string(value));
  }

  Object& add_json(const char* name, const std::string& json) {
    text_ += text_.empty() ? "{" : ", ";
    text_ += json_string(name) + ": " + json;
    return *this;
  }

  std::string text() const { return text_ + "}"; }

 private:
  std::string text_;
};

std::string counters_of(const sensor::Counters& counters) {
  return Object()
      .add("batches_made", counters.batches_made)
      .add("samples_made", counters.samples_made)
      .add("batches_acknowledged", counters.batches_acknowledged)
      .add("batches_lost", counters.batches_lost)
      .add("batches_resent", counters.batches_resent)
      .add("not_held", counters.not_held)
      .add("messages_lost", counters.messages_lost)
      .add("commands", counters.commands)
      .add("bad_commands", counters.bad_commands)
      .add("overruns", counters.overruns)
      .add("clock_steps", counters.clock_steps)
      .add("reconnects", counters.reconnects)
      .add("store_failures", counters.store_failures)
      .text();
}

void metric(std::string* text, const char* name, const char* type, const char* help, uint64_t value) {
  *text += std::string("# HELP firmware_") + name + " " + help + "\n# TYPE firmware_" + name + " " + type +
           "\nfirmware_" + name + " " + std::to_string(value) + "\n";
}

}  // namespace

bool write_report(const std::string& path, const Nodes& nodes) {
  std::string sensors;
  for (const auto& node : nodes) {
    const sensor::Counters counters = node->counters();
    sensors += (sensors.empty() ? "" : ", ") +
               Object()
                   .add_json("serial_number", json_string(node->serial_number()))
                   .add("session", node->session())
                   .add("channels", node->channel_count())
                   .add("batches_made", counters.batches_made)
                   .add("batches_acknowledged", counters.batches_acknowledged)
                   .add("samples_made", counters.samples_made)
                   .add("dropped", counters.batches_lost)
                   .add("resent", counters.batches_resent)
                   .add("buffered", node->buffered_batches())
                   .add_json("counters", counters_of(counters))
                   .text();
  }
  const std::string partial = path + ".partial";
  std::ofstream file(partial);
  file << "{\"sensors\": [" << sensors << "]}";
  file.close();
  return file && std::rename(partial.c_str(), path.c_str()) == 0;
}

std::string metrics(const Nodes& nodes) {
  sensor::Counters sum;
  uint64_t connected = 0;
  uint64_t buffered = 0;
  for (const auto& node : nodes) {
    const sensor::Counters counters = node->counters();
    sum.batches_made += counters.batches_made;
    sum.samples_made += counters.samples_made;
    sum.batches_acknowledged += counters.batches_acknowledged;
    sum.not_held += counters.not_held;
    sum.batches_lost += counters.batches_lost;
    sum.commands += counters.commands;
    sum.bad_commands += counters.bad_commands;
    sum.reconnects += counters.reconnects;
    connected += node->connected() ? 1 : 0;
    buffered += node->buffered_batches();
  }
  std::string text;
  metric(&text, "connected_sensors", "gauge", "Sensors that are connected now.", connected);
  metric(&text, "sensors", "gauge", "Sensors in the fleet.", nodes.size());
  metric(&text, "batches_made_total", "counter", "Batches made.", sum.batches_made);
  metric(&text, "samples_made_total", "counter", "Single samples in them, over all channels.", sum.samples_made);
  metric(&text, "batches_acknowledged_total", "counter", "Batches that the broker holds.",
         sum.batches_acknowledged);
  metric(&text, "not_held_total", "counter", "Publishes that the broker answered with anything but success.",
         sum.not_held);
  metric(&text, "batches_dropped", "gauge", "Batches forgotten by full buffers before they were acknowledged.",
         sum.batches_lost);
  metric(&text, "batches_buffered", "gauge", "Batches that nobody else holds yet.", buffered);
  metric(&text, "commands_total", "counter", "Commands received.", sum.commands);
  metric(&text, "bad_commands_total", "counter", "Commands that could not be read.", sum.bad_commands);
  metric(&text, "reconnects_total", "counter", "Connections lost.", sum.reconnects);
  return text;
}

}  // namespace host
