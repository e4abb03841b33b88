// baton-sim: tells stories of a group of routers, one per seed, until one of them shows what must not be.
#include <cstdint>
#include <cstdio>

#include <sys/prctl.h>

#include <gflags/gflags.h>

#include "tests/simulation/story.h"

DEFINE_uint32(seeds, 1000, "how many");
DEFINE_uint32(from, 1, "the first");
DEFINE_bool(narrate, false, "print what happens in each");
DEFINE_bool(calm, false, "nobody fails, only the network does");
DEFINE_bool(moves, true, "an operator has end systems moved");
DEFINE_bool(verbose, false, "a line for each seed");

using baton::simulation::Mood;

int main(int argc, char** argv) {
  gflags::SetUsageMessage("simulates virtual routers that share load: baton-sim virtual-router --seeds N [--from S]");
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc != 2 || std::string(argv[1]) != "virtual-router") {
    std::fprintf(stderr, "usage: baton-sim virtual-router [--seeds N] [--from S]\n");
    return 2;
  }
  // Each router's tables are a few pages; zeroing 2 MB for each would take a fifth of the time.
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  uint64_t packets = 0, messages = 0, excused = 0, lost = 0;
  for (uint64_t seed = FLAGS_from; seed < uint64_t{FLAGS_from} + FLAGS_seeds; ++seed) {
    const auto result = baton::simulation::TellStory(
        static_cast<uint32_t>(seed), FLAGS_calm ? Mood::kCalm : Mood::kEither, FLAGS_narrate, FLAGS_moves);
    packets += result.packets, messages += result.messages, excused += result.excused_doubles, lost += result.lost;
    if (FLAGS_verbose) {
      std::printf("%u: %s: %zu packets, %zu excused, %zu lost, %zu messages (%.2f)\n", static_cast<uint32_t>(seed),
                  result.setting.c_str(), result.packets, result.excused_doubles, result.lost, result.messages,
                  result.effort);
    }
    if (result.failure.empty()) continue;
    std::printf("seed %u (%s): %s\nreplay: scripts/simulate virtual-router%s%s --seeds 1 --from %u\n",
                static_cast<uint32_t>(seed), result.setting.c_str(), result.failure.c_str(),
                FLAGS_calm ? " --calm" : "", FLAGS_moves ? "" : " --nomoves", static_cast<uint32_t>(seed));
    return 1;
  }
  std::printf("%u seeds: %llu packets, %llu control messages; %llu doubles and %llu losses while routers disagreed\n",
              FLAGS_seeds, static_cast<unsigned long long>(packets), static_cast<unsigned long long>(messages),
              static_cast<unsigned long long>(excused), static_cast<unsigned long long>(lost));
  return 0;
}
