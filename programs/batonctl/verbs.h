// What batonctl can be told to do: the words of its command line after the flags. One thread.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace baton::batonctl {

struct Options {
  std::string socket = "/run/baton/batond.sock";
  bool json = false;
  std::string client{}, external{}, backend{}, service{};  // show access; service: also show backends
  uint32_t limit = 0;                              // show access, conditions, end-systems; 0: batond's default
  uint32_t group = 0;                              // show conditions, end-systems: of this virtual router; 0: all
  bool all = false;                                // show drops: also reasons that dropped nothing
  bool dry_run = false;                            // reload: only compare
  std::string pcap{}, port{};  // explain: a capture file, and where its frame comes in; port: capture
  std::string filter{};                            // capture
  std::string config{};                            // why-not: of a file instead of the running box
  bool drops = false;
  uint64_t count = 0;
  uint32_t snap_length = 0;
  bool out_is_terminal = false;                    // where binary data has no business
};

inline constexpr int kExitFailed = 1;  // batond refused, or is not there
inline constexpr int kExitUsage = 2;   // the command line makes no sense

// Does what `words` say and returns the exit status. Errors go to `err`; with --json to `out`, as {"error": ...}.
int Run(const std::vector<std::string>& words, const Options& options, std::ostream& out, std::ostream& err);

// Each verb with its arguments and a line of explanation.
std::string VerbsHelp();

}  // namespace baton::batonctl
