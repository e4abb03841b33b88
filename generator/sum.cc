#include "generator/sum.h"

#include <algorithm>
#include <utility>

namespace baton::generator {
namespace {

void Add(DirectionResult& sum, const DirectionResult& one) {
  sum.counts.Add(one.counts);
  if (one.longest_gaps.most() > sum.longest_gaps.most()) sum.longest_gap_flow = one.longest_gap_flow;
  sum.longest_gaps.Add(one.longest_gaps);
  sum.silent_flows += one.silent_flows;
}

void Add(EpochCounts& sum, const EpochCounts& one) {
  sum.Counted::Add(one);
  sum.request_gap.Note(one.request_gap.ns, one.request_gap.flow);
  sum.response_gap.Note(one.response_gap.ns, one.response_gap.flow);
  sum.ends.Add(one.ends);
}

void Add(ClassResult& sum, const ClassResult& one) {
  Add(sum.requests, one.requests);
  Add(sum.responses, one.responses);
  sum.wrong_server += one.wrong_server;
  sum.wrong_address += one.wrong_address;
  sum.skipped += one.skipped;
  sum.one_way.Add(one.one_way);
  sum.round_trip.Add(one.round_trip);
  sum.tcp.Add(one.tcp);
  sum.tcp_set_up.Add(one.tcp_set_up);
  if (sum.mobile && one.mobile) {
    sum.mobile->moves += one.mobile->moves;
    sum.mobile->gaps.Add(one.mobile->gaps);
  }
  // A core that was stopped may not have reached the last one.
  if (sum.epochs.size() < one.epochs.size()) sum.epochs.resize(one.epochs.size());
  for (size_t i = 0; i < one.epochs.size(); ++i) Add(sum.epochs[i], one.epochs[i]);
}

void Add(SecondOfRun& sum, const SecondOfRun& one) {
  sum.from_s = std::min(sum.from_s, one.from_s);
  sum.to_s = std::max(sum.to_s, one.to_s);
  sum.counts.Add(one.counts);
  if (sum.round_trips && one.round_trips) sum.round_trips->Add(*one.round_trips);
}

// What the sum has not, one core has: seconds, or intervals, that it alone reached.
template <typename Item>
void AddEach(std::vector<Item>& sum, const std::vector<Item>& one, void (*add)(Item& sum, const Item& one)) {
  for (size_t i = 0; i < one.size(); ++i) {
    if (i < sum.size()) {
      add(sum[i], one[i]);
    } else {
      sum.push_back(one[i]);
    }
  }
}

void Add(RunResult& sum, const RunResult& one) {
  for (size_t i = 0; i < one.classes.size(); ++i) Add(sum.classes[i], one.classes[i]);
  AddEach<SecondOfRun>(sum.timeline, one.timeline, Add);
  AddEach<double>(sum.epoch_begins_s, one.epoch_begins_s,
                  [](double& from, const double& other) { from = std::min(from, other); });
  for (size_t i = 0; i < one.gateways.size(); ++i) sum.gateways[i].sent += one.gateways[i].sent;
  sum.strays.Add(one.strays);
  if (sum.served && one.served) sum.served->Add(*one.served);
  sum.handed_over += one.handed_over;
  const double bytes = sum.bytes_per_flow * static_cast<double>(sum.flows) +
                       one.bytes_per_flow * static_cast<double>(one.flows);
  sum.flows += one.flows;
  sum.bytes_per_flow = sum.flows == 0 ? 0 : bytes / static_cast<double>(sum.flows);
  sum.sending_s = std::max(sum.sending_s, one.sending_s);
  sum.interrupted = sum.interrupted || one.interrupted;
}

}  // namespace

RunResult SumOf(const Profile& profile, std::vector<RunResult> cores) {
  RunResult sum = std::move(cores.front());
  for (size_t core = 1; core < cores.size(); ++core) Add(sum, cores[core]);
  for (size_t i = 0; i < sum.classes.size(); ++i) {
    sum.classes[i].flows = profile.flows[i].count;
    sum.classes[i].offered_rate = profile.flows[i].rate;
  }
  for (SecondOfRun& second : sum.timeline) {
    if (!second.round_trips) continue;
    const Histogram& trips = *second.round_trips;
    second.round_trip = {trips.count(), trips.Quantile(0.5), trips.Quantile(0.99), trips.most()};
    second.round_trips.reset();
  }
  return sum;
}

}  // namespace baton::generator
