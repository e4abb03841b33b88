#include "tests/scenarios/runner.h"

#include <algorithm>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "tests/scenarios/box.h"
#include "tests/scenarios/chosen_ports.h"
#include "tests/scenarios/commands.h"
#include "tests/scenarios/frame_builder.h"
#include "tests/scenarios/frame_reader.h"

namespace baton::scenarios {
namespace {

// What the counters said, to see what a step added.
struct Reading {
  std::array<uint64_t, kDropReasons> drops{};
  uint64_t held = 0, waiting = 0, control = 0, kernel = 0, suppressed = 0;

  static Reading Of(const Box& box) {
    Reading r;
    for (size_t i = 0; i < kDropReasons; ++i) {
      r.drops[i] = box.Sum([&](const WorkerCounters& c) { return c.drops[i].Get(); });
    }
    r.held = box.Sum([](const WorkerCounters& c) { return c.held.Get(); });
    r.waiting = box.Sum([](const WorkerCounters& c) { return c.waiting.Get(); });
    r.control = box.Sum([](const WorkerCounters& c) { return c.to_control.Get(); });
    r.kernel = box.Sum([](const WorkerCounters& c) { return c.to_kernel.Get(); });
    r.suppressed = box.Sum([](const WorkerCounters& c) { return c.errors_suppressed.Get(); });
    return r;
  }
};

// What the worker said about a packet beforehand, beside what became of it; other packets may have gone on with it.
// What depends on more than the packet and the tables, `explain` does not foresee: rates, full queues, earlier
// fragments.
std::string ExplanationMistake(const PacketTrace& t, const std::vector<SentFrame>& sent, const Reading& before,
                               const Reading& after) {
  const auto dropped = [&](DropReason reason) {
    return after.drops[static_cast<size_t>(reason)] > before.drops[static_cast<size_t>(reason)];
  };
  const auto left = [&] {
    const Bytes frame(t.bytes.begin() + t.out_offset, t.bytes.begin() + t.out_offset + t.out_length);
    return std::any_of(sent.begin(), sent.end(),
                       [&](const SentFrame& s) { return s.port == t.out_port && s.bytes == frame; });
  };
  for (const DropReason reason : {DropReason::kFragmentDuplicate, DropReason::kFragmentOverlap,
                                  DropReason::kFragmentTableFull, DropReason::kFragmentQueueFull}) {
    if (t.fragment && dropped(reason)) return "";
  }
  if (t.pieces > 1 && t.end == PacketTrace::End::kForward) {
    const auto pieces =
        std::count_if(sent.begin(), sent.end(), [&](const SentFrame& s) { return s.port == t.out_port; });
    return pieces == t.pieces || dropped(DropReason::kNoBuffers) ? "" : "explained with another number of pieces";
  }
  switch (t.end) {
    case PacketTrace::End::kForward:
    case PacketTrace::End::kEcho:
      if (left() || dropped(DropReason::kTransmitFull) || dropped(DropReason::kSteerRingFull)) return "";
      return "explained as sent, but this was not sent";
    case PacketTrace::End::kDrop:
      if (!dropped(t.drop)) return absl::StrCat("explained as dropped for ", DropReasonName(t.drop));
      if (!t.answered || left() || dropped(DropReason::kTransmitFull)) return "";
      return after.suppressed > before.suppressed ? "" : "explained with another answer";
    case PacketTrace::End::kControl:
      return after.control > before.control || dropped(DropReason::kControlRate) ||
             dropped(DropReason::kControlRingFull) ? "" : "explained as handed to control";
    case PacketTrace::End::kKernel:
      return after.kernel > before.kernel || dropped(DropReason::kKernelRate) ||
             dropped(DropReason::kKernelRingFull) ? "" : "explained as handed to the kernel";
    case PacketTrace::End::kHold:  // those before it may have gone on meanwhile, and it with them
      return after.held != before.held ? "" : "explained as held";
    case PacketTrace::End::kWait:
    case PacketTrace::End::kKept:
      return after.waiting > before.waiting || dropped(DropReason::kNeighborQueueFull) ||
             dropped(DropReason::kHandOverFull) ? "" : "explained as waiting";
  }
  return "explained as nothing known";
}

// What another worker is given of a frame ends with the IP packet.
Bytes WithoutPadding(Bytes frame) {
  const size_t l3 = frame.size() > 18 && frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
  if (frame.size() < l3 + 20 || frame[l3] >> 4 != 4) return frame;
  const size_t end = l3 + static_cast<size_t>(frame[l3 + 2] << 8 | frame[l3 + 3]);
  if (end < frame.size()) frame.resize(end);
  return frame;
}

// A capture of the step has each packet once as it came in, each as it was sent, in order, and each drop with its
// reason.
std::string CaptureMistake(const std::vector<PortInfo>& ports, const std::vector<Box::Captured>& captured,
                           const std::vector<SentFrame>& arrived, const std::vector<SentFrame>& sent,
                           const Reading& before, const Reading& after) {
  std::array<uint64_t, kDropReasons> drops{};
  size_t received = 0;
  std::vector<const Box::Captured*> sent_ones;
  for (const Box::Captured& c : captured) {
    ++drops[static_cast<size_t>(c.packet.drop)];
    if (c.packet.sent) sent_ones.push_back(&c);
    if (c.packet.sent || c.packet.again) continue;
    received += std::any_of(arrived.begin(), arrived.end(), [&](const SentFrame& a) {
      const bool too_long = c.packet.length == 0;
      // A frame of no VLAN that is known stays the device's.
      return (a.port == c.packet.port || ports[a.port].trunk == c.packet.port) &&
             (too_long || a.bytes == c.bytes || WithoutPadding(a.bytes) == c.bytes);
    });
  }
  if (received != arrived.size()) return absl::StrCat("captured ", received, " of ", arrived.size(), " that arrived");
  if (sent_ones.size() != sent.size()) {
    return absl::StrCat("captured ", sent_ones.size(), " of ", sent.size(), " that were sent");
  }
  for (const SentFrame& frame : sent) {  // of several workers each has its own order
    const bool found = std::any_of(sent_ones.begin(), sent_ones.end(), [&](const Box::Captured* c) {
      return c->packet.port == frame.port && c->bytes == frame.bytes;
    });
    if (!found) return "captured another than sent";
  }
  for (size_t i = 1; i < kDropReasons; ++i) {
    // An answer that is not sent either has two reasons, and the capture the last.
    if (after.drops[static_cast<size_t>(DropReason::kTransmitFull)] >
        before.drops[static_cast<size_t>(DropReason::kTransmitFull)])
      break;
    if (i == static_cast<size_t>(DropReason::kStopped)) continue;  // nobody reads a capture any more
    if (drops[i] != after.drops[i] - before.drops[i]) {
      return absl::StrCat("captured ", drops[i], " dropped for ", kDropReasonNames[i], ", of ",
                          after.drops[i] - before.drops[i]);
    }
  }
  return "";
}

class Run {
 public:
  Run(const Scenario& scenario, Box& box, std::set<std::string>* reasons)
      : scenario_(scenario),
        box_(box),
        reasons_(*reasons),
        chosen_ports_([&box](const IpAddress& address) { return box.IsInternal(address); }) {}

  std::vector<std::string> All() {
    if (!scenario_.manual_neighbors) IntroduceNeighbors();
    box_.Poll(Now());
    for (const Step& step : scenario_.steps) {
      now_ = step.at;
      std::string failure = Do(step);
      if (failure.empty()) failure = Balance();
      if (failure.empty()) continue;
      return {absl::StrCat(scenario_.file, ":", step.line, ": ", failure)};
    }
    return AtTheEnd();
  }

 private:
  TimePoint Now() const { return TimePoint{} + scenario_.clock + now_; }

  // Every host that the scenario names and that is on a port's network has told its MAC address before it is asked.
  void IntroduceNeighbors() {
    std::set<IpAddress> hosts;
    for (const Step& step : scenario_.steps) {
      for (const auto* list : {&step.burst, &step.outcome.sent}) {
        for (const PortPacket& p : *list) hosts.insert({p.packet.src, p.packet.dst});
      }
    }
    for (const controlplane::ServiceConfig& service : box_.config().services) {
      for (const controlplane::BackendConfig& backend : service.backends) hosts.insert(backend.address);
    }
    for (const Route& route : box_.config().routes) hosts.insert(route.via);
    for (const IpAddress& host : hosts) {
      if (host.is_unspecified() || host.is_multicast() || box_.IsLocal(host)) continue;
      const Route* route = box_.RouteTo(host);
      if (route == nullptr || !route->connected()) continue;
      box_.Neighbor({host, MacOf(host), route->port, SetNeighbor::State::kReachable});
    }
  }

  std::string Do(const Step& step) {
    explained_ = nullptr;
    const Reading before = Reading::Of(box_);
    came_.clear();
    for (int i = 0; i < scenario_.polls; ++i) box_.Poll(Now());  // time passed: what was due happens first
    if (!step.words.empty()) {
      const std::string failure = DoCommand(step.words, scenario_, box_);
      if (!failure.empty()) return failure;
    }
    std::map<std::string, size_t> queues;  // within a step all packets of a flow come through the same one
    for (const PortPacket& p : step.burst) {
      const std::string flow = absl::StrCat(p.port, p.packet.src.ToString(), " ", p.packet.src_port.value_or(0), " ",
                                            p.packet.dst.ToString(), " ", p.packet.dst_port.value_or(0));
      const auto [queue, first] = queues.emplace(flow, flows_arrived_);
      if (first) ++flows_arrived_;
      const std::string failure = Arrive(p, queue->second);
      if (!failure.empty()) return failure;
    }
    for (int i = 0; i < std::max(1, scenario_.polls); ++i) box_.Poll(Now());
    return Compare(step, before, Reading::Of(box_));
  }

  std::string Arrive(PortPacket p, size_t queue) {
    chosen_ports_.Apply(p.packet);
    const PortId port = box_.PortNamed(p.port);
    if (port == kNoPort) return absl::StrCat("no port or command '", p.port, "'");
    const PortInfo& info = box_.ports()[port];
    LinkLayer link{.src = MacOf(StationOf(p.packet, p.packet.src)), .dst = info.mac, .vlan = info.vlan};
    if (p.packet.dst.is_multicast() && !p.packet.dst.is_v4()) link.dst = Ipv6MulticastMac(p.packet.dst);
    if (p.packet.kind == "arp" && p.packet.Get("op") == "1") link.dst = MacAddress::Broadcast();
    if (p.from_kernel) {
      link.src = info.mac;
      if (!p.packet.dst.is_multicast()) link.dst = MacOf(StationOf(p.packet, p.packet.dst));
    }
    const absl::StatusOr<Bytes> frame = BuildFrame(p.packet, link);
    if (!frame.ok()) return std::string(frame.status().message());
    if (p.from_kernel) {
      box_.kernel().Send(port, *frame);
      return "";
    }
    std::string mistake;
    explained_ = box_.Explain(port, *frame, Now(), &mistake);
    const PortId device = info.trunk == kNoPort ? port : info.trunk;
    for (int i = 0; i < p.times; ++i) box_.Arrive(device, *frame, queue);
    arrived_.push_back({port, *frame});
    for (int i = 0; i < p.times; ++i) came_.push_back({port, *frame});
    return mistake;
  }

  std::string Compare(const Step& step, const Reading& before, const Reading& after) {
    Outcome got;
    for (size_t i = 0; i < kDropReasons; ++i) {
      const uint64_t count = after.drops[i] - before.drops[i];
      if (count == 0) continue;
      got.drops[std::string(kDropReasonNames[i])] = static_cast<int>(count);
      reasons_.insert(std::string(kDropReasonNames[i]));
    }
    got.control = static_cast<int>(after.control - before.control);
    got.kernel = static_cast<int>(after.kernel - before.kernel);
    // Gauges: what was released shows as packets or drops, which are compared.
    got.held = std::max(0, static_cast<int>(after.held - before.held));
    got.waiting = std::max(0, static_cast<int>(after.waiting - before.waiting));
    const std::vector<SentFrame> sent = box_.io().TakeSent();
    // Of several workers, another one than a fragment's may take it for its own: it remembers an earlier datagram.
    const bool another = explained_ != nullptr && explained_->fragment && box_.workers() > 1;
    if (explained_ != nullptr && !another && step.burst.size() == 1) {
      const std::string mistake = ExplanationMistake(*explained_, sent, before, after);
      if (!mistake.empty()) return mistake;
    }
    const std::string miscaptured = CaptureMistake(box_.ports(), box_.TakeCaptured(), came_, sent, before, after);
    if (!miscaptured.empty()) return miscaptured;
    for (const SentFrame& frame : sent) {
      got.sent.push_back({.port = box_.ports()[frame.port].name, .packet = ReadFrame(frame.bytes), .name = "",
                          .again = false});
    }
    const std::string difference = OutcomeDifference(step, got);
    if (!difference.empty()) {
      return absl::StrCat(difference, "\n  expected: ", step.outcome.ToString(), "\n  got:      ", got.ToString());
    }
    return "";
  }

  std::string OutcomeDifference(const Step& step, Outcome& got) {
    Outcome want = step.outcome;
    // Between ports there is no order.
    for (auto* sent : {&want.sent, &got.sent}) {
      std::stable_sort(sent->begin(), sent->end(),
                       [](const PortPacket& a, const PortPacket& b) { return a.port < b.port; });
    }
    if (want.drops != got.drops) return "other drops";
    if (want.held != got.held || want.waiting != got.waiting) return "other packets held or waiting";
    if (want.control != got.control) return "other packets to control";
    if (want.kernel != got.kernel) return "other packets to the kernel";
    for (const SentFrame& given : box_.kernel().TakeGiven()) {
      if (!Arrived(given)) return "the kernel is given another frame than came";
    }
    if (want.sent.size() != got.sent.size()) return "another number of packets sent";
    const std::string difference = box_.workers() == 1 ? InOrder(want, got) : InAnyOrder(want, got);
    if (!difference.empty()) return difference;
    // One packet in, one of the same kind out: it was forwarded, and must be what it was.
    if (step.burst.size() != 1 || want.sent.size() != 1 || !want.drops.empty()) return "";
    if (want.sent[0].packet.kind == "any" || step.burst[0].from_kernel) return "";
    if (want.sent[0].packet.Get("type") != step.burst[0].packet.Get("type")) return "";
    const absl::StatusOr<Bytes> frame = BuildFrame(step.burst[0].packet, {});
    const PacketText& sent = got.sent[0].packet;
    const bool tunnel = (sent.kind == "ip" || sent.kind == "vxlan") && sent.about != nullptr;
    return Alteration(ReadFrame(*frame), tunnel ? *sent.about : sent, want.sent[0].packet);
  }

  std::string InOrder(const Outcome& want, const Outcome& got) {
    for (size_t i = 0; i < want.sent.size(); ++i) {
      const std::string difference = SentDifference(want.sent[i], got.sent[i]);
      if (!difference.empty()) return difference;
    }
    return "";
  }

  // Several workers: each expected packet is found among those sent, in order within its flow. Those that may be any
  // packet take what is left.
  std::string InAnyOrder(const Outcome& want, const Outcome& got) {
    std::vector<bool> taken(got.sent.size());
    std::map<std::string, size_t> last;  // by flow: the place of the last one found
    for (const bool any : {false, true}) {
      for (PortPacket packet : want.sent) {
        if ((packet.packet.kind == "any") != any) continue;
        std::string difference = "one more is expected";
        size_t at = 0;
        for (; at < got.sent.size() && !difference.empty(); ++at) {
          if (!taken[at]) difference = LearningDifference(packet, got.sent[at]);
        }
        if (!difference.empty()) return absl::StrCat("not sent: ", packet.packet.ToString(), ": ", difference);
        taken[--at] = true;
        const PacketText& p = got.sent[at].packet;
        const std::string flow = absl::StrCat(got.sent[at].port, p.src.ToString(), p.src_port.value_or(0),
                                              p.dst.ToString(), p.dst_port.value_or(0));
        const auto [place, first] = last.emplace(flow, at);
        if (!any && !first && place->second > at) return absl::StrCat("overtaken: ", packet.packet.ToString());
        place->second = at;
      }
    }
    return "";
  }

  std::string LearningDifference(const PortPacket& want, const PortPacket& got) {
    if (want.packet.kind == "any") return SentDifference(want, got);
    PortPacket named = want;
    chosen_ports_.Apply(named.packet);
    const std::string difference = SentDifference(named, got);
    if (difference.empty() || want.port != got.port || !chosen_ports_.Learn(want.packet, got.packet)) return difference;
    return LinkLayerMistake(want.packet, got);
  }

  std::string SentDifference(const PortPacket& want, const PortPacket& got) {
    if (want.port != got.port) return absl::StrCat("sent through ", got.port);
    const std::string difference = PacketDifference(want, got.packet);
    return difference.empty() ? LinkLayerMistake(want.packet, got) : difference;
  }

  std::string PacketDifference(const PortPacket& want, const PacketText& got) {
    if (want.name.empty()) return want.packet.kind == "any" ? "" : Difference(want.packet, got);
    const auto [place, first] = named_.emplace(want.name, got.dst);
    if (first == want.again) return absl::StrCat(want.name, first ? " was never seen" : " is seen twice");
    return place->second == got.dst ? "" : absl::StrCat("not to ", place->second.ToString(), " again");
  }

  std::string LinkLayerMistake(const PacketText& want, const PortPacket& got) const {
    const PacketText& packet = got.packet;
    const PortInfo& info = box_.ports()[box_.PortNamed(got.port)];
    if (packet.Get("mac_src") != info.mac.ToString()) return "the source MAC address is not the port's";
    if (packet.Number("vlan", 0) != info.vlan) return absl::StrCat("VLAN ", packet.Get("vlan"));
    if (packet.dst.is_multicast()) return "";  // the kernel's: the expectation names the group's address
    const IpAddress hop = StationOf(want, packet.dst);
    if (packet.Get("mac_dst") == MacOf(hop).ToString()) return "";
    return absl::StrCat("the destination MAC address ", packet.Get("mac_dst"), " is not that of ", hop.ToString());
  }

  // The station that a packet comes from or goes to, which is on a port's network: the one of `via`, or where `host`
  // is.
  IpAddress StationOf(const PacketText& packet, const IpAddress& host) const {
    return packet.has("via") ? *IpAddress::Parse(packet.Get("via")) : HopTo(host);
  }

  // The station on a port's network behind which `host` is.
  IpAddress HopTo(const IpAddress& host) const {
    const Route* route = box_.RouteTo(host);
    return route == nullptr || route->connected() ? host : route->via;
  }

  // Whether this frame came in through this port; what is behind its IP packet does not count.
  bool Arrived(const SentFrame& given) const {
    return std::any_of(arrived_.begin(), arrived_.end(), [&](const SentFrame& frame) {
      return frame.port == given.port && frame.bytes.size() >= given.bytes.size() &&
             std::equal(given.bytes.begin(), given.bytes.end(), frame.bytes.begin());
    });
  }

  // common/counters.h: the sum that always holds between two polls; and each buffer is where a gauge says.
  std::string Balance() const {
    uint64_t kept = box_.steering().packets();
    for (size_t i = 0; i < box_.workers(); ++i) {
      const WorkerCounters& c = box_.counters(i);
      const uint64_t in = c.received.Get() + c.steered_in.Get() + c.originated.Get() + c.from_kernel.Get();
      const uint64_t out = c.sent.Get() + c.steered_out.Get() + c.dropped() + c.held.Get() + c.waiting.Get() +
                           c.to_control.Get() + c.to_kernel.Get();
      if (in != out) {
        return absl::StrCat("worker ", i, ": received ", c.received.Get(), " + steered in ", c.steered_in.Get(),
                            " + originated ", c.originated.Get(), " + from kernel ", c.from_kernel.Get(),
                            " is not sent ", c.sent.Get(), " + steered out ", c.steered_out.Get(), " + dropped ",
                            c.dropped(), " + held ", c.held.Get(), " + waiting ", c.waiting.Get(), " + to control ",
                            c.to_control.Get(), " + to kernel ", c.to_kernel.Get());
      }
      kept += c.held.Get() + c.waiting.Get();
    }
    const uint64_t steered_out = box_.Sum([](const WorkerCounters& c) { return c.steered_out.Get(); });
    const uint64_t steered_in = box_.Sum([](const WorkerCounters& c) { return c.steered_in.Get(); });
    if (steered_out != steered_in + box_.steering().packets()) {
      return absl::StrCat("steered out ", steered_out, " is not steered in ", steered_in, " + in rings");
    }
    if (box_.io().buffers_in_use() != kept) {
      return absl::StrCat(box_.io().buffers_in_use(), " buffers in use, but ", kept,
                          " packets held, waiting or steered");
    }
    if (!box_.io().mistakes().empty()) return box_.io().mistakes().front();
    return "";
  }

  std::vector<std::string> AtTheEnd() const {
    std::vector<std::string> failures = box_.Mistakes();
    for (std::string& failure : failures) failure = absl::StrCat(scenario_.file, ": ", failure);
    return failures;
  }

  const Scenario& scenario_;
  Box& box_;
  std::set<std::string>& reasons_;
  Duration now_{};
  std::vector<SentFrame> came_;             // in this step
  std::unique_ptr<PacketTrace> explained_;  // of the packet that arrived last
  std::vector<SentFrame> arrived_;  // since the beginning
  size_t flows_arrived_ = 0;
  ChosenPorts chosen_ports_;
  std::map<std::string, IpAddress> named_;  // `sent PORT as NAME`: where it went
};

}  // namespace

std::vector<std::string> RunScenario(const Scenario& scenario, uint16_t workers, std::set<std::string>* reasons,
                                     bool cards) {
  const absl::StatusOr<std::unique_ptr<Box>> box = Box::Create(scenario.config, scenario.file, workers, cards);
  if (!box.ok()) return {absl::StrCat(scenario.file, ": ", box.status().message())};
  return Run(scenario, **box, reasons).All();
}

}  // namespace baton::scenarios
