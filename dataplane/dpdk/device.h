// Finds or makes the DPDK device behind a port. Main thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/dpdk/port.h"

namespace baton::dataplane {

// A device that was found or made; the destructor removes it when it was made here. Not configured.
class Device {
 public:
  // Errors do not name the port: the caller does.
  static absl::StatusOr<std::unique_ptr<Device>> Open(const PortSpec& spec);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& name() const { return name_; }  // DPDK's
  uint16_t id() const { return id_; }

 private:
  struct Wire;  // the two rings between joined ports
  Device() = default;
  static absl::StatusOr<std::unique_ptr<Device>> Make(const std::string& name, const std::string& arguments);
  static absl::StatusOr<std::unique_ptr<Device>> Join(const PortSpec& spec);
  static absl::StatusOr<std::shared_ptr<Wire>> FindOrMakeWire(const std::string& name);

  std::string name_;
  uint16_t id_ = 0;
  bool made_ = false;
  std::shared_ptr<Wire> wire_;
  int end_ = 0;  // of wire_
};

}  // namespace baton::dataplane
