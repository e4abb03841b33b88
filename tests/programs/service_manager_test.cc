// What the service manager hears, on a socket of the test's own.
#include <catch2/catch.hpp>

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "programs/batond/service_manager.h"

namespace baton {
namespace {

class Manager {
 public:
  Manager() {
    REQUIRE(mkdtemp(folder_) != nullptr);
    path_ = std::string(folder_) + "/notify";
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    setenv("WATCHDOG_USEC", "4000000", 1);
    unsetenv("WATCHDOG_PID");
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(socket_);
    unlink(path_.c_str());
    rmdir(folder_);
  }
  // Empty: nothing was said.
  std::string Hear() {
    char text[512];
    const ssize_t length = recv(socket_, text, sizeof text, 0);
    return length < 0 ? "" : std::string(text, static_cast<size_t>(length));
  }

 private:
  char folder_[32] = "/tmp/baton-notify-XXXXXX";
  std::string path_;
  int socket_ = -1;
};

TEST_CASE("the life of the program is told in the words of sd_notify") {
  Manager manager;
  ServiceManager told;
  told.Ready("2 ports");
  CHECK(manager.Hear() == "READY=1\nSTATUS=2 ports");
  told.Reloading();
  CHECK(manager.Hear().find("RELOADING=1\nMONOTONIC_USEC=") == 0);
  told.Stopping();
  CHECK(manager.Hear() == "STOPPING=1");
  CHECK(manager.Hear().empty());
}

TEST_CASE("the watchdog is fed only when every heartbeat moved") {
  Manager manager;
  ServiceManager told;
  CHECK(told.watch_period() == std::chrono::seconds(1));
  CHECK(told.Watch({1, 1}));
  CHECK(manager.Hear() == "WATCHDOG=1");
  CHECK_FALSE(told.Watch({2, 1}));
  CHECK_FALSE(told.Watch({3, 1}));  // the second stands still, however lively the first is
  CHECK(manager.Hear().empty());
  CHECK(told.Watch({4, 2}));
  CHECK(manager.Hear() == "WATCHDOG=1");
  CHECK_FALSE(told.Watch({4, 2}));
}

TEST_CASE("without a service manager nothing is said and nobody watches") {
  ServiceManager alone;
  CHECK(alone.watch_period() == Duration::zero());
  CHECK_FALSE(alone.Watch({1}));
  alone.Ready("");
}

}  // namespace
}  // namespace baton
