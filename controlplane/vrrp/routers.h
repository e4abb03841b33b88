// The driver of codec and machine: the virtual routers of a box. It has no socket and no clock: frames heard and time
// come in, frames and changes of role go out through Callbacks. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <absl/types/span.h>

#include "common/addr.h"
#include "common/route.h"
#include "common/time_point.h"
#include "controlplane/vrrp/advert.h"
#include "controlplane/vrrp/frame.h"
#include "controlplane/vrrp/machine.h"

namespace baton::controlplane::vrrp {

// A virtual router as it is configured.
struct Settings {
  RouterConfig machine;
  PortId port = kNoPort;
  MacAddress port_mac;
  uint16_t vlan = 0;
  ChecksumOver over = ChecksumOver::kPseudoHeaderToo;
  // Its MAC address is never the source of a frame, so that switches send frames for it to every router of the group.
  bool shared = false;
  // Its advertisements carry the routers in place of the addresses: Callbacks read and write them. Not in the RFCs.
  bool unit_list = false;

  Family family() const { return machine.addresses.front().family(); }
  std::tuple<PortId, Family, uint8_t> key() const { return {port, family(), machine.vrid}; }
};

inline constexpr size_t kRefusals = static_cast<size_t>(Refusal::kFormat) + 1;
inline constexpr size_t kMalformed = static_cast<size_t>(Malformed::kChecksum) + 1;

struct Counters {
  uint64_t sent = 0;
  uint64_t heard = 0;       // advertisements that counted
  uint64_t resigned = 0;    // of these, with priority 0
  uint64_t became_active = 0;
  uint64_t became_backup = 0;  // after having been active
  uint64_t rivals = 0;      // others that claimed to be active
  std::array<uint64_t, kRefusals> refused = {};   // by Refusal
};

// What is none of a virtual router of ours, or not to be read.
struct StrayCounters {
  std::array<uint64_t, kMalformed> malformed = {};  // by Malformed
  uint64_t unknown_vrid = 0;
  uint64_t not_multicast = 0;  // an advertisement to one address
  uint64_t wrong_vlan = 0;
};

struct Status {
  State state;
  TimePoint since{};       // of the role
  Counters counters;
  bool up = false;         // its port's link
};

class Callbacks {
 public:
  virtual ~Callbacks() = default;
  // A whole frame; may be lost.
  virtual void SendFrame(PortId port, absl::Span<const uint8_t> frame) = 0;
  // Take frames for the virtual MAC address, answer for the addresses and announce them; or no longer.
  virtual void OnRole(size_t router, bool active) = 0;
  // For operators.
  virtual void OnEvent(size_t router, const std::string& text) = 0;

  // For what stands on VRRP: each change of role, each advertisement sent, and each heard that counted.
  virtual void OnState(size_t, Role) {}
  virtual void OnAdvertSent(size_t) {}
  virtual void OnAdvertHeard(size_t, const IpAddress&) {}
  // A message of another type than 1, with a right checksum. False: it is counted as of an unknown type.
  virtual bool OnMessage(size_t, const Unwrapped&) { return false; }

  // Advertisements with a list of units. Whether it is one, believed or not:
  virtual bool IsUnitList(size_t, const Unwrapped&) { return false; }
  // Of a router with Settings::unit_list; its addresses are not in it. nullopt: it is refused, and counted there.
  virtual std::optional<Advert> ReadUnitList(size_t, const Unwrapped&) { return std::nullopt; }
  virtual std::vector<uint8_t> WriteUnitList(size_t, uint8_t, const Ends&) { return {}; }
};

class Routers {
 public:
  explicit Routers(Callbacks& callbacks) : callbacks_(callbacks) {}

  // In this order from now on. One that is there already and differs in nothing but priority and preemption goes on as
  // it is; one that is gone resigns. REQUIRES: the keys differ.
  void Configure(const std::vector<Settings>& settings, TimePoint now);
  // True when the frame is VRRP's, and so nobody else's. Any bytes.
  bool OnFrame(PortId port, absl::Span<const uint8_t> frame, TimePoint now);
  // Does what is due.
  void Tick(TimePoint now);
  // The link of its port; a router whose link is down takes part in nothing.
  void SetUp(size_t router, bool up, TimePoint now);
  // What tracking leaves of the configured priority. Without effect for an owner.
  void SetPriority(size_t router, uint8_t priority, TimePoint now);
  // Gives the role up to whoever takes it; takes part again as if it had just started. REQUIRES: not an owner.
  void Resign(size_t router, TimePoint now);
  // Resigns everywhere.
  void Stop(TimePoint now);

  size_t size() const { return routers_.size(); }
  bool active(size_t router) const { return routers_[router].status.state.role == Role::kActive; }
  const Settings& settings(size_t router) const { return routers_[router].settings; }
  const Status& status(size_t router) const { return routers_[router].status; }
  const StrayCounters& strays() const { return strays_; }
  TimePoint NextDeadline() const;

 private:
  struct Router {
    Settings settings;
    Status status;
  };

  void Drive(size_t router, const Event& event, TimePoint now);
  void Perform(size_t router, const Action& action, TimePoint now);
  void SendAdvertOf(size_t router, uint8_t priority);
  bool PassOn(PortId port, const Unwrapped& message, uint8_t vrid);
  void HearAdvert(size_t router, const Unwrapped& message, std::optional<Advert> advert, TimePoint now);
  void NoteRole(size_t router, const State& before, TimePoint now);

  Callbacks& callbacks_;
  std::vector<Router> routers_;
  std::map<std::tuple<PortId, Family, uint8_t>, size_t> by_key_;
  StrayCounters strays_;
};

absl::string_view RoleName(Role role);
absl::string_view RefusalName(Refusal refusal);
absl::string_view MalformedName(Malformed malformed);

}  // namespace baton::controlplane::vrrp
