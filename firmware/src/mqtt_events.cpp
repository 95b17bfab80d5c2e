#include <cstring>
#include <type_traits>
#include <utility>

#include "esp_log.h"
#include "esp_mqtt.h"

// What esp-mqtt reports. All of it runs with esp-mqtt's lock held: in its own task, or in the publisher's
// where a write failed within a call.

namespace board {
namespace {

constexpr const char* kTag = "mqtt";

// Reason codes of MQTT 5 after which trying again soon is of no use: who we say we are is not accepted, or
// another one is we. By number: esp-mqtt's names for them changed their spelling.
bool is_refusal(int reason) {
  switch (reason) {
    case 0x84:  // unsupported protocol version
    case 0x85:  // client identifier not valid
    case 0x86:  // bad user name or password
    case 0x87:  // not authorized
    case 0x8A:  // banned
    case 0x8C:  // bad authentication method
    case 0x8E:  // session taken over
      return true;
    default:
      return false;
  }
}

// The reason of a broker's DISCONNECT. Not all versions of esp-mqtt hand it over, and later ones under
// another name, too: without it, a session that another client took over looks like a lost connection, and is
// tried again with backoff. It is taken away: the next loss may have no reason.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <typename Codes, typename = void>
struct DisconnectReason {
  static int take(Codes&) { return 0; }
};
template <typename Codes>
struct DisconnectReason<Codes, std::void_t<decltype(std::declval<Codes>().disconnect_return_code)>> {
  static int take(Codes& codes) {
    const int reason = static_cast<int>(codes.disconnect_return_code);
    codes.disconnect_return_code = {};
    return reason;
  }
};
#pragma GCC diagnostic pop

}  // namespace

void EspMqtt::on_event(void* self, esp_event_base_t, int32_t, void* data) {
  static_cast<EspMqtt*>(self)->handle(*static_cast<const esp_mqtt_event_t*>(data));
}

void EspMqtt::handle(const esp_mqtt_event_t& event) {
  switch (event.event_id) {
    case MQTT_EVENT_CONNECTED:
      subscribe();
      break;
    case MQTT_EVENT_SUBSCRIBED:
      on_subscribed(event);
      break;
    case MQTT_EVENT_DISCONNECTED:
      if (event.error_handle != nullptr &&
          is_refusal(DisconnectReason<esp_mqtt_error_codes_t>::take(*event.error_handle))) {
        refused_.store(true);
      }
      lost(refused_.load() ? Lost::kRefused : Lost::kLost);
      break;
    case MQTT_EVENT_ERROR:
      on_error(event);
      break;
    case MQTT_EVENT_PUBLISHED: {
      // MQTT 5: `data` is the PUBACK's reason code, and absent where the broker left out a success.
      Event told{Event::Kind::kPublished};
      told.message_id = event.msg_id;
      told.reason_code = event.data != nullptr && event.data_len > 0 ? static_cast<uint8_t>(event.data[0])
                                                                     : hal::kReasonSuccess;
      events_.post(told);
      break;
    }
    case MQTT_EVENT_DELETED:
      if (event.msg_id == subscription_.load()) {
        lost(Lost::kLost);
      } else {
        Event told{Event::Kind::kDeleted};
        told.message_id = event.msg_id;
        events_.post(told);
      }
      break;
    case MQTT_EVENT_DATA:
      on_data(event);
      break;
    default:
      break;
  }
}

// The session may still have the subscription; saying it again costs nothing, and it is there after the
// broker lost its data. The core hears of the connection when the subscription is confirmed.
void EspMqtt::subscribe() {
  const int id = esp_mqtt_client_subscribe_single(client_, command_topics_, 1);
  subscription_.store(id);
  if (id < 0) lost(Lost::kLost);
}

void EspMqtt::on_subscribed(const esp_mqtt_event_t& event) {
  if (event.error_handle != nullptr && event.error_handle->error_type == MQTT_ERROR_TYPE_SUBSCRIBE_FAILED) {
    ESP_LOGE(kTag, "the broker refuses the subscription to commands");
    lost(Lost::kRefused);
    return;
  }
  events_.post(Event{Event::Kind::kConnected});
}

void EspMqtt::on_error(const esp_mqtt_event_t& event) {
  if (event.error_handle == nullptr) return;
  const esp_mqtt_error_codes_t& codes = *event.error_handle;
  if (codes.error_type == MQTT_ERROR_TYPE_CONNECTION_REFUSED) {
    // With MQTT 5 this is the CONNACK's reason code, although the type has only the names of MQTT 3.
    const int reason = static_cast<int>(codes.connect_return_code);
    ESP_LOGW(kTag, "connection refused: 0x%02x", static_cast<unsigned>(reason));
    if (is_refusal(reason)) refused_.store(true);
  } else if (codes.error_type == MQTT_ERROR_TYPE_TCP_TRANSPORT) {
    ESP_LOGW(kTag, "transport: %s, TLS 0x%x, certificate 0x%x, errno %d",
             esp_err_to_name(codes.esp_tls_last_esp_err), static_cast<unsigned>(codes.esp_tls_stack_err),
             static_cast<unsigned>(codes.esp_tls_cert_verify_flags), codes.esp_transport_sock_errno);
  }
}

// A message longer than esp-mqtt's buffer comes in pieces, of which only the first has the topic. We
// subscribe to nothing but commands. The PUBACK is sent when the handler of the last piece has returned.
void EspMqtt::on_data(const esp_mqtt_event_t& event) {
  if (event.current_data_offset < 0 || event.data_len < 0 || event.total_data_len < 0) return;
  const auto offset = static_cast<size_t>(event.current_data_offset);
  const auto size = static_cast<size_t>(event.data_len);
  const auto total = static_cast<size_t>(event.total_data_len);
  if (offset == 0) command_too_long_ = total > sizeof command_;
  if (!command_too_long_ && size > 0 && event.data != nullptr) {
    if (offset + size > sizeof command_) {
      command_too_long_ = true;
    } else {
      std::memcpy(command_ + offset, event.data, size);
    }
  }
  if (offset + size < total) return;
  // No command of ours is that long. It is counted as a bad one, and acknowledged: it would come again for
  // ever.
  if (command_too_long_) ESP_LOGW(kTag, "a command of %u bytes", static_cast<unsigned>(total));
  events_.command(command_, command_too_long_ ? 0 : total);
}

void EspMqtt::lost(Lost why) {
  lost_.store(why);
  xTaskNotifyGive(publisher_);
}

}  // namespace board
