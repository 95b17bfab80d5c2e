#include "health.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "log.h"

namespace host {
namespace {

constexpr size_t kMostClients = 32;
constexpr size_t kMostRequest = 8192;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

const char* phrase(int status) { return status == 200 ? "OK" : status == 404 ? "Not Found" : "Service Unavailable"; }

}  // namespace

Health::~Health() {
  for (const Client& client : clients_) {
    close(client.socket);
  }
  if (listener_ >= 0) {
    close(listener_);
  }
}

bool Health::listen(const std::string& host, uint16_t port, std::string* problem) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const int on = 1;
  socklen_t size = sizeof address;
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  errno = 0;
  const bool good = inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr) == 1 &&
                    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                    bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    ::listen(listener_, static_cast<int>(kMostClients)) == 0 &&
                    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  port_ = ntohs(address.sin_port);
  if (!good) {
    *problem = "cannot serve health on " + host + ":" + std::to_string(port) +
               " (STREAMING_HEALTH_HOST, STREAMING_HEALTH_PORT): " +
               (errno == 0 ? "not an IPv4 address" : system_error());
  }
  return good;
}

void Health::add_to(std::vector<pollfd>* polled) const {
  polled->push_back({listener_, static_cast<short>(clients_.size() < kMostClients ? POLLIN : 0), 0});
  for (const Client& client : clients_) {
    polled->push_back({client.socket, static_cast<short>(client.answer.empty() ? POLLIN : POLLOUT), 0});
  }
}

void Health::serve(const pollfd* polled) {
  std::vector<Client> kept;
  for (size_t i = 0; i < clients_.size(); ++i) {
    Client& client = clients_[i];
    const bool ready = polled[i + 1].revents != 0;
    if (ready && !(client.answer.empty() ? read(&client) : write(&client))) {
      close(client.socket);
    } else {
      kept.push_back(std::move(client));
    }
  }
  clients_ = std::move(kept);
  if (polled[0].revents != 0) {
    accept_clients();
  }
}

void Health::accept_clients() {
  while (clients_.size() < kMostClients) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
      return;
    }
    clients_.push_back({client, {}, {}});
  }
}

bool Health::read(Client* client) const {
  std::array<char, 2048> bytes{};
  const ssize_t size = recv(client->socket, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    return size < 0 && would_block();
  }
  client->request.append(bytes.data(), static_cast<size_t>(size));
  if (client->request.find("\r\n\r\n") == std::string::npos) {
    return client->request.size() < kMostRequest;
  }
  const size_t from = client->request.find(' ');
  const size_t to = client->request.find_first_of(" ?\r", from + 1);
  const Answer answer = handler_(client->request.substr(from + 1, to - from - 1));
  client->answer = "HTTP/1.1 " + std::to_string(answer.status) + " " + phrase(answer.status) +
                   "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " +
                   std::to_string(answer.text.size()) + "\r\nConnection: close\r\n\r\n" + answer.text;
  return write(client);
}

bool Health::write(Client* client) {
  const ssize_t size = send(client->socket, client->answer.data() + client->sent,
                            client->answer.size() - client->sent, MSG_NOSIGNAL);
  if (size < 0) {
    return would_block();
  }
  client->sent += static_cast<size_t>(size);
  return client->sent < client->answer.size();
}

}  // namespace host
