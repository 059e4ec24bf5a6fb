#include <tenon/testing/tcp_proxy.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "process.hpp"
#include "wire_scanner.hpp"

namespace tenon::testing {
namespace {

constexpr std::size_t kEnough = 1U << 18U; // bytes on their way in one direction; then its source is not read
constexpr std::size_t kMostConnections = 1024;

[[noreturn]] void throw_system(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_up(int socket) {
  const int on = 1; // what is passed on in pieces must leave in pieces
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

void reset_on_close(int socket) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

struct Armed {
  Fault fault;
  std::uint64_t number = 0;
  int left = 0;
};

struct Piece {
  std::string bytes;
  Clock::time_point due;
};

/// One direction of a connection.
struct Flow {
  std::string incoming;      // read, and not yet let through
  std::size_t unscanned = 0; // how many of them belong to a message that a fault has split
  std::deque<Piece> outgoing;
  std::uint64_t passed = 0; // bytes that have left `incoming`
  bool ended = false;       // its source sends no more
  bool swallows = false;
  bool holds = false;
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds pause{0}; // between pieces
  std::size_t piece = 0;
  std::size_t rate = 0;
  Clock::time_point next_send{};
  std::optional<Fault::Action> ending;          // cut or reset, when all that was let through has gone
  std::map<std::uint64_t, std::uint64_t> bases; // where the bytes of a fault count from; 0 for one that is not there
  std::set<std::uint64_t> struck;

  [[nodiscard]] bool wants_input() const {
    return !ended && !holds && !ending && incoming.size() < kEnough && outgoing.size() < 1024;
  }
  [[nodiscard]] bool is_drained() const { return outgoing.empty() && (swallows || (incoming.empty() && !holds)); }
  [[nodiscard]] bool sends_now(Clock::time_point now) const {
    return !outgoing.empty() && std::max(outgoing.front().due, next_send) <= now;
  }
};

struct Link {
  Descriptor client;
  Descriptor server;
  bool connecting = true;
  bool ignored = false;
  bool cancel_counted = false;
  bool client_gone = false;
  bool over = false;
  bool reset = false; // how it ends
  ClientScanner client_scanner;
  ServerScanner server_scanner;
  std::array<Flow, 2> flows;

  [[nodiscard]] Flow& flow(Direction direction) { return flows.at(static_cast<std::size_t>(direction)); }
  [[nodiscard]] bool counts() const {
    return !client_gone && !over && (ignored || client_scanner.kind() == ClientScanner::Kind::session);
  }
  [[nodiscard]] WireUnit next_unit(Direction direction) {
    Flow& through = flow(direction);
    if (through.unscanned > 0) return {through.unscanned, 0};
    const WireUnit unit = direction == Direction::to_server ? client_scanner.next(through.incoming)
                                                            : server_scanner.next(through.incoming, client_scanner);
    // What is cut short by the end of its source goes as it is.
    return unit.length == 0 && through.ended ? WireUnit{through.incoming.size(), 0} : unit;
  }
};

/// Returns how many bytes of the unit pass before the fault, or nothing if it does not happen here.
std::optional<std::size_t> place_in(const Fault& fault, const WireUnit& unit, std::string_view bytes,
                                    std::uint64_t base, std::uint64_t passed) {
  if (fault.message == 0) {
    const std::uint64_t place = base + static_cast<std::uint64_t>(std::max<std::int64_t>(fault.offset, 0));
    if (place > passed + unit.length) return std::nullopt;
    return place > passed ? static_cast<std::size_t>(place - passed) : 0;
  }
  if (unit.type != fault.message || bytes.substr(0, unit.length).find(fault.containing) == std::string_view::npos)
    return std::nullopt;
  return fault.offset < 0 ? unit.length : std::min(unit.length, static_cast<std::size_t>(fault.offset));
}

} // namespace

class TcpProxy::Loop {
public:
  explicit Loop(int server_port) : server_port_(server_port) {
    listener_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (listener_.get() < 0 || wake_.get() < 0 ||
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 512) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw_system("cannot start a proxy");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    change([&] { ending_ = true; });
    thread_.join();
  }

  [[nodiscard]] int port() const noexcept { return port_; }

  template <class Change> void change(Change&& make) {
    {
      const std::lock_guard lock(mutex_);
      std::forward<Change>(make)();
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_.get(), &one, sizeof one));
  }

  void arm(const Fault& fault) {
    change([&] {
      armed_.push_back({fault, ++last_number_, fault.connections});
      for (Link& link : links_)
        link.flow(fault.direction).bases[last_number_] = link.flow(fault.direction).passed;
    });
  }

  void release() {
    change([&] {
      armed_.clear();
      for (Link& link : links_) {
        if (link.ignored) link.over = link.reset = true;
        for (Flow& flow : link.flows) {
          flow.swallows = flow.holds = false;
          flow.delay = flow.pause = std::chrono::milliseconds(0);
          flow.piece = flow.rate = 0;
          flow.next_send = {};
          for (Piece& piece : flow.outgoing)
            piece.due = {};
        }
      }
    });
  }

  void set_server(int port) {
    change([&] { server_port_ = port; });
  }
  void refuse(bool on) {
    change([&] { refuses_ = on; });
  }
  void ignore(bool on) {
    change([&] { ignores_ = on; });
  }

  std::uint32_t reset_connections(std::uint32_t count) {
    std::uint32_t found = 0;
    std::uint64_t round = 0;
    change([&] {
      for (Link& link : links_) {
        if (found == count) break;
        if (!link.counts()) continue;
        link.over = link.reset = true;
        ++found;
      }
      round = rounds_;
    });
    std::unique_lock lock(mutex_);
    round_done_.wait(lock, [&] { return rounds_ > round; });
    return found;
  }

  [[nodiscard]] ProxyFigures figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
  }
  void restart_peak() {
    const std::lock_guard lock(mutex_);
    figures_.peak = figures_.open;
  }

private:
  struct Watched {
    std::list<Link>::iterator link;
    std::size_t client = 0; // places in polled_
    std::size_t server = 0;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      const int timeout = prepare();
      lock.unlock();
      static_cast<void>(::poll(polled_.data(), polled_.size(), timeout));
      lock.lock();
      std::uint64_t count = 0;
      static_cast<void>(::read(wake_.get(), &count, sizeof count));
      for (const Watched& one : watched_) // only this thread adds and removes links
        serve(*one.link, polled_[one.client].revents, one.server == 0 ? short{0} : polled_[one.server].revents);
      sweep();
      if ((polled_[1].revents & POLLIN) != 0) accept_all();
      count_open();
      ++rounds_;
      round_done_.notify_all();
    }
    links_.clear();
  }

  /// Fills polled_ and watched_. Returns how long poll may wait.
  int prepare() {
    const auto now = Clock::now();
    auto next = now + std::chrono::seconds(1);
    polled_.assign({{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
    watched_.clear();
    for (auto it = links_.begin(); it != links_.end(); ++it) {
      Flow& to_server = it->flow(Direction::to_server);
      Flow& to_client = it->flow(Direction::to_client);
      const auto events = [&](const Flow& in, const Flow& out) {
        if (!out.outgoing.empty() && !out.sends_now(now))
          next = std::min(next, std::max(out.outgoing.front().due, out.next_send));
        return static_cast<short>((in.wants_input() ? POLLIN : 0) | (out.sends_now(now) ? POLLOUT : 0));
      };
      Watched one{it, polled_.size(), 0};
      const bool mute = it->ignored || it->connecting;
      const short of_client = mute ? short{0} : events(to_server, to_client);
      polled_.push_back({it->client_gone ? -1 : it->client.get(), static_cast<short>(of_client | POLLRDHUP), 0});
      if (it->server.get() >= 0) {
        one.server = polled_.size();
        const short of_server = it->connecting ? short{POLLOUT} : events(to_client, to_server);
        polled_.push_back({to_client.ended && of_server == 0 ? -1 : it->server.get(), of_server, 0});
      }
      watched_.push_back(one);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    return static_cast<int>(std::max<std::int64_t>(wait, 0));
  }

  void serve(Link& link, int client_events, int server_events) {
    if (link.over) return;
    Flow& to_server = link.flow(Direction::to_server);
    Flow& to_client = link.flow(Direction::to_client);
    if (link.connecting && server_events != 0) {
      int error = 0;
      socklen_t size = sizeof error;
      static_cast<void>(::getsockopt(link.server.get(), SOL_SOCKET, SO_ERROR, &error, &size));
      if (error != 0) {
        link.over = link.reset = true;
        return;
      }
      link.connecting = false;
    }
    const bool client_left = (client_events & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    if (client_left && (link.ignored || link.connecting || to_server.holds || (client_events & POLLERR) != 0)) {
      link.client_gone = link.over = true;
      return;
    }
    if ((client_events & POLLIN) != 0 || (client_left && to_server.wants_input())) read_into(to_server, link.client);
    if (to_server.ended || (client_left && to_server.ending)) link.client_gone = true;      // it may end unread
    const bool server_end = (server_events & (POLLHUP | POLLERR)) != 0 && !to_client.ended; // told while held, too
    if (!link.connecting && (server_end || ((server_events & POLLIN) != 0 && to_client.wants_input())))
      read_into(to_client, link.server);
    if (link.connecting || link.ignored) return;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
      let_through(link, direction);
      send(link, direction);
    }
    const bool server_left = to_client.ended && !to_client.swallows && to_client.is_drained();
    if ((link.client_gone && to_server.is_drained()) || server_left) link.over = true;
  }

  static void read_into(Flow& flow, const Descriptor& source) {
    std::array<char, 16384> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    while (flow.incoming.size() < kEnough) {
      const ssize_t count = ::recv(source.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) {
        flow.incoming.append(buffer.data(), static_cast<std::size_t>(count));
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) flow.ended = true;
      return;
    }
  }

  void let_through(Link& link, Direction direction) {
    Flow& flow = link.flow(direction);
    while (!flow.holds && !flow.ending && !flow.incoming.empty()) {
      if (flow.swallows) {
        flow.incoming.clear();
        flow.unscanned = 0;
        return;
      }
      const WireUnit unit = link.next_unit(direction);
      if (unit.length == 0) return;
      Armed* first = nullptr;
      std::size_t place = unit.length;
      for (Armed& armed : armed_) {
        if (armed.left == 0 || armed.fault.direction != direction || flow.struck.contains(armed.number)) continue;
        if (armed.fault.of_cancels != (link.client_scanner.kind() == ClientScanner::Kind::cancel)) continue;
        const auto base = flow.bases.find(armed.number);
        const auto found =
            place_in(armed.fault, unit, flow.incoming, base == flow.bases.end() ? 0 : base->second, flow.passed);
        if (!found || (first != nullptr && *found >= place)) continue;
        first = &armed;
        place = *found;
      }
      pass(flow, place);
      flow.unscanned = unit.length - place;
      if (first != nullptr) strike(flow, *first);
    }
  }

  static void pass(Flow& flow, std::size_t count) {
    if (count == 0) return;
    flow.outgoing.push_back({flow.incoming.substr(0, count), Clock::now() + flow.delay});
    flow.incoming.erase(0, count);
    flow.passed += count;
  }

  void strike(Flow& flow, Armed& armed) {
    const Fault& fault = armed.fault;
    flow.struck.insert(armed.number);
    --armed.left;
    ++figures_.struck;
    switch (fault.action) {
      case Fault::Action::cut:
      case Fault::Action::reset: flow.ending = fault.action; break;
      case Fault::Action::swallow: flow.swallows = true; break;
      case Fault::Action::hold: flow.holds = true; break;
      case Fault::Action::delay: flow.delay = fault.pause; break;
      case Fault::Action::split:
        flow.piece = std::max<std::size_t>(fault.amount, 1);
        flow.pause = fault.pause;
        break;
      case Fault::Action::throttle: flow.rate = std::max<std::size_t>(fault.amount, 1); break;
    }
  }

  static void send(Link& link, Direction direction) {
    Flow& flow = link.flow(direction);
    const int target = direction == Direction::to_server ? link.server.get() : link.client.get();
    auto now = Clock::now();
    while (flow.sends_now(now)) {
      std::string& bytes = flow.outgoing.front().bytes;
      std::size_t count = bytes.size();
      if (flow.piece > 0) count = std::min(count, flow.piece);
      if (flow.rate > 0) count = std::min(count, std::max<std::size_t>(flow.rate / 100, 1));
      const ssize_t sent = ::send(target, bytes.data(), count, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (sent < 0) { // the target has left; a server's last words may still be on their way
        flow.outgoing.clear();
        flow.swallows = true;
        if (direction == Direction::to_client) link.over = true;
        break;
      }
      bytes.erase(0, static_cast<std::size_t>(sent));
      if (bytes.empty()) flow.outgoing.pop_front();
      now = Clock::now();
      if (flow.piece > 0) flow.next_send = now + flow.pause;
      if (flow.rate > 0)
        flow.next_send = now + std::chrono::microseconds(1'000'000 * sent / static_cast<ssize_t>(flow.rate));
    }
    if (flow.ending && flow.outgoing.empty()) {
      link.over = true;
      link.reset = *flow.ending == Fault::Action::reset;
    }
  }

  void sweep() {
    for (auto it = links_.begin(); it != links_.end();) {
      if (it->client_scanner.kind() == ClientScanner::Kind::cancel && !it->cancel_counted) {
        it->cancel_counted = true;
        ++figures_.cancels;
      }
      if (!it->over) {
        ++it;
        continue;
      }
      if (it->reset) {
        reset_on_close(it->client.get());
        if (it->server.get() >= 0) reset_on_close(it->server.get());
      }
      it = links_.erase(it);
    }
  }

  /// Looks anew who has left: since the last look a client may have closed one connection and opened the next.
  void count_open() {
    const auto is_open = [](const Link& link) {
      if (!link.counts()) return false;
      pollfd client{link.client.get(), POLLRDHUP, 0};
      return ::poll(&client, 1, 0) == 0;
    };
    figures_.open = static_cast<std::uint32_t>(std::count_if(links_.begin(), links_.end(), is_open));
    figures_.peak = std::max(figures_.peak, figures_.open);
  }

  void accept_all() {
    for (;;) {
      Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (client.get() < 0) return;
      ++figures_.accepted;
      if (refuses_ || links_.size() >= kMostConnections) {
        reset_on_close(client.get());
        continue;
      }
      set_up(client.get());
      Link& link = links_.emplace_back();
      link.client = std::move(client);
      link.ignored = ignores_;
      if (ignores_) continue;
      link.server = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const sockaddr_in address = loopback(server_port_);
      const int refused =
          link.server.get() < 0
              ? -1
              : ::connect(link.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
      if (refused != 0 && errno != EINPROGRESS) {
        reset_on_close(link.client.get());
        links_.pop_back();
        continue;
      }
      set_up(link.server.get());
    }
  }

  Descriptor listener_;
  Descriptor wake_;
  int port_ = 0;

  mutable std::mutex mutex_; // guards all below but polled_ and watched_, which are the thread's
  std::condition_variable round_done_;
  std::uint64_t rounds_ = 0;
  int server_port_;
  bool ending_ = false;
  bool refuses_ = false;
  bool ignores_ = false;
  std::uint64_t last_number_ = 0;
  std::list<Armed> armed_;
  std::list<Link> links_;
  ProxyFigures figures_;

  std::vector<pollfd> polled_;
  std::vector<Watched> watched_;
  std::thread thread_;
};

TcpProxy::TcpProxy(int server_port) : loop_(std::make_unique<Loop>(server_port)) {}
TcpProxy::~TcpProxy() = default;

int TcpProxy::port() const noexcept { return loop_->port(); }
void TcpProxy::arm(const Fault& fault) { loop_->arm(fault); }
void TcpProxy::release() { loop_->release(); }
void TcpProxy::set_server(int server_port) { loop_->set_server(server_port); }
void TcpProxy::refuse(bool on) { loop_->refuse(on); }
void TcpProxy::ignore(bool on) { loop_->ignore(on); }
std::uint32_t TcpProxy::reset_connections(std::uint32_t count) { return loop_->reset_connections(count); }
ProxyFigures TcpProxy::figures() const { return loop_->figures(); }
void TcpProxy::restart_peak() { loop_->restart_peak(); }

} // namespace tenon::testing
