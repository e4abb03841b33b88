#include "tests/simulation/group.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "controlplane/load_sharing/codec.h"

namespace baton::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAdverts = 100ms;
constexpr Duration kHoldLimit = 2s;
// For how long packets may be lost, from what the protocol takes when no message is lost; longer where some are.
constexpr Duration kTakesOver = 3 * kAdverts + 80ms;  // active-down interval
constexpr Duration kLearns = 220ms;                   // who becomes active may have to
constexpr Duration kSuccessor = kTakesOver + kLearns;
// Response period, counted anew by a successor; then those who may give to it have to be told (report_wait).
constexpr Duration kFindsGone = kLearns + 11 * kAdverts + 200ms;
constexpr Duration kGone = kTakesOver + kFindsGone;
constexpr Duration kMoved = 50ms;                       // the messages that say so, until all have them
constexpr Duration kRepeated = 1s;                      // as often as it takes
constexpr Duration kWorkers = 50us;  // until control hears of what workers have forwarded
// VR-84: the older half of what waited is dropped, the younger goes.
constexpr const char* kGuessed = "mode sequence, and the report does not name its flow";
constexpr ls::Generation kBefore = 32 * 1030;  // a group begins at 1000 s
constexpr Duration kPoll = 1ms;      // while packets are noted or wait

ls::Generation NumberAt(TimePoint start) {
  return ls::GenerationAt(static_cast<uint64_t>(start.time_since_epoch() / 1us)) - kBefore;
}

ls::Config ConfigOf(const GroupOptions& options, const std::vector<IpAddress>& routers, const IpAddress& own) {
  ls::Config config{.own = own, .routers = routers, .hand_over = options.mode};
  if (options.server) config.servers = {Group::Unit(options.routers)};
  config.response_period = 10 * kAdverts;
  config.confirmation_wait = 200ms;
  config.tries = 5;
  config.settle = 1s;
  config.hold_off = 4s;
  config.flow_wait = 300ms;
  config.discovery_limit = 1s;
  if (options.configure) options.configure(config);
  return config;
}

}  // namespace

Group::Group(const GroupOptions& options)
    : options_(options), random_(options.seed), end_systems_(options.end_systems) {
  std::vector<IpAddress> routers;
  for (size_t i = 0; i < options.routers; ++i) routers.push_back(Unit(i));
  const size_t units = options.routers + (options.server ? 1 : 0);
  for (size_t i = 0; i < units; ++i) {
    auto node = std::make_unique<Node>();
    node->address = Unit(i);
    node->is_server = i == options.routers;
    // The first is the strongest.
    node->vrrp_config = {.vrid = 1, .priority = static_cast<uint8_t>(200 - i), .interval = kAdverts, .own = Unit(i),
                         .addresses = {IpAddress::V4(0x0a0000fe)}};
    node->config = ConfigOf(options, routers, Unit(i));
    // `exact` compares times of two routers: what their clocks differ by while a report is asked for again and again
    // has to stay within the skew.
    const double most = options.mode == ls::HandOver::kExact ? 0.0002 : 0.05;
    if (options.clocks_differ) node->rate = 1 - most + 2 * most * Share();
    nodes_.push_back(std::move(node));
  }
  end_system_sides_.resize(end_systems_, 0);
  packets_.push_back({.forwarded = 1, .at = now_});  // packets are numbered from 1
}

TimePoint Group::Local(const Node& node) const {
  const double passed = static_cast<double>((now_ - TimePoint{}).count()) * node.rate;
  return TimePoint{} + Duration(static_cast<int64_t>(passed));
}

void Group::Fail(const std::string& what) {
  const std::chrono::duration<double> at = now_ - TimePoint{};
  if (failure_.empty()) failure_ = absl::StrFormat("at %.6f: %s", at.count(), what);
}

void Group::RunFor(Duration time) {
  const TimePoint end = now_ + time;
  while (failure_.empty()) {
    const TimePoint arrival = arrivals_.empty() ? TimePoint::max() : arrivals_.top().at;
    const TimePoint event = events_.empty() ? TimePoint::max() : events_.begin()->first;
    if (std::min(arrival, event) > end) break;
    now_ = std::max(now_, std::min(arrival, event));
    if (arrival < event) {
      const Arrival next = arrivals_.top();
      arrivals_.pop();
      Arrive(next);
      continue;
    }
    const std::function<void()> what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
    CheckNow();
  }
  now_ = std::max(now_, end);
}

// Of no other router anything changes by it, and nothing of what anybody knows.
void Group::Arrive(const Arrival& arrival) {
  Node& node = *nodes_[arrival.to];
  if (!node.alive) return;
  node.data->Arrive(arrival.packet, EndSystem(arrival.end_system), Local(node));
  CheckHolds(node);
}

void Group::Start(size_t unit) {
  Node& node = *nodes_[unit];
  if (node.alive) return;
  if (options_.narrate) Narrate(unit, " starts");
  node.alive = true;
  ++node.life;
  node.stalled_until = TimePoint::min();
  if (options_.numbers_by_clock) node.config.first_generation = NumberAt(now_);
  node.machine = std::make_unique<ls::Machine>(node.config);
  node.data = std::make_unique<DataPlane>(DataPlaneSettings{
      .conditions = 2 * end_systems_ + 64,
      .times = {.cover = node.config.cover, .skew = node.config.linger, .limit = kHoldLimit, .notes = 1024,
                .flows = std::bit_ceil(4 * end_systems_)},
      .forwarded = [this, unit](PacketId packet, bool guessed) { Forwarded(unit, packet, guessed); },
      .given = [this, unit, life = node.life](const ls::Given& given) {
        At(now_ + kWorkers, [this, unit, given, life] {
          if (nodes_[unit]->life == life) Do(unit, given);
        });
      }});
  node.polls = false;
  node.confirmations.clear();
  node.vrrp = {};
  node.recorded.clear();
  node.gave.clear();
  AccountForFailure();
  if (node.is_server) {
    Do(unit, ls::RoleChanged{ls::Role::kServer});
  } else {
    Do(unit, ls::RoleChanged{ls::Role::kBackup});
    DoVrrp(unit, vr::Started{});
  }
}

void Group::Crash(size_t unit) {
  Node& node = *nodes_[unit];
  if (!node.alive) return;
  if (options_.narrate) Narrate(unit, " crashes");
  node.alive = false;
  Disturb(kGone);
}

void Group::Resign(size_t unit) {
  if (!nodes_[unit]->alive) return;
  DoVrrp(unit, vr::Stopped{});
  Crash(unit);
}

void Group::Stall(size_t unit, Duration time) {
  if (options_.narrate) Narrate(unit, " stalls");
  nodes_[unit]->stalled_until = now_ + time;
  Disturb(time + kGone);
  At(now_ + time, [this, unit] {
    if (nodes_[unit]->alive) Wake(unit);
  });
}

void Group::Partition(const std::vector<int>& sides) {
  if (options_.narrate) Narrate(0, ": the LAN parts");
  if (parted_) disagree_ = true;  // who was apart may be together
  parted_ = true;
  for (size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->side = sides[i];
  for (size_t i = 0; i < end_systems_; ++i) end_system_sides_[i] = sides[nodes_.size() + i];
  Disturb(kGone);
}

void Group::Heal() {
  if (options_.narrate) Narrate(0, ": the LAN is one");
  if (parted_) disagree_ = true;
  parted_ = false;
  for (auto& node : nodes_) node->side = 0;
  std::fill(end_system_sides_.begin(), end_system_sides_.end(), 0);
  Disturb(kGone);
}

void Group::Tell(size_t unit, const ls::Event& event) {
  if (nodes_[unit]->alive) Do(unit, event);
}

void Group::Do(size_t unit, const ls::Event& event) {
  Node& node = *nodes_[unit];
  if (!node.alive) return;
  if (now_ < node.stalled_until) {
    At(node.stalled_until, [this, unit, event, life = node.life] {
      if (nodes_[unit]->life == life) Do(unit, event);
    });
    return;
  }
  std::vector<ls::Action> actions;
  node.machine->On(event, Local(node), actions);
  Perform(unit, actions);
  ScheduleWake(unit);
}

void Group::DoVrrp(size_t unit, const vr::Event& event) {
  Node& node = *nodes_[unit];
  if (!node.alive) return;
  if (now_ < node.stalled_until) {
    At(node.stalled_until, [this, unit, event, life = node.life] {
      if (nodes_[unit]->life == life) DoVrrp(unit, event);
    });
    return;
  }
  const vr::Role before = node.vrrp.role;
  const vr::Step step = vr::React(node.vrrp_config, node.vrrp, event, Local(node));
  node.vrrp = step.next;
  for (const vr::Action& action : step.actions) {
    if (const auto* send = std::get_if<vr::SendAdvert>(&action)) SendAdvert(unit, send->priority);
  }
  if (before != node.vrrp.role) {
    if (options_.narrate) Narrate(unit, absl::StrCat(" has role ", static_cast<int>(node.vrrp.role)));
    if (node.vrrp.role == vr::Role::kActive) {
      disagree_ = true;
      Do(unit, ls::RoleChanged{ls::Role::kActive});
    }
    if (node.vrrp.role == vr::Role::kBackup) Do(unit, ls::RoleChanged{ls::Role::kBackup});
    if (node.vrrp.role == vr::Role::kInitialize) Do(unit, ls::RoleChanged{ls::Role::kStopped});
    const bool succeeds = node.vrrp.role == vr::Role::kActive && now_ < excused_until_;
    Disturb(succeeds ? kFindsGone : kSuccessor);
  }
  const auto* heard = std::get_if<vr::AdvertHeard>(&event);
  if (heard != nullptr && heard->priority != 0 && node.vrrp.role == vr::Role::kBackup &&
      node.vrrp.active == heard->from) {
    Do(unit, ls::AdvertHeard{heard->from});
  }
  ScheduleWake(unit);
}

void Group::Wake(size_t unit) {
  Node& node = *nodes_[unit];
  node.wakes = TimePoint::max();
  if (!node.alive) return;
  if (now_ >= node.stalled_until) {
    const TimePoint local = Local(node);
    if (!node.is_server && local >= node.vrrp.deadline) DoVrrp(unit, vr::DeadlinePassed{});
    if (node.alive && local >= node.machine->NextDeadline()) Do(unit, ls::DeadlinePassed{});
  }
  ScheduleWake(unit);
}

void Group::ScheduleWake(size_t unit) {
  Node& node = *nodes_[unit];
  if (!node.alive || now_ < node.stalled_until) return;
  TimePoint deadline = node.machine->NextDeadline();
  if (!node.is_server) deadline = std::min(deadline, node.vrrp.deadline);
  if (deadline == TimePoint::max()) return;
  const double global = static_cast<double>((deadline - TimePoint{}).count()) / node.rate;
  const TimePoint at = std::max(now_ + 1us, TimePoint{} + Duration(static_cast<int64_t>(global) + 1000));
  if (at >= node.wakes) return;
  node.wakes = at;
  At(at, [this, unit, at] {
    if (nodes_[unit]->wakes == at) Wake(unit);
  });
}

void Group::Deliver(size_t from, size_t to, std::function<void()> what) {
  if (from == to || nodes_[from]->side != nodes_[to]->side || Share() < options_.loss) return;
  const size_t copies = Share() < options_.duplication ? 2 : 1;
  for (size_t i = 0; i < copies; ++i) {
    const Duration more(static_cast<int64_t>(Share() * static_cast<double>(options_.more_delay.count())));
    At(now_ + options_.delay + more, [this, to, what] {
      if (nodes_[to]->alive) what();
    });
  }
}

void Group::SendAdvert(size_t from, uint8_t priority) {
  for (size_t to = 0; to < nodes_.size(); ++to) {
    const IpAddress source = nodes_[from]->address;
    Deliver(from, to, [this, to, source, priority] {
      if (nodes_[to]->is_server) {
        if (priority != 0) Do(to, ls::AdvertHeard{source});
      } else {
        DoVrrp(to, vr::AdvertHeard{source, priority, kAdverts});
      }
    });
  }
}

void Group::Send(size_t from, const ls::Send& send) {
  if (!std::holds_alternative<ls::Response>(send.message)) ++sent_;
  if (options_.trace || options_.narrate) Trace(from, send);
  const vr::Ends ends{nodes_[from]->address, send.to == IpAddress{} ? IpAddress::V4(0xe0000012) : send.to};
  const auto over = vr::ChecksumOver::kPseudoHeaderToo;
  const std::vector<uint8_t> bytes = ls::EncodeMessage({.vrid = 1}, send.message, ends, over);
  const ls::Decoded decoded = ls::DecodeMessage(bytes, ends);
  if (decoded.malformed != ls::Malformed::kNothing || decoded.message != send.message) {
    Fail("a message is another one after Encode and Decode: " + ToText(send.message));
  }
  if (const auto* report = std::get_if<ls::Report>(&send.message)) NoteReport(from, send.to, *report);
  const auto* allocation = std::get_if<ls::Allocation>(&send.message);
  if (allocation != nullptr && send.to == IpAddress{}) NoteOrphans(*allocation);
  for (size_t to = 0; to < nodes_.size(); ++to) {
    if (send.to != IpAddress{} && nodes_[to]->address != send.to) continue;
    const ls::MessageHeard heard{nodes_[from]->address, decoded.message};
    Deliver(from, to, [this, to, heard] { Do(to, heard); });
  }
}

void Group::Perform(size_t unit, const std::vector<ls::Action>& actions) {
  Node& node = *nodes_[unit];
  for (const ls::Action& action : actions) {
    if (options_.narrate && !std::holds_alternative<ls::Send>(action)) Narrate(unit, " " + ToText(action));
    if (const auto* send = std::get_if<ls::Send>(&action)) {
      if (node.data->is_beginning() && std::holds_alternative<ls::Confirmation>(send->message)) {
        node.confirmations.push_back(*send);
      } else {
        Send(unit, *send);
      }
    } else if (std::holds_alternative<ls::Discover>(action)) {
      At(now_ + 20ms, [this, unit] {
        ls::EndSystemsKnown known{.complete = true};
        for (size_t i = 0; i < end_systems_; ++i) known.end_systems.push_back(EndSystem(i));
        Do(unit, known);
      });
      if (options_.trace) trace_.push_back(NameOf(unit) + " discovers");
    } else if (const auto* log = std::get_if<ls::EventLogged>(&action)) {
      // Who is taken for dead and is not goes on until it hears of it.
      using Kind = ls::EventLogged::Kind;
      AccountFor(unit, *log);
      NoteGiven(unit, *log);
      if (log->kind == Kind::kUnitFault || log->kind == Kind::kTookOver) Disturb(kMoved);
      if (log->kind == Kind::kServerAlive) disagree_ = true;  // and both have allocated meanwhile
      if (log->kind == Kind::kUnitFault && !node.is_server) NodeOf(log->unit).held_for_dead = true;
    } else {
      NoteGiving(node, action);
      node.data->Apply(action, Local(node));
      PollLater(unit);
    }
  }
}

void Group::PollLater(size_t unit) {
  Node& node = *nodes_[unit];
  if (node.polls || (!node.data->needs_polls() && node.confirmations.empty())) return;
  node.polls = true;
  At(now_ + kPoll, [this, unit, life = node.life] {
    Node& polled = *nodes_[unit];
    if (!polled.alive || polled.life != life) return;
    polled.polls = false;
    polled.data->Poll(Local(polled));
    if (!polled.data->is_beginning() && now_ >= polled.stalled_until) SendConfirmations(unit);
    PollLater(unit);
  });
}

void Group::SendConfirmations(size_t from) {
  for (const ls::Send& send : std::exchange(nodes_[from]->confirmations, {})) Send(from, send);
}

void Group::SendPackets(Duration every) {
  every_ = every;
  if (every == Duration{} || end_systems_ == 0) return;
  At(now_ + Duration(static_cast<int64_t>(2 * Share() * static_cast<double>(every.count()))), [this, every] {
    if (every_ != every) return;
    SendPacket(random_() % end_systems_);
    SendPackets(every);
  });
}

void Group::SendPacket(size_t end_system) {
  const PacketId id = static_cast<PacketId>(packets_.size());
  packets_.push_back(
      {static_cast<uint16_t>(end_system), 0, 0, now_, now_ < excused_until_, parted_ || active() == units()});
  if (options_.narrate) Narrate(0, absl::StrCat(": packet ", id, " of .", end_system));
  const int side = end_system < end_system_sides_.size() ? end_system_sides_[end_system] : 0;
  for (size_t to = 0; to < nodes_.size(); ++to) {
    if (nodes_[to]->is_server || nodes_[to]->side != side) continue;
    const Duration skew(static_cast<int64_t>(Share() * static_cast<double>(options_.skew.count())));
    TimePoint at = now_ + 10us + skew;
    if (options_.mode == ls::HandOver::kSequence) {  // which counts on it
      TimePoint& last = nodes_[to]->last_arrivals.try_emplace(end_system, at).first->second;
      last = at = std::max(at, last);
    }
    arrivals_.push({at, id, static_cast<uint16_t>(to), static_cast<uint16_t>(end_system)});
  }
}

void Group::MeasureFlows(Duration every) {
  for (size_t i = 0; i < units(); ++i) {
    if (nodes_[i]->alive && !nodes_[i]->is_server) {
      Do(i, ls::FlowsMeasured{.flows = nodes_[i]->data->TakeFlows(), .overflows = 0, .overflow_unit = every});
    }
  }
  At(now_ + every, [this, every] { MeasureFlows(every); });
}

void Group::Forwarded(size_t unit, PacketId id, bool guessed) {
  PacketRecord& packet = packets_[id];
  if (options_.narrate) Narrate(unit, absl::StrCat(" forwards packet ", id, " of .", packet.end_system));
  NoteMinds();
  if (++packet.forwarded == 1) {
    packet.by = static_cast<uint16_t>(unit);
    ++forwarded_once_;
    return;
  }
  if (const char* why = guessed ? kGuessed : Excuse(packet, unit); why != nullptr) {
    if (options_.narrate) Narrate(unit, absl::StrCat(" may: ", why));
    ++excused_doubles_;
    return;
  }
  Fail(absl::StrCat("packet ", id, " of ", EndSystem(packet.end_system).ToString(), " is forwarded once more, by ",
                    NameOf(unit)));
}

// Something fails now: for a while nobody may be in charge of some end systems, and what waited for the failed one is
// lost.
void Group::Disturb(Duration time) {
  AccountForFailure();
  if (options_.loss > 0 || options_.duplication > 0) time += kRepeated;
  excused_until_ = std::max(excused_until_, now_ + time);
  for (auto packet = packets_.rbegin(); packet != packets_.rend() && now_ - packet->at < 1s; ++packet) {
    if (packet->forwarded == 0) packet->parted = true;
  }
}

void Group::CheckNow() {
  NoteMinds();
  for (const auto& node : nodes_) {
    if (node->alive && !node->is_server) CheckHolds(*node);
  }
}

void Group::CheckHolds(const Node& node) {
  if (!node.data->is_holding()) return;
  if (node.data->holds_too_long(Local(node))) Fail("a packet waits longer than the limit");
}

size_t Group::active() const {
  size_t found = units();
  for (size_t i = 0; i < units(); ++i) {
    if (!nodes_[i]->alive || nodes_[i]->is_server || nodes_[i]->vrrp.role != vr::Role::kActive) continue;
    if (found != units()) return units();
    found = i;
  }
  return found;
}

size_t Group::InCharge(size_t end_system) const {
  size_t found = units();
  for (size_t i = 0; i < units(); ++i) {
    if (!nodes_[i]->alive || nodes_[i]->is_server || !nodes_[i]->data->Passes(EndSystem(end_system))) continue;
    if (found != units()) return units();
    found = i;
  }
  return found;
}

size_t Group::lost() const {
  size_t lost = 0;
  for (const PacketRecord& packet : packets_) {
    lost += packet.forwarded == 0 && !packet.excused && !packet.parted ? 1 : 0;
  }
  return lost;
}

std::string Group::LostText() const {
  for (const PacketRecord& packet : packets_) {
    if (packet.forwarded > 0 || packet.excused || packet.parted) continue;
    return absl::StrFormat("%d packets are lost, the first at %.6f of %s", lost(),
                           std::chrono::duration<double>(packet.at - TimePoint{}).count(),
                           EndSystem(packet.end_system).ToString());
  }
  return "";
}

void Group::CheckQuiet() {
  const size_t a = active();
  if (a == units()) Fail("quiet, and not one active router");
  for (size_t i = 0; i < end_systems_; ++i) {
    if (InCharge(i) == units()) Fail("quiet, and not one router in charge of " + EndSystem(i).ToString());
  }
  for (size_t i = 0; i < units(); ++i) {
    if (!nodes_[i]->alive) continue;
    if (const char* what = nodes_[i]->machine->UnderWay(); what != nullptr) {
      Fail(absl::StrCat("quiet, and still at ", NameOf(i), ": ", what));
    }
    if (a != units() && nodes_[i]->machine->generation() != nodes_[a]->machine->generation()) {
      Fail(NameOf(i) + " has another allocation than the active router");
    }
  }
}

}  // namespace baton::simulation
