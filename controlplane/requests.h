// What the outside may ask of the control thread. Every call may come from any API thread; it posts the request to the
// control thread and waits for the answer (Unavailable after a time limit of 2 s). Errors name the field: `address`,
// `service`, `backend`, `weight`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/access_row.h"
#include "common/status.h"
#include "controlplane/view.h"

namespace baton::controlplane {

struct BackendChange {
  std::string service, backend;
  std::optional<uint32_t> weight;  // 0..65535
  std::optional<bool> drain;       // true: no new connections; false: back with its weight
};

struct AccessFilter {
  std::optional<IpAddress> client, external, backend;
  std::string service;             // empty: any
  uint32_t limit = 1000;           // rows at most
};

struct ListedRow {
  int worker = 0;
  AccessRow row;
};

class Requests {
 public:
  virtual ~Requests() = default;

  // NotFound: no external or internal address of the configuration. FailedPrecondition: a port's own address.
  virtual absl::Status SetMode(const IpAddress& address, AddressMode mode) = 0;
  // NotFound: unknown service or backend. InvalidArgument: weight out of range, nothing to change.
  virtual absl::Status ChangeBackend(const BackendChange& change) = 0;
  // A walk over the workers' tables, in pieces; rows made or ended meanwhile may be missed.
  virtual absl::StatusOr<std::vector<ListedRow>> ListAccess(const AccessFilter& filter) = 0;
  // The last published picture; never null after start.
  virtual std::shared_ptr<const View> GetView() const = 0;
};

}  // namespace baton::controlplane
