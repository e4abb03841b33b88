// One virtual router of VRRP: what it does about what it hears and about time passing (RFC 3768, 6.4; RFC 9568, 6.4),
// as a pure function. The driver sends what comes out, and calls DeadlinePassed when the state's deadline has come.
// Main thread of the control plane, or a simulator.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "common/addr.h"
#include "common/time_point.h"
#include "controlplane/vrrp/advert.h"

namespace baton::controlplane::vrrp {

struct RouterConfig {
  uint8_t version = 3;
  uint8_t vrid = 0;
  uint8_t priority = 100;  // kOwnerPriority: its own address is the virtual router's
  Duration interval = std::chrono::seconds(1);
  bool preempt = true;
  Duration preempt_delay{};         // how long a weaker Active router is left alone (not in the RFCs)
  IpAddress own = {};               // its primary address on the port: of two equal priorities the higher one wins
  std::vector<IpAddress> addresses = {};  // of the virtual router, as every router of it has them
  uint8_t auth_type = kNoAuthentication;
  std::string password = {};
  friend bool operator==(const RouterConfig&, const RouterConfig&) = default;
};

enum class Role : uint8_t { kInitialize, kBackup, kActive };

struct State {
  Role role = Role::kInitialize;
  uint8_t priority = 0;        // the configured one, less what tracking takes
  Duration active_interval{};  // the Active router's
  TimePoint deadline = TimePoint::max();   // Backup: the Active router is down; Active: the next advertisement is due
  TimePoint preempt_at = TimePoint::max(); // Backup: when to stop minding a weaker Active router; max: none was heard
  IpAddress active = {};       // who it is, as far as known; unspecified: nobody
  uint8_t active_priority = 0;
  IpAddress rival = {};        // Active: the last other router that claimed to be; unspecified: none did
};

struct Started {};
struct Stopped {};
struct DeadlinePassed {};
struct AdvertHeard {
  IpAddress from;
  uint8_t priority = 0;
  Duration interval{};
};
// Tracking lowered or restored it. REQUIRES: 1..254, and not of an owner.
struct PriorityChanged {
  uint8_t priority = 0;
};
using Event = std::variant<Started, Stopped, DeadlinePassed, AdvertHeard, PriorityChanged>;

struct SendAdvert {
  uint8_t priority = 0;
};
struct BecomeActive {};   // take frames for the virtual MAC address, answer for the virtual addresses
struct ResignActive {};   // no longer
struct Announce {};       // gratuitous ARP or unsolicited neighbour advertisements (RFC 9568, 8.1.2 and 8.2.2)
struct RivalActive {      // another router claims to be Active: told once for each change of who
  IpAddress from;
};
using Action = std::variant<SendAdvert, BecomeActive, ResignActive, Announce, RivalActive>;

struct Step {
  State next;
  std::vector<Action> actions = {};
};

Step React(const RouterConfig& config, const State& state, const Event& event, TimePoint now);

// RFC 9568, 6.1: part of an interval, so that of several routers the one with the highest priority is first. Version 2
// (RFC 3768, 6.1) counts in seconds whatever the interval is.
Duration SkewTime(uint8_t version, uint8_t priority, Duration active_interval);
Duration ActiveDownInterval(uint8_t version, uint8_t priority, Duration active_interval);

// Why an advertisement that is well-formed is none of ours, or not to be believed (RFC 3768, 7.1; RFC 9568, 7.1).
enum class Refusal : uint8_t {
  kNothing,
  kTtl,             // not 255: it crossed a router
  kVersion,         // another one than is configured
  kVrid,
  kOwner,           // we own the address: nobody else may claim it
  kAuthentication,  // version 2: another type, or another password
  kInterval,        // version 2: another one than is configured
  kAddresses,       // of another virtual router with this VRID
  kOwnAddress,      // our own, or from somebody who has our address
  kFormat,          // of the RFCs where a list of units is expected, or the other way round: the driver's to find out
};
Refusal Check(const RouterConfig& config, const Advert& advert, const IpAddress& from, uint8_t ttl);

}  // namespace baton::controlplane::vrrp
