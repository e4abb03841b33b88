#include "controlplane/api/socket_path.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace baton::controlplane {
namespace {

absl::Status FromErrno(int error, absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
}

}  // namespace

absl::Status FindListener(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket: a path of ", path.size(), " characters is outside 1..",
                                                   sizeof(name.sun_path) - 1, ": \"", path, "\""));
  }
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0) return FromErrno(errno, "socket:", path);
  if (!S_ISSOCK(file.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("socket: ", path, " is a file of another kind"));
  }
  std::memcpy(name.sun_path, path.c_str(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return FromErrno(errno, "cannot make a socket for", path);
  const int error = ::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0 ? 0 : errno;
  ::close(fd);
  if (error == 0 || error == EAGAIN) return absl::OkStatus();  // EAGAIN: its backlog is full, so it listens
  if (error == ECONNREFUSED) return absl::UnavailableError(absl::StrCat("socket: nobody listens on ", path));
  return FromErrno(error, "socket:", path);
}

absl::Status PrepareSocket(const std::string& path) {
  const absl::Status found = FindListener(path);
  if (found.ok()) return absl::FailedPreconditionError(absl::StrCat("another batond listens on ", path));
  if (absl::IsUnavailable(found)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return FromErrno(errno, "cannot remove the stale socket", path);
    return absl::OkStatus();
  }
  if (!absl::IsNotFound(found)) return found;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return FromErrno(error.value(), "cannot make the socket's folder", folder.string());
  return absl::OkStatus();
}

}  // namespace baton::controlplane
