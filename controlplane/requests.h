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
#include "common/packet_trace.h"
#include "common/status.h"
#include "controlplane/capture/session.h"
#include "controlplane/config/difference.h"
#include "controlplane/events.h"
#include "controlplane/load_sharing/sharer.h"
#include "controlplane/view.h"

namespace baton::controlplane {

struct BackendChange {
  std::string service, backend;
  std::optional<uint32_t> weight;  // 0..65535
  std::optional<bool> drain;       // true: no new connections; false: back with its weight
};

// Which virtual routers: all with this id that the rest does not exclude.
struct RouterFilter {
  uint32_t id = 0;
  std::string port, family;  // empty: any; family: ipv4, ipv6
};

// Conditions that a unit of the virtual router is to have.
struct ConditionMove {
  RouterFilter router;                  // family: that of `to`
  std::vector<IpAddress> end_systems;   // empty: all
  IpAddress to;
};

struct MovedConditions {
  size_t count = 0;
  uint32_t generation = 0;  // of the allocation that says so
};

// What load sharing knows of end systems: of one virtual router, or with id 0 of all.
struct SharingFilter {
  uint32_t id = 0;
  uint32_t limit = 1000;  // rows at most
};
template <typename Row>
struct OfRouter {
  std::string port;
  uint32_t id = 0;
  Row row;
};
using SharedCondition = OfRouter<load_sharing::ListedCondition>;
using SharedEndSystem = OfRouter<load_sharing::ListedEndSystem>;

// Who collects what was measured.
struct ReviewingUnit {
  std::string port, family;
  IpAddress unit;
  bool is_this = false;
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

struct FrameToExplain {
  PortId port = 0;             // where it comes in
  std::vector<uint8_t> bytes;  // from the Ethernet header on
};

struct ExplainedPacket {
  int worker = 0;
  PacketTrace trace;
};

// What a reload did, or with a dry run would do.
struct ReloadReport {
  bool dry_run = false;
  bool refused = false;              // as a whole, because of `errors` or `difference.restart`
  uint64_t generation = 0;           // in effect at every worker; as before when nothing was applied
  ConfigDifference difference;       // empty when the file itself is wrong
  std::vector<std::string> errors;   // each with file, line and column where it has one

  const char* outcome() const {
    if (refused) return dry_run ? "would refuse" : "refused";
    if (difference.changes.empty()) return "unchanged";
    return dry_run ? "would apply" : "applied";
  }
};

class Requests {
 public:
  virtual ~Requests() = default;

  // NotFound: no external or internal address of the configuration. FailedPrecondition: a port's own address.
  virtual absl::Status SetMode(const IpAddress& address, AddressMode mode) = 0;
  // NotFound: unknown service or backend. InvalidArgument: weight out of range, nothing to change.
  virtual absl::Status ChangeBackend(const BackendChange& change) = 0;
  // Leaves the role of the active router to another one; takes part again as after a start. Returns how many were
  // active. NotFound: no virtual router is meant. FailedPrecondition: it is the owner, who would be active again at
  // once.
  virtual absl::StatusOr<int> ResignRouter(const RouterFilter& filter) = 0;
  // Has the load of these virtual routers looked at now. NotFound: none is meant. FailedPrecondition: it shares no
  // load, or does not run. Unavailable: not now. Of several that are meant all do it, or none.
  virtual absl::StatusOr<std::vector<ReviewingUnit>> ReviewRouter(const RouterFilter& filter) = 0;
  // Hands conditions over, whatever their load; the next review may move them again. NotFound: no virtual router is
  // meant, unknown unit or end system. FailedPrecondition and Unavailable: as Machine::ToMove. All are moved, or none.
  virtual absl::StatusOr<MovedConditions> MoveConditions(const ConditionMove& move) = 0;
  // Tables C and B of load sharing, in address order. NotFound: no virtual router that shares its load is meant.
  virtual absl::StatusOr<std::vector<SharedCondition>> ListConditions(const SharingFilter& filter) = 0;
  virtual absl::StatusOr<std::vector<SharedEndSystem>> ListEndSystems(const SharingFilter& filter) = 0;
  // A walk over the workers' tables, in pieces; rows made or ended meanwhile may be missed.
  virtual absl::StatusOr<std::vector<ListedRow>> ListAccess(const AccessFilter& filter) = 0;
  // What a worker would do with this frame, found out by its own pipeline without any effect. InvalidArgument: no such
  // port, too many bytes.
  virtual absl::StatusOr<ExplainedPacket> Explain(const FrameToExplain& frame) = 0;
  // Has every worker copy packets until the session's reader is gone. InvalidArgument: snap length. FailedPrecondition:
  // another capture is under way.
  virtual absl::StatusOr<std::shared_ptr<CaptureSession>> StartCapture(const CaptureSettings& settings) = 0;
  // Reads the configuration file again and applies it whole or not at all; a dry run only compares. A file that is
  // refused is no error here: the report says why. FailedPrecondition: there is no file.
  virtual absl::StatusOr<ReloadReport> Reload(bool dry_run) = 0;
  // What happened, of what is kept, with a number above this one. Does not wait for the control thread.
  virtual std::vector<LoggedEvent> EventsAfter(uint64_t number) const = 0;
  // The last published picture; never null after start.
  virtual std::shared_ptr<const View> GetView() const = 0;
};

}  // namespace baton::controlplane
