#include "import.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "progress.hpp"

namespace catalogue {
namespace {

constexpr std::size_t kBatch = 2000;     // packages in flight; a package brings about six rows
constexpr std::size_t kNamedFaults = 50; // malformed records kept by name

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

/// Text that is the same for the same parts only: none of the parts can hold a NUL.
template <class... Parts> std::string joined(const Parts&... parts) {
  std::string key;
  ((key.append(parts), key.push_back('\0')), ...);
  return key;
}

/// Collects records and writes them in batches, parents first.
class Importer {
public:
  explicit Importer(tenon::Session& session) : maintainers_(session), packages_(session), dependencies_(session) {}

  void clear() {
    dependencies_.remove(tenon::Predicate<Dependency>{});
    packages_.remove(tenon::Predicate<Package>{});
    maintainers_.remove(tenon::Predicate<Maintainer>{});
  }

  void take(const deb822::Paragraph& paragraph) {
    auto read = read_record(paragraph);
    if (auto* malformed = std::get_if<Malformed>(&read)) return leave_out(std::move(*malformed));
    auto& record = std::get<Record>(read);
    const Package& package = record.package;
    // Found here and not by the database, whose error would end the transaction.
    if (!seen_.insert(joined(package.name, package.version, package.architecture)).second) {
      return leave_out({paragraph.line(), package.name, "the same package, version and architecture again"});
    }
    pending_.push_back(std::move(record));
    ++result_.packages;
    if (pending_.size() == kBatch) flush();
  }

  void flush() {
    create_maintainers();
    create_packages();
    pending_.clear();
  }

  [[nodiscard]] ImportResult& result() noexcept { return result_; }

private:
  void leave_out(Malformed malformed) {
    ++result_.malformed;
    if (result_.named.size() < kNamedFaults) result_.named.push_back(std::move(malformed));
  }

  void create_maintainers() {
    std::vector<Maintainer> unknown;
    for (const Record& record : pending_) {
      const Maintainer& maintainer = record.maintainer;
      if (maintainer.name.empty()) continue;
      if (maintainer_ids_.emplace(joined(maintainer.name, maintainer.email), 0).second) unknown.push_back(maintainer);
    }
    result_.maintainers += unknown.size();
    for (const Maintainer& created : maintainers_.create_many(std::move(unknown))) {
      maintainer_ids_[joined(created.name, created.email)] = created.id;
    }
  }

  void create_packages() {
    std::vector<Package> packages;
    packages.reserve(pending_.size());
    for (Record& record : pending_) {
      const Maintainer& maintainer = record.maintainer;
      if (!maintainer.name.empty()) {
        record.package.maintainer_id = maintainer_ids_.at(joined(maintainer.name, maintainer.email));
      }
      packages.push_back(std::move(record.package));
    }
    packages = packages_.create_many(std::move(packages)); // as given, each with the key that it got

    std::vector<Dependency> dependencies;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      for (Dependency& dependency : pending_[i].dependencies) {
        dependency.package_id = packages[i].id;
        dependencies.push_back(std::move(dependency));
      }
    }
    result_.dependencies += dependencies.size();
    static_cast<void>(dependencies_.create_many(std::move(dependencies)));
  }

  tenon::Repository<Maintainer> maintainers_;
  tenon::Repository<Package> packages_;
  tenon::Repository<Dependency> dependencies_;
  std::vector<Record> pending_;
  std::unordered_map<std::string, std::int64_t> maintainer_ids_;
  std::unordered_set<std::string> seen_;
  ImportResult result_;
};

} // namespace

void interrupt() noexcept { interrupted.store(true, std::memory_order_relaxed); }
void check_interrupt() {
  if (interrupted.load(std::memory_order_relaxed)) throw Interrupted();
}

Input::Input(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      descriptor_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw InputError(fmt::format("cannot open {}: {}", name_, std::strerror(errno)));
}

Input::~Input() {
  if (descriptor_ != STDIN_FILENO) close(descriptor_);
}

std::size_t Input::read(char* buffer, std::size_t size) {
  while (true) {
    check_interrupt();
    const ssize_t got = ::read(descriptor_, buffer, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw InputError(fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
  }
}

std::optional<std::uint64_t> Input::size() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

ImportResult import_packages(tenon::Store& store, Input& input, std::uint64_t most) {
  if (!store.capabilities().has(tenon::Capability::transactions)) {
    tenon::throw_error(
        tenon::ErrorCode::not_supported,
        fmt::format("backend {} has no transactions, without which an import may end half-written", store.backend().id),
        "choose another profile");
  }
  const auto start = std::chrono::steady_clock::now();
  deb822::Reader reader([&](char* buffer, std::size_t size) { return input.read(buffer, size); });
  Progress progress(input.size());

  // A session by hand and not store.transaction, which may run its work again: a stream can be read only once.
  tenon::TransactionOptions options;
  options.write_intent = true;
  tenon::Session session = store.session(options);
  Importer importer(session);
  importer.clear();
  deb822::Paragraph paragraph;
  while (importer.result().packages < most && reader.next(paragraph)) {
    check_interrupt();
    importer.take(paragraph);
    progress.update(reader.bytes_read(), importer.result().packages);
  }
  importer.flush();
  check_interrupt();
  session.commit();

  ImportResult result = std::move(importer.result());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

} // namespace catalogue
