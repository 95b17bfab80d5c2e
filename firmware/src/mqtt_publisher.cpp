#include <cstdlib>

#include "board_plan.h"
#include "core/limits.h"
#include "esp_crt_bundle.h"
#include "esp_log.h"
#include "esp_mqtt.h"
#include "wifi_station.h"

// The task that calls esp-mqtt.

namespace board {
namespace {

constexpr const char* kTag = "mqtt";
constexpr int kQos = 1;
constexpr int kKeepAliveS = 30;
constexpr int kTimeoutMs = 10'000;
constexpr int kReceiveBuffer = 2048;   // a command of 1 KiB with its topic comes in one piece
constexpr int kTransmitBuffer = 4096;  // larger messages are sent in pieces of this size
constexpr int kMqttStack = 7168;       // TLS handshakes run on it
// Within a connection nothing is sent twice: TCP does not lose it, and MQTT 5 forbids it.
constexpr int kRetransmitMs = 3'600'000;

}  // namespace

void EspMqtt::publisher(void* self) { static_cast<EspMqtt*>(self)->run_publisher(); }

void EspMqtt::run_publisher() {
  for (;;) {
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    Job job{};
    for (;;) {
      const Lost lost = lost_.exchange(Lost::kNo);
      if (lost != Lost::kNo && running_) stop(lost == Lost::kRefused);
      if (xQueueReceive(jobs_, &job, 0) != pdTRUE) break;
      work(job);
      std::free(job.block);
    }
  }
}

void EspMqtt::work(const Job& job) {
  switch (job.kind) {
    case Job::Kind::kConnect:
      if (running_) stop(false);
      start(job);
      return;
    case Job::Kind::kDisconnect:
      if (running_) stop(false);  // says goodbye: the broker sends no last will
      return;
    case Job::Kind::kPublish:
      hand_over(job);
      return;
  }
}

void EspMqtt::start(const Job& job) {
  esp_mqtt_client_config_t config = {};
  configure(job, &config);
  lost_.store(Lost::kNo);
  refused_.store(false);
  subscription_.store(-1);
  bool ready = wifi_has_address();
  if (ready && client_ == nullptr) {
    client_ = esp_mqtt_client_init(&config);
    ready = client_ != nullptr && set_connect_properties() &&
            esp_mqtt_client_register_event(client_, MQTT_EVENT_ANY, &EspMqtt::on_event, this) == ESP_OK;
    if (!ready && client_ != nullptr) {
      esp_mqtt_client_destroy(client_);
      client_ = nullptr;
    }
  } else if (ready) {
    ready = esp_mqtt_set_config(client_, &config) == ESP_OK;  // the last will is another in each session
  }
  if (ready && esp_mqtt_client_start(client_) == ESP_OK) {
    running_ = true;
    return;
  }
  if (client_ != nullptr) esp_mqtt_client_stop(client_);  // whatever it was in: the next start begins anew
  events_.post(Event{Event::Kind::kDisconnected});
}

void EspMqtt::configure(const Job& job, esp_mqtt_client_config_t* config) const {
  config->broker.address.hostname = options_.host;
  config->broker.address.port = options_.port;
  config->broker.address.transport = options_.tls ? MQTT_TRANSPORT_OVER_SSL : MQTT_TRANSPORT_OVER_TCP;
  if (options_.tls) {
    if (options_.ca != nullptr) {
      config->broker.verification.certificate = options_.ca;
    } else {
      config->broker.verification.crt_bundle_attach = esp_crt_bundle_attach;
    }
    if (options_.certificate != nullptr && options_.key != nullptr) {
      config->credentials.authentication.certificate = options_.certificate;
      config->credentials.authentication.key = options_.key;
    }
  }
  config->credentials.client_id = options_.serial_number;
  config->credentials.username = options_.serial_number;
  config->credentials.authentication.password = options_.password;
  config->session.last_will.topic = job.block;
  config->session.last_will.msg = job.block + job.topic_size;
  config->session.last_will.msg_len = static_cast<int>(job.size);
  config->session.last_will.qos = kQos;
  config->session.last_will.retain = 1;
  config->session.disable_clean_session = true;
  config->session.keepalive = kKeepAliveS;
  config->session.protocol_ver = MQTT_PROTOCOL_V_5;
  config->session.message_retransmit_timeout = kRetransmitMs;
  config->network.timeout_ms = kTimeoutMs;
  config->network.disable_auto_reconnect = true;
  config->task.priority = static_cast<int>(kMqttPriority);
  config->task.stack_size = kMqttStack;
  config->buffer.size = kReceiveBuffer;
  config->buffer.out_size = kTransmitBuffer;
  config->outbox.limit = kWindowBytes + kPayloadBytes;  // never reached: PublishIds keeps to the window
}

bool EspMqtt::set_connect_properties() {
  esp_mqtt5_connection_property_config_t properties = {};
  properties.session_expiry_interval = sensor::kSessionExpiryS;
  properties.receive_maximum = static_cast<uint16_t>(sensor::kReceiveMaximum);
  properties.request_problem_info = true;
  return esp_mqtt5_client_set_connect_property(client_, &properties) == ESP_OK;
}

void EspMqtt::stop(bool refused) {
  // Right after a start esp-mqtt's task may not have begun yet, and there is nothing to stop for a moment.
  for (int tries = 0; esp_mqtt_client_stop(client_) != ESP_OK && tries < 20; ++tries)
    vTaskDelay(pdMS_TO_TICKS(20));
  running_ = false;
  lost_.store(Lost::kNo);
  Event event{Event::Kind::kDisconnected};
  event.refused = refused;
  events_.post(event);
}

void EspMqtt::hand_over(const Job& job) {
  // An id below 0: the outbox is full, memory is short, or the connection broke while it was sent. In the
  // last case it may have arrived all the same; then it comes twice, which the cloud sees by its sequence.
  int message_id = -1;
  if (running_) {
    // A length of 0 would mean: measure it as a text. An empty message has no data at all.
    const char* const data = job.size > 0 ? job.block + job.topic_size : nullptr;
    message_id = esp_mqtt_client_publish(client_, job.block, data, static_cast<int>(job.size), kQos,
                                         job.retain ? 1 : 0);
    if (message_id < 0) ESP_LOGD(kTag, "not taken: %d", message_id);
  }
  Event event{message_id >= 0 ? Event::Kind::kTaken : Event::Kind::kDropped};
  event.id = job.id;
  event.message_id = message_id;
  events_.post(event);
}

}  // namespace board
