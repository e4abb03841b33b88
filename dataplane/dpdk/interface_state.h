// Whether an interface of the kernel has a link. The drivers af_packet and af_xdp report one always, also while the
// interface is down. Made by the main thread, in the interface's network namespace; running() from any thread.
#pragma once

#include <string>

namespace baton::dataplane {

class InterfaceState {
 public:
  explicit InterfaceState(std::string name);
  ~InterfaceState();
  InterfaceState(const InterfaceState&) = delete;
  InterfaceState& operator=(const InterfaceState&) = delete;

  // Up, and so is its other end. False also when there is no such interface any more.
  bool running() const;

 private:
  const std::string name_;
  const int socket_;  // of the namespace that it was made in
};

}  // namespace baton::dataplane
