// A connection to batond's API socket; one question at a time, with a time limit. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <baton.grpc.pb.h>

#include "common/status.h"

namespace baton::batonctl {

class Connection {
 public:
  // Unavailable, with the path, when nobody listens there.
  static absl::StatusOr<Connection> To(const std::string& socket_path);

  template <typename Question, typename Answer>
  using Method = grpc::Status (v1::Admin::Stub::*)(grpc::ClientContext*, const Question&, Answer*);

  // batond's own error when it refuses; DeadlineExceeded when it does not answer within 10 s.
  template <typename Question, typename Answer>
  absl::StatusOr<Answer> Ask(Method<Question, Answer> method, const Question& question) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    Answer answer;
    const grpc::Status status = ((*stub_).*method)(&context, question, &answer);
    if (!status.ok()) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
    }
    return answer;
  }

  v1::Admin::Stub& stub() { return *stub_; }

 private:
  explicit Connection(std::unique_ptr<v1::Admin::Stub> stub) : stub_(std::move(stub)) {}

  std::unique_ptr<v1::Admin::Stub> stub_;
};

}  // namespace baton::batonctl
