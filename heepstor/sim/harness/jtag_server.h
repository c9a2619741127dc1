// The SoC's JTAG pins for OpenOCD: its `remote_bitbang` protocol on a TCP port of this machine.
//
// One character is one command: '0' to '7' are levels of TCK, TMS and TDI, 'R' asks for TDO, 'Q'
// says good-bye. One client at a time; when it goes, the next may come.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "usage_error.h"

namespace heepstor::simulator {

class JtagServer {
 public:
  struct Pins {
    bool tck = false;
    bool tms = false;
    bool tdi = false;
  };

  // Port 0: one that is free.
  explicit JtagServer(uint16_t port) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 1) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
      throw UsageError("--jtag " + std::to_string(port) + ": " + std::strerror(errno));
    }
    port_ = ntohs(address.sin_port);
  }

  ~JtagServer() {
    drop();
    close(listener_);
  }

  JtagServer(const JtagServer&) = delete;
  JtagServer& operator=(const JtagServer&) = delete;

  uint16_t port() const { return port_; }
  bool attached() const { return client_ >= 0; }
  bool was_attached() const { return was_attached_; }
  const Pins& pins() const { return pins_; }

  // Does what has arrived, up to the next change of pins. Returns whether they may have changed:
  // the clock has to run before the next call, which may ask for TDO.
  bool serve(bool tdo) {
    if (next_ == received_ && !receive()) return false;
    while (next_ < received_) {
      const char command = input_[next_++];
      if (command >= '0' && command <= '7') {
        const int levels = command - '0';
        pins_ = {(levels & 4) != 0, (levels & 2) != 0, (levels & 1) != 0};
        return true;
      }
      if (command == 'R') answers_ += tdo ? '1' : '0';
      if (command == 'Q') drop();
    }
    return true;
  }

  // Blocks until there is something to serve, for a short while: signals have to be looked at, too.
  bool wait() const {
    pollfd descriptor{attached() ? client_ : listener_, POLLIN, 0};
    return poll(&descriptor, 1, kWaitMilliseconds) > 0;
  }

 private:
  static constexpr int kWaitMilliseconds = 50;

  // All commands so far are done: sends their answers and takes more commands, if there are any.
  bool receive() {
    if (!attached()) accept_client();
    if (!attached()) return false;
    if (!answers_.empty()) {
      send(client_, answers_.data(), answers_.size(), MSG_NOSIGNAL);
      answers_.clear();
    }
    const ssize_t size = recv(client_, input_, sizeof input_, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) drop();
    next_ = 0;
    received_ = size > 0 ? static_cast<size_t>(size) : 0;
    return received_ > 0;
  }

  void accept_client() {
    pollfd descriptor{listener_, POLLIN, 0};
    if (poll(&descriptor, 1, 0) <= 0) return;
    client_ = accept(listener_, nullptr, nullptr);
    if (client_ < 0) return;
    was_attached_ = true;
    const int on = 1;
    setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void drop() {
    if (attached()) close(client_);
    client_ = -1;
    next_ = received_ = 0;
    answers_.clear();
  }

  int listener_;
  uint16_t port_ = 0;
  int client_ = -1;
  bool was_attached_ = false;
  Pins pins_;
  char input_[4096];
  size_t next_ = 0;      // in `input_`
  size_t received_ = 0;  // its end
  std::string answers_;
};

}  // namespace heepstor::simulator
