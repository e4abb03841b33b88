#include "programs/batonctl/events.h"

#include <ctime>

#include <absl/strings/str_format.h>
#include <google/protobuf/util/json_util.h>

#include "programs/batonctl/connection.h"

namespace baton::batonctl {
namespace {

std::string LineOf(const v1::Event& event, bool json) {
  if (!json) {
    const auto milliseconds = static_cast<int64_t>(event.unix_seconds() * 1000);
    const time_t seconds = milliseconds / 1000;
    tm utc{};
    gmtime_r(&seconds, &utc);
    char at[32];
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc);
    return absl::StrFormat("%s.%03dZ  %s", at, milliseconds % 1000, event.text());
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string line;
  const auto status = google::protobuf::util::MessageToJsonString(event, &line, options);
  return status.ok() ? line : "{\"error\": \"event is not JSON\"}";
}

}  // namespace

absl::Status Events(const std::string& socket, const v1::EventsRequest& request, bool json, std::ostream& out) {
  ASSIGN_OR_RETURN(Connection connection, Connection::To(socket));
  grpc::ClientContext context;
  const auto stream = connection.stub().Events(&context, request);
  v1::Event event;
  bool written = true;
  uint64_t last = 0;
  while (stream->Read(&event)) {
    if (last != 0 && event.number() > last + 1 && !json) out << "... " << event.number() - last - 1 << " missed\n";
    last = event.number();
    out << LineOf(event, json) << "\n";
    written = out.flush().good();
    if (!written) context.TryCancel();  // who reads is gone
  }
  const grpc::Status status = stream->Finish();
  if (!written) return absl::UnavailableError("events: standard output takes no more");
  if (!status.ok()) return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  return absl::OkStatus();
}

}  // namespace baton::batonctl
