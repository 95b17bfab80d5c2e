#pragma once

#include <mosquitto.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "hal/mqtt.h"

namespace host {

/// Where the broker is. TLS where `ca` names a file; with a certificate of the sensor where that and its key are named.
struct Broker {
  std::string host = "127.0.0.1";
  int port = 1883;
  std::string ca;
  std::string certificate;
  std::string key;
};

/// hal::Mqtt by libmosquitto, without threads: whoever owns it polls `socket` and calls `read`, `write` and `look_after`,
/// then `deliver`.
///
/// libmosquitto's ways that matter here: it keeps what is not acknowledged and publishes it again by itself after a
/// reconnect; it queues the PUBACK of a command before it hands the command over, so `write` has to wait until the command
/// was delivered and noted (threaded mode is on to make it wait for `write` at all); connecting asynchronously takes no
/// properties, so they are left with it beforehand; looking up a host name blocks, connecting does not.
class MosquittoMqtt final : public hal::Mqtt {
 public:
  /// What happens, in the words of sensor::Sensor.
  class Listener {
   public:
    virtual void on_connected() = 0;
    virtual void on_disconnected(bool refused) = 0;
    virtual void on_published(hal::PublishId id, uint8_t reason_code) = 0;
    virtual void on_command(sensor::Bytes payload) = 0;

   protected:
    ~Listener() = default;
  };

  /// `serial_number` is the client id and the user name, too.
  MosquittoMqtt(const Broker& broker, const std::string& serial_number, const std::string& password);
  /// Closes the connection without a goodbye: the broker publishes the last will.
  ~MosquittoMqtt();
  MosquittoMqtt(const MosquittoMqtt&) = delete;
  MosquittoMqtt& operator=(const MosquittoMqtt&) = delete;

  /// Why it cannot work at all (a file of TLS, memory); "" where it can.
  const std::string& problem() const { return problem_; }

  void connect(const hal::Message& will) override;
  void disconnect() override;
  hal::PublishId publish(const hal::Message& message) override;

  int socket() const;  ///< -1: there is none now
  bool wants_write() const;
  void read();
  void write();
  /// About once a second: keepalive, and an attempt to connect that takes too long.
  void look_after();
  /// Hand over what has happened. True where anything had.
  bool deliver(Listener& listener);
  bool connected() const { return state_ == State::kConnected; }
  /// Nothing to wait for: no connection, and nothing to tell.
  bool quiet() const { return state_ == State::kIdle && events_.empty(); }
  /// Why the last connection ended or did not come about.
  const std::string& reason() const { return reason_; }

 private:
  enum class State : uint8_t { kIdle, kConnecting, kSubscribing, kConnected, kLeaving };

  struct Event {
    enum class Kind : uint8_t { kConnected, kDisconnected, kPublished, kCommand };

    explicit Event(Kind what) : kind(what) {}

    Kind kind;
    bool refused = false;
    hal::PublishId id = hal::kNotTaken;
    uint8_t reason_code = 0;
    std::vector<uint8_t> payload;
  };

  static void connected(mosquitto*, void* self, int reason, int flags, const mosquitto_property* properties);
  static void disconnected(mosquitto*, void* self, int reason, const mosquitto_property* properties);
  static void published(mosquitto*, void* self, int id, int reason, const mosquitto_property* properties);
  static void subscribed(mosquitto*, void* self, int id, int count, const int* granted,
                         const mosquitto_property* properties);
  static void received(mosquitto*, void* self, const mosquitto_message* message, const mosquitto_property* properties);

  bool set_up(const std::string& password);
  void closed(bool refused, const std::string& reason);

  Broker broker_;
  std::string serial_number_;
  std::string filter_;
  mosquitto* client_;
  State state_ = State::kIdle;
  bool refused_ = false;
  int64_t deadline_s_ = 0;  // of the attempt to connect
  std::vector<Event> events_;
  std::string problem_;
  std::string reason_;
};

}  // namespace host
