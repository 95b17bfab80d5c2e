#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace host {

/// /readyz, /healthz and /metrics, served from the poll loop: as much HTTP as probes speak.
class Health {
 public:
  /// The answer to a path: status code and text.
  struct Answer {
    int status;
    std::string text;
  };
  using Handler = std::function<Answer(const std::string& path)>;

  explicit Health(Handler handler) : handler_(std::move(handler)) {}
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  /// Port 0 takes a free one. False, with `problem`, where it cannot listen.
  bool listen(const std::string& host, uint16_t port, std::string* problem);
  uint16_t port() const { return port_; }

  /// What to poll, appended.
  void add_to(std::vector<pollfd>* polled) const;
  /// Serve what is ready, of what `add_to` appended.
  void serve(const pollfd* polled);

 private:
  struct Client {
    int socket;
    std::string request;
    std::string answer;
    size_t sent = 0;
  };

  void accept_clients();
  bool read(Client* client) const;
  static bool write(Client* client);

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::vector<Client> clients_;
};

}  // namespace host
