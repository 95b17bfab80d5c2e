#pragma once

#include <atomic>

#include "core/publish_ids.h"
#include "core/sensor.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "hal/mqtt.h"
#include "mqtt_client.h"
#include "sensor_events.h"

namespace board {

/// Where the broker is and who we are; texts live as long as the program.
struct MqttOptions {
  const char* serial_number;
  const char* host;
  uint32_t port;
  const char* password;  ///< null: the certificate says who we are
  bool tls;
  const char* ca;           ///< PEM; null: the bundle of public authorities
  const char* certificate;  ///< PEM, with its key; null: none
  const char* key;
};

/// MQTT 5 by esp-mqtt. How its traps are met:
///
/// - Its calls take a lock that is held while its event handler runs, and the handler of a command waits for
/// the sensor's
///   task, so that the PUBACK (sent when the handler returns) follows persistence. The sensor's task
///   therefore never calls esp-mqtt: a publisher task does, one job after another, and the sensor's task only
///   puts jobs into its queue.
/// - Its outbox survives a lost connection, sends one old message a retransmission interval and deletes them
/// after 30 s.
///   Instead it is stopped when the connection is lost, which empties the outbox, and started for the next
///   attempt. What was under way is reported as dropped, and the core publishes it again from its own buffer:
///   once, at once, and the memory is free during an outage.
/// - The core decides when to connect: esp-mqtt never reconnects by itself.
class EspMqtt : public hal::Mqtt {
 public:
  EspMqtt(const MqttOptions& options, SensorEvents& events);
  /// False where memory is short.
  bool begin();

  // The sensor's task.
  void connect(const hal::Message& will) override;
  void disconnect() override;
  hal::PublishId publish(const hal::Message& message) override;
  /// Tell the sensor what an event of this connection means.
  void tell(const Event& event, sensor::Sensor& sensor);
  /// Tell the sensor of an attempt to connect that could not even begin; whether there was one.
  bool settle(sensor::Sensor& sensor);
  /// Nothing is connected or connecting, as far as the sensor's task was told.
  bool disconnected() const { return !started_; }

 private:
  /// What the sensor's task wants done. `block`: topic with its NUL, then the payload; the publisher frees
  /// it.
  struct Job {
    enum class Kind : uint8_t { kConnect, kDisconnect, kPublish };
    Kind kind;
    bool retain;
    hal::PublishId id;
    char* block;
    size_t topic_size;  ///< with the NUL
    size_t size;        ///< of the payload
  };
  enum class Lost : uint8_t { kNo, kLost, kRefused };

  bool enqueue(Job::Kind kind, const hal::Message* message, hal::PublishId id);

  // The publisher task.
  static void publisher(void* self);
  void run_publisher();
  void work(const Job& job);
  void start(const Job& job);
  void stop(bool refused);
  void hand_over(const Job& job);
  void configure(const Job& job, esp_mqtt_client_config_t* config) const;
  bool set_connect_properties();

  // esp-mqtt's task, and the publisher's where esp-mqtt calls back from within a call.
  static void on_event(void* self, esp_event_base_t base, int32_t id, void* data);
  void handle(const esp_mqtt_event_t& event);
  void subscribe();
  void on_subscribed(const esp_mqtt_event_t& event);
  void on_error(const esp_mqtt_event_t& event);
  void on_data(const esp_mqtt_event_t& event);
  void lost(Lost why);

  static constexpr size_t kMaximumCommand = 1024;

  MqttOptions options_;
  SensorEvents& events_;
  esp_mqtt_client_handle_t client_ = nullptr;
  QueueHandle_t jobs_ = nullptr;
  TaskHandle_t publisher_ = nullptr;
  char command_topics_[64];

  // Of the sensor's task.
  sensor::PublishIds ids_;
  bool started_ = false;
  bool not_begun_ = false;

  // Of the publisher.
  bool running_ = false;

  std::atomic<Lost> lost_{Lost::kNo};  // set by the handler, taken by the publisher
  std::atomic<bool> refused_{false};   // the reason of the next loss
  std::atomic<int> subscription_{-1};  // message id of the SUBSCRIBE
  uint8_t command_[kMaximumCommand];   // in pieces until it is whole
  bool command_too_long_ = false;
};

}  // namespace board
