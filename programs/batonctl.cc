// The command line of a box: asks batond through its UNIX socket. docs/batonctl.md shows it in use.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include <gflags/gflags.h>

#include "programs/batonctl/verbs.h"

DEFINE_string(socket, "/run/baton/batond.sock", "batond's API socket");
DEFINE_bool(json, false, "print JSON, errors included");
DEFINE_string(client, "", "show access: only rows of this client address");
DEFINE_string(external, "", "show access: only rows of this external address");
DEFINE_string(backend, "", "show access: only rows to this backend address");
DEFINE_string(service, "", "show access, show backends: only of this service");
DEFINE_uint32(limit, 0, "show access, conditions, end-systems: at most so many rows (0: 1000)");
DEFINE_uint32(group, 0, "show conditions, end-systems: only of the virtual router with this id");
DEFINE_bool(all, false, "show drops: also reasons that dropped nothing");
DEFINE_bool(dry_run, false, "reload: only compare the file with what is in force");
DEFINE_string(pcap, "", "explain: a frame of this capture file instead of a packet in words");
DEFINE_string(port, "", "explain, capture: the port where the packet comes in");
DEFINE_string(filter, "", "capture: only packets that match, in pcap's language");
DEFINE_bool(drops, false, "capture: only packets that are dropped");
DEFINE_uint64(count, 0, "capture, events: ends after so many");
DEFINE_uint32(snap_length, 0, "capture: so many bytes of each packet (0: 256)");
DEFINE_string(config, "", "why-not: look at this configuration file instead of the running box");
DECLARE_bool(help);
DECLARE_bool(helpshort);

namespace {

constexpr char kFlagsHelp[] =
    "  --socket PATH    batond's API socket (/run/baton/batond.sock)\n"
    "  --json           print JSON, errors included\n"
    "  --client, --external, --backend ADDRESS, --service NAME, --limit N\n"
    "                   show access: only such rows, and at most N of them (1000)\n"
    "  --service NAME   show backends: only of this service\n"
    "  --group ID       show conditions, show end-systems: only of this virtual router; --limit N as above\n"
    "  --all            show drops: also reasons that dropped nothing\n"
    "  --dry-run        reload: only compare the file with what is in force\n"
    "  --pcap FILE      explain: the N-th frame of a capture file instead of a packet in words\n"
    "  --port PORT      explain: where the packet comes in; capture: only of this port\n"
    "  --filter EXPR    capture: only packets that match, in pcap's language\n"
    "  --drops, --count N, --snap-length N\n"
    "                   capture: only what is dropped; N packets; N bytes of each (256)\n"
    "  --count N        events: ends after N\n"
    "  --config FILE    why-not: look at this file instead of the running box\n"
    "exit status: 0 done, 1 batond refused or is not there, 2 the command line makes no sense\n";

}  // namespace

namespace GFLAGS_NAMESPACE {
extern void (*gflags_exitfunc)(int);  // gflags.cc: exported for those who want another exit status
}

int main(int argc, char** argv) {
  // gRPC's own log lines would stand between ours; every error comes back as a status.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  GFLAGS_NAMESPACE::gflags_exitfunc = [](int) { std::exit(baton::batonctl::kExitUsage); };  // unknown flag or bad value
  gflags::ParseCommandLineNonHelpFlags(&argc, &argv, true);
  if (FLAGS_help || FLAGS_helpshort) {
    std::cout << "usage: batonctl [FLAGS] VERB\n" << baton::batonctl::VerbsHelp() << kFlagsHelp;
    return 0;
  }
  const baton::batonctl::Options options = {.socket = FLAGS_socket,
                                            .json = FLAGS_json,
                                            .client = FLAGS_client,
                                            .external = FLAGS_external,
                                            .backend = FLAGS_backend,
                                            .service = FLAGS_service,
                                            .limit = FLAGS_limit,
                                            .group = FLAGS_group,
                                            .all = FLAGS_all,
                                            .dry_run = FLAGS_dry_run,
                                            .pcap = FLAGS_pcap,
                                            .port = FLAGS_port,
                                            .filter = FLAGS_filter,
                                            .config = FLAGS_config,
                                            .drops = FLAGS_drops,
                                            .count = FLAGS_count,
                                            .snap_length = FLAGS_snap_length,
                                            .out_is_terminal = ::isatty(STDOUT_FILENO) != 0};
  return baton::batonctl::Run({argv + 1, argv + argc}, options, std::cout, std::cerr);
}
