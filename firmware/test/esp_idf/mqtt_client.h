#pragma once

#include "esp_event.h"

struct esp_mqtt_client;
using esp_mqtt_client_handle_t = esp_mqtt_client*;

enum esp_mqtt_event_id_t {
  MQTT_EVENT_ANY = -1,
  MQTT_EVENT_ERROR,
  MQTT_EVENT_CONNECTED,
  MQTT_EVENT_DISCONNECTED,
  MQTT_EVENT_SUBSCRIBED,
  MQTT_EVENT_PUBLISHED,
  MQTT_EVENT_DATA,
  MQTT_EVENT_DELETED,
};
enum esp_mqtt_error_type_t {
  MQTT_ERROR_TYPE_NONE,
  MQTT_ERROR_TYPE_TCP_TRANSPORT,
  MQTT_ERROR_TYPE_CONNECTION_REFUSED,
  MQTT_ERROR_TYPE_SUBSCRIBE_FAILED,
};
enum esp_mqtt_connect_return_code_t { MQTT_CONNECTION_ACCEPTED };
enum esp_mqtt_transport_t { MQTT_TRANSPORT_UNKNOWN, MQTT_TRANSPORT_OVER_TCP, MQTT_TRANSPORT_OVER_SSL };
enum esp_mqtt_protocol_ver_t { MQTT_PROTOCOL_UNDEFINED, MQTT_PROTOCOL_V_3_1_1, MQTT_PROTOCOL_V_5 };

// Reason codes of MQTT 5; INVAILD is what esp-mqtt writes.
enum esp_mqtt5_error_reason_code_t {
  MQTT5_UNSUPPORTED_PROTOCOL_VER = 0x84,
  MQTT5_INVAILD_CLIENT_ID = 0x85,
  MQTT5_BAD_USERNAME_OR_PWD = 0x86,
  MQTT5_NOT_AUTHORIZED = 0x87,
  MQTT5_BANNED = 0x8A,
  MQTT5_BAD_AUTH_METHOD = 0x8C,
  MQTT5_SESSION_TAKEN_OVER = 0x8E,
};

struct esp_mqtt_error_codes_t {
  esp_err_t esp_tls_last_esp_err;
  int esp_tls_stack_err;
  int esp_tls_cert_verify_flags;
  esp_mqtt_error_type_t error_type;
  esp_mqtt_connect_return_code_t connect_return_code;
#if defined(MQTT_TELLS_DISCONNECT)  // newer versions
  esp_mqtt5_error_reason_code_t disconnect_return_code;
#endif
  int esp_transport_sock_errno;
};

struct esp_mqtt_event_t {
  esp_mqtt_event_id_t event_id;
  esp_mqtt_client_handle_t client;
  char* data;
  int data_len;
  int total_data_len;
  int current_data_offset;
  char* topic;
  int topic_len;
  int msg_id;
  esp_mqtt_error_codes_t* error_handle;
};

struct esp_mqtt_client_config_t {
  struct {
    struct {
      const char* hostname;
      esp_mqtt_transport_t transport;
      uint32_t port;
    } address;
    struct {
      esp_err_t (*crt_bundle_attach)(void* config);
      const char* certificate;
    } verification;
  } broker;
  struct {
    const char* username;
    const char* client_id;
    struct {
      const char* password;
      const char* certificate;
      const char* key;
    } authentication;
  } credentials;
  struct {
    struct {
      const char* topic;
      const char* msg;
      int msg_len;
      int qos;
      int retain;
    } last_will;
    bool disable_clean_session;
    int keepalive;
    esp_mqtt_protocol_ver_t protocol_ver;
    int message_retransmit_timeout;
  } session;
  struct {
    int timeout_ms;
    bool disable_auto_reconnect;
  } network;
  struct {
    int priority;
    int stack_size;
  } task;
  struct {
    int size;
    int out_size;
  } buffer;
  struct {
    uint64_t limit;
  } outbox;
};

struct esp_mqtt5_connection_property_config_t {
  uint32_t session_expiry_interval;
  uint32_t maximum_packet_size;
  uint16_t receive_maximum;
  bool request_problem_info;
};

extern "C" {
esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t* config);
esp_err_t esp_mqtt_set_config(esp_mqtt_client_handle_t client, const esp_mqtt_client_config_t* config);
esp_err_t esp_mqtt5_client_set_connect_property(esp_mqtt_client_handle_t client,
                                                const esp_mqtt5_connection_property_config_t* property);
esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t event,
                                         esp_event_handler_t handler, void* arg);
esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client);
esp_err_t esp_mqtt_client_stop(esp_mqtt_client_handle_t client);
esp_err_t esp_mqtt_client_destroy(esp_mqtt_client_handle_t client);
int esp_mqtt_client_subscribe_single(esp_mqtt_client_handle_t client, const char* topic, int qos);
int esp_mqtt_client_publish(esp_mqtt_client_handle_t client, const char* topic, const char* data, int size, int qos,
                            int retain);
}
