#include "programs/batonctl/capture.h"

#include <chrono>
#include <csignal>
#include <ctime>

#include <atomic>
#include <thread>

#include "programs/batonctl/connection.h"

namespace baton::batonctl {
namespace {

// What was captured before the signal reaches us within this time; a cancelled call brings nothing any more.
constexpr auto kStillUnderWay = std::chrono::milliseconds(300);

// While it exists, SIGINT and SIGTERM cancel a call instead of ending the program: the file ends with a whole block.
class Signals {
 public:
  Signals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);  // threads that start from now on have it, too
  }
  ~Signals() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  // REQUIRES: the context outlives this.
  void Cancel(grpc::ClientContext& context) {
    thread_ = std::thread([this, &context] {
      constexpr timespec kLookAgain = {.tv_sec = 0, .tv_nsec = 50'000'000};
      while (!over_) {
        if (sigtimedwait(&signals_, nullptr, &kLookAgain) <= 0) continue;
        std::this_thread::sleep_for(kStillUnderWay);
        context.TryCancel();
      }
    });
  }

 private:
  sigset_t signals_{}, before_{};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::string> Capture(const std::string& socket, const v1::CaptureRequest& request, std::ostream& out) {
  grpc::ClientContext context;
  Signals signals;  // before gRPC has threads
  ASSIGN_OR_RETURN(Connection connection, Connection::To(socket));
  signals.Cancel(context);
  const auto stream = connection.stub().Capture(&context, request);
  v1::CaptureChunk chunk;
  bool begun = false, written = true;
  uint64_t packets = 0, missed = 0;
  while (stream->Read(&chunk)) {
    begun = true;
    packets = chunk.packets();
    missed = chunk.missed();
    out.write(chunk.pcapng().data(), static_cast<std::streamsize>(chunk.pcapng().size()));
    written = out.flush().good();
    if (!written) context.TryCancel();  // who reads the file is gone
  }
  const grpc::Status status = stream->Finish();
  const bool cancelled = status.error_code() == grpc::StatusCode::CANCELLED && begun;
  if (!status.ok() && !cancelled) {
    return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  }
  if (!written) return absl::UnavailableError("capture: standard output takes no more");
  return absl::StrCat(packets, packets == 1 ? " packet, " : " packets, ",
                      missed == 0 ? std::string("none missed")
                                  : absl::StrCat(missed, " missed: they came faster than they could be written"));
}

}  // namespace baton::batonctl
