#include "esp_mqtt.h"

#include <cstdlib>
#include <cstring>

#include "board_plan.h"
#include "core/text.h"

namespace board {
namespace {

constexpr UBaseType_t kJobs = 8;

}  // namespace

EspMqtt::EspMqtt(const MqttOptions& options, SensorEvents& events)
    : options_(options), events_(events), command_topics_{}, ids_(kWindowBytes), command_{} {
  sensor::Text(command_topics_, sizeof command_topics_)
      .add("sensors/")
      .add(options.serial_number)
      .add("/commands/+");
}

bool EspMqtt::begin() {
  jobs_ = xQueueCreate(kJobs, sizeof(Job));
  return jobs_ != nullptr && xTaskCreate(&EspMqtt::publisher, "publisher", kPublisherStack, this,
                                         kPublisherPriority, &publisher_) == pdPASS;
}

void EspMqtt::connect(const hal::Message& will) {
  started_ = true;
  // No memory, or the publisher is still busy with the last connection: the core tries again after its
  // backoff.
  not_begun_ = !enqueue(Job::Kind::kConnect, &will, hal::kNotTaken);
}

bool EspMqtt::settle(sensor::Sensor& sensor) {
  if (!not_begun_) return false;
  not_begun_ = false;
  tell(Event{Event::Kind::kDisconnected}, sensor);
  return true;
}

void EspMqtt::disconnect() {
  if (started_) enqueue(Job::Kind::kDisconnect, nullptr, hal::kNotTaken);
}

hal::PublishId EspMqtt::publish(const hal::Message& message) {
  // Room is kept for a disconnect.
  if (!started_ || uxQueueSpacesAvailable(jobs_) < 2) return hal::kNotTaken;
  const hal::PublishId id = ids_.begin(message.size);
  if (id == hal::kNotTaken) return hal::kNotTaken;
  if (!enqueue(Job::Kind::kPublish, &message, id)) {
    ids_.dropped(id);
    return hal::kNotTaken;
  }
  return id;
}

bool EspMqtt::enqueue(Job::Kind kind, const hal::Message* message, hal::PublishId id) {
  Job job{kind, false, id, nullptr, 0, 0};
  if (message != nullptr) {
    job.retain = message->retain;
    job.topic_size = std::strlen(message->topic) + 1;
    job.size = message->size;
    job.block = static_cast<char*>(std::malloc(job.topic_size + job.size));
    if (job.block == nullptr) return false;
    std::memcpy(job.block, message->topic, job.topic_size);
    if (job.size > 0) std::memcpy(job.block + job.topic_size, message->payload, job.size);
  }
  if (xQueueSend(jobs_, &job, 0) != pdTRUE) {
    std::free(job.block);
    return false;
  }
  xTaskNotifyGive(publisher_);
  return true;
}

void EspMqtt::tell(const Event& event, sensor::Sensor& sensor) {
  sensor::PublishIds::Outcome outcome;
  switch (event.kind) {
    case Event::Kind::kConnected:
      sensor.on_connected();
      return;
    case Event::Kind::kDisconnected:
      started_ = false;
      for (outcome = ids_.drop_one(); outcome.id != hal::kNotTaken; outcome = ids_.drop_one()) {
        sensor.on_dropped(outcome.id);
      }
      sensor.on_disconnected(event.refused ? sensor::Sensor::Disconnect::kRefused
                                           : sensor::Sensor::Disconnect::kLost);
      return;
    case Event::Kind::kTaken:
      outcome = ids_.taken(event.id, event.message_id);
      if (outcome.id != hal::kNotTaken) sensor.on_published(outcome.id, outcome.reason_code);
      return;
    case Event::Kind::kPublished:
      outcome = ids_.published(event.message_id, event.reason_code);
      if (outcome.id != hal::kNotTaken) sensor.on_published(outcome.id, outcome.reason_code);
      return;
    case Event::Kind::kDropped:
      outcome = ids_.dropped(event.id);
      if (outcome.id != hal::kNotTaken) sensor.on_dropped(outcome.id);
      return;
    case Event::Kind::kDeleted:
      outcome = ids_.forgotten(event.message_id);
      if (outcome.id != hal::kNotTaken) sensor.on_dropped(outcome.id);
      return;
    case Event::Kind::kCommand:
    case Event::Kind::kRestart:
      return;
  }
}

}  // namespace board
