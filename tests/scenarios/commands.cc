#include "tests/scenarios/commands.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace baton::scenarios {
namespace {

using Words = std::vector<std::string>;

absl::Status Usage(absl::string_view text) { return absl::InvalidArgumentError(absl::StrCat("usage: ", text)); }

absl::StatusOr<int> Number(const std::string& word, int any) {
  if (word == "any") return any;
  int value;
  if (!absl::SimpleAtoi(word, &value)) return absl::InvalidArgumentError(absl::StrCat("not a number: ", word));
  return value;
}

absl::Status Mode(const Words& w, Box& box) {
  if (w.size() != 3) return Usage("mode ADDRESS none|normal|migration");
  ASSIGN_OR_RETURN(const IpAddress address, IpAddress::Parse(w[1]));
  if (w[2] == "none") return box.SetMode(address, AddressMode::kNone);
  if (w[2] == "normal") return box.SetMode(address, AddressMode::kNormal);
  if (w[2] == "migration") return box.SetMode(address, AddressMode::kMigration);
  return Usage("mode ADDRESS none|normal|migration");
}

absl::Status VirtualRouter(const Words& w, Box& box) {
  constexpr const char* kUsage = "virtual-router PORT ipv4|ipv6 ID active|backup";
  if (w.size() != 5 || box.PortNamed(w[1]) == kNoPort) return Usage(kUsage);
  if ((w[2] != "ipv4" && w[2] != "ipv6") || (w[4] != "active" && w[4] != "backup")) return Usage(kUsage);
  ASSIGN_OR_RETURN(const int id, Number(w[3], 0));
  const Family family = w[2] == "ipv4" ? Family::kIpv4 : Family::kIpv6;
  return box.SetActive(box.PortNamed(w[1]), family, static_cast<uint8_t>(id), w[4] == "active");
}

absl::Status BackendCommand(const Words& w, Box& box) {
  if (w.size() == 5 && w[3] == "weight") {
    ASSIGN_OR_RETURN(const int weight, Number(w[4], 0));
    return box.SetWeight(w[1], w[2], static_cast<uint16_t>(weight));
  }
  if (w.size() == 4 && (w[3] == "drain" || w[3] == "enable")) return box.SetDrain(w[1], w[2], w[3] == "drain");
  return Usage("backend SERVICE NAME weight N|drain|enable");
}

absl::Status Load(const Words& w, Box& box) {
  if (w.size() != 4) return Usage("load SERVICE NAME PERCENT");
  ASSIGN_OR_RETURN(const int load, Number(w[3], 0));
  return box.SetLoad(w[1], w[2], static_cast<uint8_t>(load));
}

absl::Status NeighborCommand(const Words& w, Box& box) {
  if (w.size() != 4) return Usage("neighbor PORT ADDRESS MAC|up|failed|forget");
  SetNeighbor update{.address = {}, .mac = {}, .port = box.PortNamed(w[1]), .state = SetNeighbor::State::kReachable};
  ASSIGN_OR_RETURN(update.address, IpAddress::Parse(w[2]));
  if (update.port == kNoPort) return absl::InvalidArgumentError(absl::StrCat("no port ", w[1]));
  if (w[3] == "failed") {
    update.state = SetNeighbor::State::kFailed;
  } else if (w[3] == "forget") {
    update.state = SetNeighbor::State::kForget;
  } else if (w[3] == "up") {
    update.mac = MacOf(update.address);
  } else {
    ASSIGN_OR_RETURN(update.mac, MacAddress::Parse(w[3]));
  }
  box.Neighbor(update);
  return absl::OkStatus();
}

absl::Status Transmit(const Words& w, Box& box) {
  if (w.size() != 3 || box.PortNamed(w[1]) == kNoPort) return Usage("transmit PORT N|any");
  ASSIGN_OR_RETURN(const int frames, Number(w[2], -1));
  box.io().LimitTransmit(box.PortNamed(w[1]), frames);
  return absl::OkStatus();
}

absl::Status Buffers(const Words& w, Box& box) {
  if (w.size() != 2) return Usage("buffers N|any");
  ASSIGN_OR_RETURN(const int count, Number(w[1], -1));
  box.io().LimitBuffers(count);
  return absl::OkStatus();
}

absl::Status Events(const Words& w, Box& box) {
  if (w.size() != 2) return Usage("events N|any");
  ASSIGN_OR_RETURN(const int room, Number(w[1], -1));
  for (size_t i = 0; i < box.workers(); ++i) {
    box.mailbox(i).event_room = room < 0 ? SIZE_MAX : static_cast<size_t>(room);
  }
  return absl::OkStatus();
}

absl::Status Steering(const Words& w, Box& box) {
  if (w.size() != 2) return Usage("steering N|any");
  ASSIGN_OR_RETURN(const int room, Number(w[1], -1));
  box.steering().Limit(room);
  return absl::OkStatus();
}

absl::Status KernelRoom(const Words& w, Box& box) {
  if (w.size() != 2) return Usage("kernel-room N|any");
  ASSIGN_OR_RETURN(const int room, Number(w[1], -1));
  box.kernel().Limit(room);
  return absl::OkStatus();
}

const Counter* CounterNamed(const WorkerCounters& c, const std::string& name) {
  const std::pair<const char*, const Counter*> all[] = {
      {"received", &c.received},           {"originated", &c.originated},
      {"sent", &c.sent},                   {"to_control", &c.to_control},
      {"held", &c.held},                   {"waiting", &c.waiting},
      {"echo_replies", &c.echo_replies},   {"errors_sent", &c.errors_sent},
      {"rows", &c.rows},                   {"errors_suppressed", &c.errors_suppressed},
      {"rows_ipv6", &c.rows_ipv6},         {"rows_created", &c.rows_created},
      {"rows_ended", &c.rows_ended},       {"port_pools", &c.port_pools},
      {"neighbors", &c.neighbors},         {"generation", &c.generation},
      {"events_lost", &c.events_lost},     {"fragments", &c.fragments},
      {"to_kernel", &c.to_kernel},         {"from_kernel", &c.from_kernel},
      {"steered_in", &c.steered_in},       {"steered_out", &c.steered_out},
      {"ftp_connections", &c.ftp_connections}, {"ftp_unfollowed", &c.ftp_unfollowed},
      {"ftp_left", &c.ftp_left},           {"conditions", &c.conditions},
  };
  for (const auto& [counter_name, counter] : all) {
    if (name == counter_name) return counter;
  }
  return nullptr;
}

const Counter* BackendCounter(const BackendCounters& c, const std::string& name) {
  const std::pair<const char*, const Counter*> all[] = {
      {"rows", &c.rows},
      {"open", &c.open},
      {"created", &c.created},
      {"packets_to", &c.packets_to},
      {"bytes_to", &c.bytes_to},
      {"packets_from", &c.packets_from},
      {"bytes_from", &c.bytes_from},
  };
  for (const auto& [counter_name, counter] : all) {
    if (name == counter_name) return counter;
  }
  return nullptr;
}

const Counter* PortCounter(const PortCounters& c, const std::string& name) {
  if (name == "received") return &c.received;
  if (name == "received_bytes") return &c.received_bytes;
  if (name == "sent") return &c.sent;
  return nullptr;
}

absl::Status ExpectAsked(const Words& w, Box& box) {
  std::vector<std::string> got;
  for (const auto& [port, address] : box.TakeAsked()) {
    got.push_back(absl::StrCat(box.ports()[port].name, " ", address.ToString()));
  }
  const std::string want = w[2] == "nothing" ? "" : absl::StrJoin(w.begin() + 2, w.end(), " ");
  if (absl::StrJoin(got, ", ") == want) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("asked for: ", absl::StrJoin(got, ", ")));
}

absl::Status Expect(const Words& w, Box& box) {
  constexpr absl::string_view kUsage =
      "expect COUNTER N | expect port NAME COUNTER N | expect backend SERVICE NAME COUNTER N | expect asked ...";
  if (w.size() >= 3 && w[1] == "asked") return ExpectAsked(w, box);
  if (w.size() >= 3 && (w[1] == "seen" || w[1] == "flow" || w[1] == "refused" || w[1] == "report")) {
    return box.sharing().Expect(w);
  }
  Slot slot = kNoSlot;
  if (w.size() == 6 && w[1] == "backend") {
    ASSIGN_OR_RETURN(slot, box.BackendSlot(w[2], w[3]));
  }
  const PortId port = w.size() == 5 && w[1] == "port" ? box.PortNamed(w[2]) : kNoPort;
  // Of what every worker has alike, one worker's.
  const bool alike = w[1] == "generation" || w[1] == "neighbors";
  uint64_t value, got = 0;
  if (!absl::SimpleAtoi(w.back(), &value)) return Usage(kUsage);
  for (size_t i = 0; i < (alike ? 1 : box.workers()); ++i) {
    const Counter* counter = nullptr;
    if (w.size() == 3) counter = CounterNamed(box.counters(i), w[1]);
    if (port != kNoPort) counter = PortCounter(box.counters(i).ports[port], w[3]);
    if (slot != kNoSlot) counter = BackendCounter(box.counters(i).backends[slot], w[4]);
    if (counter == nullptr) return Usage(kUsage);
    got += counter->Get();
  }
  if (got == value) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(absl::StrJoin(w, " "), ": is ", got));
}

// Changes of configuration: staged, and committed unless `stage` keeps them so.
absl::StatusOr<bool> DoStaged(const Words& w, const Scenario& scenario, Box& box) {
  absl::Status status;
  if (w[0] == "mode") {
    status = Mode(w, box);
  } else if (w[0] == "backend") {
    status = BackendCommand(w, box);
  } else if (w[0] == "load") {
    status = Load(w, box);
  } else if (w[0] == "virtual-router") {
    status = VirtualRouter(w, box);
  } else if (w[0] == "reload") {
    status = box.Reload(scenario.later_config, scenario.file);
  } else {
    return false;
  }
  RETURN_IF_ERROR(status);
  return true;
}

absl::Status Do(const Words& w, const Scenario& scenario, Box& box) {
  if (w[0] == "poll") return absl::OkStatus();
  if (w[0] == "neighbor") return NeighborCommand(w, box);
  if (w[0] == "transmit") return Transmit(w, box);
  if (w[0] == "buffers") return Buffers(w, box);
  if (w[0] == "events") return Events(w, box);
  if (w[0] == "kernel-room") return KernelRoom(w, box);
  if (w[0] == "steering") return Steering(w, box);
  if (w[0] == "expect") return Expect(w, box);
  if (LoadSharing::Knows(w[0])) return box.sharing().Do(w);
  if (w[0] == "commit") {
    box.Commit();
    return absl::OkStatus();
  }
  if (w[0] == "stop") {
    box.Stop();
    return absl::OkStatus();
  }
  const bool stage = w[0] == "stage" && w.size() > 1;
  ASSIGN_OR_RETURN(const bool known, DoStaged(stage ? Words(w.begin() + 1, w.end()) : w, scenario, box));
  if (!known) return absl::InvalidArgumentError(absl::StrCat("unknown command ", w[0]));
  if (!stage) box.Commit();
  return absl::OkStatus();
}

}  // namespace

std::string DoCommand(const std::vector<std::string>& words, const Scenario& scenario, Box& box) {
  const absl::Status status = Do(words, scenario, box);
  return status.ok() ? "" : std::string(status.message());
}

}  // namespace baton::scenarios
