#include "mosquitto_mqtt.h"

#include <mqtt_protocol.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "core/limits.h"

namespace host {
namespace {

constexpr int kKeepAliveS = 30;
constexpr int kConnectTimeoutS = 10;
constexpr int kQos = 1;

/// CONNACK reasons after which trying again soon is pointless.
constexpr std::array<int, 6> kPermanent = {
    MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, MQTT_RC_CLIENTID_NOT_VALID, MQTT_RC_BAD_USERNAME_OR_PASSWORD,
    MQTT_RC_NOT_AUTHORIZED,               MQTT_RC_BANNED,             MQTT_RC_BAD_AUTHENTICATION_METHOD,
};
constexpr int kLeastReasonCode = 0x80;  // below are libmosquitto's own errors

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

const char* file_or_null(const std::string& path) { return path.empty() ? nullptr : path.c_str(); }

}  // namespace

MosquittoMqtt::MosquittoMqtt(const Broker& broker, const std::string& serial_number, const std::string& password)
    : broker_(broker),
      serial_number_(serial_number),
      filter_("sensors/" + serial_number + "/commands/+"),
      client_(mosquitto_new(serial_number.c_str(), /*clean_session=*/false, this)) {
  if (client_ == nullptr || !set_up(password)) {
    problem_ = problem_.empty() ? "no memory for an MQTT client" : problem_;
  }
}

MosquittoMqtt::~MosquittoMqtt() {
  if (client_ != nullptr) {
    mosquitto_destroy(client_);
  }
}

bool MosquittoMqtt::set_up(const std::string& password) {
  mosquitto_connect_v5_callback_set(client_, &MosquittoMqtt::connected);
  mosquitto_disconnect_v5_callback_set(client_, &MosquittoMqtt::disconnected);
  mosquitto_publish_v5_callback_set(client_, &MosquittoMqtt::published);
  mosquitto_subscribe_v5_callback_set(client_, &MosquittoMqtt::subscribed);
  mosquitto_message_v5_callback_set(client_, &MosquittoMqtt::received);
  bool done = mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) == MOSQ_ERR_SUCCESS;
  done = done && mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS;
  done = done && mosquitto_threaded_set(client_, true) == MOSQ_ERR_SUCCESS;
  done = done &&
         mosquitto_username_pw_set(client_, serial_number_.c_str(), password.c_str()) == MOSQ_ERR_SUCCESS;
  if (done && !broker_.ca.empty()) {
    const int result = mosquitto_tls_set(client_, broker_.ca.c_str(), nullptr, file_or_null(broker_.certificate),
                                         file_or_null(broker_.key), nullptr);
    if (result != MOSQ_ERR_SUCCESS) {
      problem_ = std::string("TLS with ") + broker_.ca + ": " + mosquitto_strerror(result);
      return false;
    }
  }
  mosquitto_property* properties = nullptr;
  done = done && mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                                              sensor::kSessionExpiryS) == MOSQ_ERR_SUCCESS;
  done = done && mosquitto_property_add_int16(&properties, MQTT_PROP_RECEIVE_MAXIMUM, sensor::kReceiveMaximum) ==
                     MOSQ_ERR_SUCCESS;
  if (done) {
    // keeps the properties for every later attempt, then refuses to connect to no host
    mosquitto_connect_bind_v5(client_, nullptr, broker_.port, kKeepAliveS, nullptr, properties);
  }
  mosquitto_property_free_all(&properties);
  return done;
}

void MosquittoMqtt::connect(const hal::Message& will) {
  if (state_ != State::kIdle) {
    return;
  }
  refused_ = false;
  state_ = State::kConnecting;
  deadline_s_ = now_s() + kConnectTimeoutS;
  int result = mosquitto_will_set_v5(client_, will.topic, static_cast<int>(will.size), will.payload, kQos,
                                     will.retain, nullptr);
  if (result == MOSQ_ERR_SUCCESS) {
    result = mosquitto_connect_async(client_, broker_.host.c_str(), broker_.port, kKeepAliveS);
  }
  if (result != MOSQ_ERR_SUCCESS) {
    closed(false, mosquitto_strerror(result));
  }
}

void MosquittoMqtt::disconnect() {
  if (state_ == State::kIdle) {
    return;
  }
  state_ = State::kLeaving;
  if (mosquitto_disconnect_v5(client_, MQTT_RC_NORMAL_DISCONNECTION, nullptr) != MOSQ_ERR_SUCCESS) {
    closed(false, "left");
  }
}

hal::PublishId MosquittoMqtt::publish(const hal::Message& message) {
  if (state_ != State::kConnected) {
    return hal::kNotTaken;
  }
  int id = hal::kNotTaken;
  const int result = mosquitto_publish_v5(client_, &id, message.topic, static_cast<int>(message.size),
                                          message.payload, kQos, message.retain, nullptr);
  switch (result) {
    case MOSQ_ERR_SUCCESS:
    case MOSQ_ERR_NO_CONN:  // it has the message all the same, and sends it on the next connection
    case MOSQ_ERR_CONN_LOST:
    case MOSQ_ERR_ERRNO:
      return id;
    default:
      return hal::kNotTaken;
  }
}

int MosquittoMqtt::socket() const { return mosquitto_socket(client_); }

bool MosquittoMqtt::wants_write() const { return mosquitto_want_write(client_); }

void MosquittoMqtt::read() { mosquitto_loop_read(client_, 1); }

void MosquittoMqtt::write() {
  if (mosquitto_socket(client_) >= 0 && mosquitto_want_write(client_)) {
    mosquitto_loop_write(client_, 1);
  }
}

void MosquittoMqtt::look_after() {
  if (state_ == State::kIdle) {
    return;
  }
  mosquitto_loop_misc(client_);
  const bool connecting = state_ == State::kConnecting || state_ == State::kSubscribing;
  if (connecting && now_s() > deadline_s_ && socket() >= 0) {
    ::shutdown(socket(), SHUT_RDWR);  // the next read sees the end
  }
}

bool MosquittoMqtt::deliver(Listener& listener) {
  if (events_.empty()) {
    return false;
  }
  std::vector<Event> events;
  events.swap(events_);  // what listeners do may add more
  for (const Event& event : events) {
    switch (event.kind) {
      case Event::Kind::kConnected:
        listener.on_connected();
        break;
      case Event::Kind::kDisconnected:
        listener.on_disconnected(event.refused);
        break;
      case Event::Kind::kPublished:
        listener.on_published(event.id, event.reason_code);
        break;
      case Event::Kind::kCommand:
        listener.on_command({event.payload.data(), event.payload.size()});
        break;
    }
  }
  return true;
}

void MosquittoMqtt::closed(bool refused, const std::string& reason) {
  if (state_ == State::kIdle) {
    return;  // libmosquitto reports some ends twice
  }
  state_ = State::kIdle;
  reason_ = reason;
  Event event(Event::Kind::kDisconnected);
  event.refused = refused;
  events_.push_back(std::move(event));
}

void MosquittoMqtt::connected(mosquitto* client, void* self, int reason, int /*flags*/,
                              const mosquitto_property* /*properties*/) {
  auto& mqtt = *static_cast<MosquittoMqtt*>(self);
  if (reason != MQTT_RC_SUCCESS) {
    mqtt.refused_ = std::find(kPermanent.begin(), kPermanent.end(), reason) != kPermanent.end();
    mqtt.reason_ = mosquitto_reason_string(reason);
    return;  // libmosquitto closes the connection
  }
  // each time: the broker may have forgotten the session
  mqtt.state_ = State::kSubscribing;
  mosquitto_subscribe_v5(client, nullptr, mqtt.filter_.c_str(), kQos, 0, nullptr);
}

void MosquittoMqtt::disconnected(mosquitto* /*client*/, void* self, int reason,
                                 const mosquitto_property* /*properties*/) {
  auto& mqtt = *static_cast<MosquittoMqtt*>(self);
  if (mqtt.refused_) {
    mqtt.closed(true, mqtt.reason_);
  } else if (reason >= kLeastReasonCode) {
    mqtt.closed(reason == MQTT_RC_SESSION_TAKEN_OVER, mosquitto_reason_string(reason));
  } else {
    mqtt.closed(false, mosquitto_strerror(reason));
  }
}

void MosquittoMqtt::published(mosquitto* /*client*/, void* self, int id, int reason,
                              const mosquitto_property* /*properties*/) {
  Event event(Event::Kind::kPublished);
  event.id = id;
  event.reason_code = static_cast<uint8_t>(reason);
  static_cast<MosquittoMqtt*>(self)->events_.push_back(std::move(event));
}

void MosquittoMqtt::subscribed(mosquitto* client, void* self, int /*id*/, int count, const int* granted,
                               const mosquitto_property* /*properties*/) {
  auto& mqtt = *static_cast<MosquittoMqtt*>(self);
  if (mqtt.state_ != State::kSubscribing) {
    return;
  }
  if (count != 1 || granted[0] >= kLeastReasonCode) {
    mqtt.refused_ = true;
    mqtt.reason_ = "the subscription to commands was refused";
    mosquitto_disconnect_v5(client, MQTT_RC_NORMAL_DISCONNECTION, nullptr);
    return;
  }
  mqtt.state_ = State::kConnected;
  mqtt.events_.emplace_back(Event::Kind::kConnected);
}

void MosquittoMqtt::received(mosquitto* /*client*/, void* self, const mosquitto_message* message,
                             const mosquitto_property* /*properties*/) {
  const auto* const bytes = static_cast<const uint8_t*>(message->payload);
  Event event(Event::Kind::kCommand);
  event.payload.assign(bytes, bytes + message->payloadlen);
  static_cast<MosquittoMqtt*>(self)->events_.push_back(std::move(event));
}

}  // namespace host
