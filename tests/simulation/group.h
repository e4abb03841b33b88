// A group of routers, perhaps a substitution server, and end systems on one LAN that floods: the machines that batond
// runs, on a clock of its own, with what can go wrong drawn from a seed. Control messages go through their bytes. After
// each event the invariants are looked at; the first that does not hold is kept as text.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "controlplane/load_sharing/machine.h"
#include "controlplane/vrrp/machine.h"
#include "tests/simulation/data_plane.h"

namespace baton::simulation {

namespace vr = controlplane::vrrp;

struct GroupOptions {
  size_t routers = 3;
  size_t end_systems = 6;
  bool server = false;
  ls::HandOver mode = ls::HandOver::kTimer;
  uint32_t seed = 1;
  // Of control messages.
  double loss = 0, duplication = 0;
  Duration delay = std::chrono::microseconds(200);  // and up to this more
  Duration more_delay{};
  Duration skew = std::chrono::microseconds(500);   // of one frame's arrivals at the routers
  bool clocks_differ = false;
  bool numbers_by_clock = false;                    // of allocations, which wrap half a minute after the start
  bool trace = false;                               // keep what is sent as text
  bool narrate = false;                             // print what happens
  std::function<void(ls::Config&)> configure = {};  // of each unit
};

class Group {
 public:
  explicit Group(const GroupOptions& options);

  TimePoint now() const { return now_; }
  void RunFor(Duration time);
  // What can go wrong.
  void Start(size_t unit);
  void Crash(size_t unit);
  void Resign(size_t unit);
  void Stall(size_t unit, Duration time);  // its control plane; packets go on
  void Partition(const std::vector<int>& sides);  // of each unit, then of each end system
  void Heal();
  void SetLoss(double loss, double duplication) { options_.loss = loss, options_.duplication = duplication; }

  // End systems send a packet each from time to time, on average.
  void SendPackets(Duration every);
  void SendPacket(size_t end_system);
  void AddEndSystem() { ++end_systems_, end_system_sides_.push_back(0); }
  void MeasureFlows(Duration every);  // each router, and tells its machine
  void Tell(size_t unit, const ls::Event& event);

  size_t units() const { return nodes_.size(); }
  size_t routers() const { return options_.routers; }
  size_t end_systems() const { return end_systems_; }
  bool is_alive(size_t unit) const { return nodes_[unit]->alive; }
  const ls::Machine& machine(size_t unit) const { return *nodes_[unit]->machine; }
  const DataPlane& data(size_t unit) const { return *nodes_[unit]->data; }
  size_t active() const;  // units(): nobody or several
  static IpAddress EndSystem(size_t i) { return IpAddress::V4(0x0a000000 + 0x100 + static_cast<uint32_t>(i)); }
  static IpAddress Unit(size_t i) { return IpAddress::V4(0x0a000001 + static_cast<uint32_t>(i)); }
  size_t InCharge(size_t end_system) const;  // the one unit that passes it; units(): none or several

  const std::string& failure() const { return failure_; }
  std::vector<std::string> TakeTrace() { return std::move(trace_); }
  size_t sent() const { return sent_; }  // control messages but for types 1 and 2
  size_t packets() const { return packets_.size() - 1; }
  size_t forwarded_once() const { return forwarded_once_; }
  std::string LostText() const;  // the first
  size_t lost() const;  // not forwarded by anybody, and not excused
  size_t excused_doubles() const { return excused_doubles_; }
  // What was sent, as a part of what changes and failures account for; 1 is the limit (effort.cc).
  double effort() const { return static_cast<double>(sent_) / static_cast<double>(accounted_for_); }
  // Once all is quiet: one active router, and one router in charge of each end system.
  void CheckQuiet();

 private:
  struct Node {
    IpAddress address;
    bool is_server = false, alive = false;
    vr::RouterConfig vrrp_config;
    vr::State vrrp;
    ls::Config config;
    std::unique_ptr<ls::Machine> machine;
    std::unique_ptr<DataPlane> data;
    double rate = 1;  // of its clock
    TimePoint stalled_until = TimePoint::min();
    TimePoint wakes = TimePoint::max();
    int side = 0;
    bool polls = false;  // one is to come
    absl::flat_hash_map<size_t, TimePoint> last_arrivals = {};  // of packets, by end system
    std::vector<ls::Send> confirmations = {};  // until packets wait, as in batond
    size_t life = 0;  // how often it started
    absl::flat_hash_map<IpAddress, TimePoint> gave = {};  // of this life, when last, by who takes
    TimePoint knew_nothing = TimePoint::min();            // when it said so in a report
    bool held_for_dead = false;          // by the active router, which forwards for it
    TimePoint dead_until = TimePoint::min();
    std::vector<std::pair<TimePoint, ls::Generation>> recorded = {};  // of this life
  };
  struct Orphans {  // of one allocation, and who is to take them over
    ls::Generation generation = 0;
    absl::flat_hash_map<IpAddress, IpAddress> heirs = {};
  };
  struct PacketRecord {
    uint16_t end_system = 0, forwarded = 0;
    uint16_t by = 0;  // the first unit that forwarded it
    TimePoint at;
    bool excused = false;  // sent while a router in charge may be gone: no loss
    bool parted = false;   // sent while the router in charge may be elsewhere, or nobody was active
  };

  struct Arrival {  // of a packet at a router
    TimePoint at;
    PacketId packet = 0;
    uint16_t to = 0, end_system = 0;
    bool operator>(const Arrival& other) const {
      return std::tie(at, packet, to) > std::tie(other.at, other.packet, other.to);
    }
  };

  void At(TimePoint time, std::function<void()> what) { events_.emplace(time, std::move(what)); }
  TimePoint Local(const Node& node) const;
  void Do(size_t unit, const ls::Event& event);
  void DoVrrp(size_t unit, const vr::Event& event);
  void Perform(size_t unit, const std::vector<ls::Action>& actions);
  void Deliver(size_t from, size_t to, std::function<void()> what);
  void Send(size_t from, const ls::Send& send);
  void SendConfirmations(size_t from);
  void SendAdvert(size_t from, uint8_t priority);
  void Wake(size_t unit);
  void ScheduleWake(size_t unit);
  void Arrive(const Arrival& arrival);
  void Forwarded(size_t unit, PacketId packet, bool guessed);
  void PollLater(size_t unit);
  void Disturb(Duration time);
  void CheckNow();
  void CheckHolds(const Node& node);
  // effort.cc
  size_t Fragments(size_t records, size_t per_packet) const { return (records + per_packet - 1) / per_packet; }
  void AccountFor(size_t unit, const ls::EventLogged& event);
  void AccountForFailure();
  // excuses.cc
  void NoteMinds();
  void NoteGiving(const Node& node, const ls::Action& action);
  void NoteGiven(size_t unit, const ls::EventLogged& event);
  void NoteReport(size_t unit, const IpAddress& to, const ls::Report& report);
  void NoteOrphans(const ls::Allocation& allocation);
  bool IsTakenOver(const PacketRecord& packet, size_t unit) const;
  bool HaveAgreed() const;
  const char* Excuse(const PacketRecord& packet, size_t unit) const;  // for a double; null: there is none
  void Fail(const std::string& what);
  double Share() { return std::uniform_real_distribution<>(0, 1)(random_); }
  std::string NameOf(size_t unit) const;
  Node& NodeOf(const IpAddress& unit) { return *nodes_[unit.v4() - Unit(0).v4()]; }
  void Trace(size_t from, const ls::Send& send);
  void Narrate(size_t unit, const std::string& what) const;

  GroupOptions options_;
  std::mt19937 random_;
  TimePoint now_{std::chrono::seconds(1000)};
  std::multimap<TimePoint, std::function<void()>> events_;
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> arrivals_;  // most of what happens
  std::vector<std::unique_ptr<Node>> nodes_;
  size_t end_systems_;
  std::vector<int> end_system_sides_;
  std::vector<PacketRecord> packets_;
  Duration every_{};
  bool parted_ = false;
  TimePoint excused_until_ = TimePoint::min();
  std::vector<Orphans> orphans_;
  bool disagree_ = false;  // since there is another active router, or the LAN has healed
  TimePoint agree_since_{};
  TimePoint gives_until_ = TimePoint::min();  // what was begun when they did not
  TimePoint disagreed_until_ = TimePoint::min(), two_active_until_ = TimePoint::min(),
            timer_excused_until_ = TimePoint::min();
  size_t accounted_for_ = 25;
  absl::flat_hash_map<IpAddress, IpAddress> in_charge_ = {};  // by the last allocation
  size_t sent_ = 0, forwarded_once_ = 0, excused_doubles_ = 0;
  std::string failure_;
  std::vector<std::string> trace_;
};

// A message as one line: "allocation 1: .100>A .101>A .102>B".
std::string ToText(const ls::Message& message);
std::string ToText(const ls::Action& action);  // but for Send

}  // namespace baton::simulation
