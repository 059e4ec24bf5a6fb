#include "report.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace catalogue {
namespace {

using tenon::col;

constexpr std::uint64_t kPage = 1000;
constexpr std::size_t kTop = 15;

/// FNV-1a, 64 bits: a checksum that shows whether two backends gave the same rows.
class Checksum {
public:
  void add(std::string_view text) noexcept {
    for (const char c : text)
      add_byte(static_cast<unsigned char>(c));
    add_byte(0); // no text holds a NUL, so "ab" + "c" differs from "a" + "bc"
  }
  void add(std::int64_t number) noexcept {
    const auto bits = static_cast<std::uint64_t>(number);
    for (unsigned shift = 0; shift < 64; shift += 8)
      add_byte(static_cast<unsigned char>(bits >> shift));
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

private:
  void add_byte(unsigned char byte) noexcept { state_ = (state_ ^ byte) * 0x100000001b3U; }
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

struct Section {
  std::uint64_t packages = 0;
  std::int64_t installed_size = 0;
};

struct Needed {
  std::string name;
  std::uint64_t packages = 0;
};

/// What one walk through all packages, page by page, finds.
struct Walk {
  std::uint64_t pages = 0;
  std::uint64_t packages = 0;
  std::int64_t installed_size = 0;
  Checksum checksum;
  std::map<std::string, Section> sections;
  std::unordered_map<std::int64_t, std::uint64_t> checksum_of; // by key: what dependencies are checked against
};

class Report {
public:
  Report(tenon::Session& session, const ImportResult* import, std::string_view search)
      : maintainers_(session), packages_(session), dependencies_(session), import_(import), search_(search) {}

  std::string make() {
    const Walk walk = walk_packages();
    const std::uint64_t relations = walk_dependencies(walk);
    totals(walk);
    sections(walk);
    largest();
    most_needed();
    found();
    pages(walk, relations);
    if (import_ != nullptr) malformed(*import_);
    return std::move(text_);
  }

private:
  template <class... Args> void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  Walk walk_packages() const {
    Walk walk;
    std::string cursor;
    do {
      check_interrupt();
      auto page =
          packages_.query()
              .order_by(col<&Package::name>.asc(), col<&Package::version>.asc(), col<&Package::architecture>.asc())
              .limit(kPage)
              .with<&Package::maintainer>()
              .page(cursor);
      walk.pages += page.items.empty() ? 0 : 1;
      for (const Package& package : page.items)
        visit(package, walk);
      cursor = std::move(page.next);
    } while (!cursor.empty());
    return walk;
  }

  static void visit(const Package& package, Walk& walk) {
    Checksum row;
    for (const std::string* text : {&package.name, &package.version, &package.architecture, &package.section,
                                    &package.priority, &package.description}) {
      row.add(*text);
    }
    row.add(package.installed_size.value_or(-1));
    if (package.maintainer) row.add(fmt::format("{} <{}>", package.maintainer->name, package.maintainer->email));
    walk.checksum.add(static_cast<std::int64_t>(row.value()));
    walk.checksum_of.emplace(package.id, row.value());
    ++walk.packages;
    walk.installed_size += package.installed_size.value_or(0);
    Section& section = walk.sections[package.section];
    ++section.packages;
    section.installed_size += package.installed_size.value_or(0);
  }

  /// Streams all dependencies, sorted by what they name, and keeps the names that most packages need. Returns a
  /// checksum over them that does not depend on their order, because keys differ from backend to backend.
  std::uint64_t walk_dependencies(const Walk& walk) {
    std::uint64_t sum = 0;
    Needed current;
    std::optional<std::int64_t> last_package;
    dependencies_.query()
        .order_by(col<&Dependency::name>.asc(), col<&Dependency::package_id>.asc())
        .for_each([&](Dependency dependency) {
          Checksum row;
          row.add(static_cast<std::int64_t>(walk.checksum_of.at(dependency.package_id)));
          row.add(static_cast<std::int64_t>(dependency.kind));
          row.add(dependency.position);
          row.add(dependency.alternative);
          row.add(dependency.name);
          row.add(dependency.constraint);
          sum += row.value();
          if (dependency.kind == DependencyKind::recommends) return;
          if (dependency.name != current.name) {
            check_interrupt();
            keep(std::exchange(current, {std::move(dependency.name), 0}));
            last_package.reset();
          }
          if (std::exchange(last_package, dependency.package_id) != dependency.package_id) ++current.packages;
        });
    keep(std::move(current));
    return sum;
  }

  void keep(Needed needed) {
    if (needed.packages == 0) return;
    const auto before = [](const Needed& a, const Needed& b) {
      return std::tie(b.packages, a.name) < std::tie(a.packages, b.name);
    };
    needed_.insert(std::upper_bound(needed_.begin(), needed_.end(), needed, before), std::move(needed));
    if (needed_.size() > kTop) needed_.pop_back();
  }

  void totals(const Walk& walk) {
    print("Package catalogue\n\n");
    print("packages      {:>9}   installed size {} KiB\n", packages_.count(), walk.installed_size);
    print("maintainers   {:>9}\n", maintainers_.count());
    for (const DependencyKind kind :
         {DependencyKind::depends, DependencyKind::pre_depends, DependencyKind::recommends}) {
      print("{:<14}{:>9}\n", boost::describe::enum_to_string(kind, ""),
            dependencies_.count(col<&Dependency::kind> == kind));
    }
    if (import_ != nullptr) print("malformed     {:>9}\n", import_->malformed);
  }

  void sections(const Walk& walk) {
    std::vector<std::pair<std::string, Section>> sorted(walk.sections.begin(), walk.sections.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.packages > b.second.packages; });
    print("\nPackages per section\n  {:>8}  {:>13}  section\n", "packages", "installed KiB");
    for (const auto& [name, section] : sorted) {
      print("  {:>8}  {:>13}  {}\n", section.packages, section.installed_size,
            name.empty() ? "(none)" : deb822::printable(name));
    }
  }

  void largest() {
    print("\nLargest packages\n  {:>13}  package\n", "installed KiB");
    const auto rows = packages_.query()
                          .where(col<&Package::installed_size>.is_not_null())
                          .order_by(col<&Package::installed_size>.desc(), col<&Package::name>.asc(),
                                    col<&Package::version>.asc(), col<&Package::architecture>.asc())
                          .limit(kTop)
                          .all();
    for (const Package& package : rows) {
      print("  {:>13}  {}\n", *package.installed_size, title(package));
    }
  }

  void most_needed() {
    print("\nMost needed (packages that name it in Depends or Pre-Depends)\n  {:>8}  name\n", "packages");
    for (const Needed& needed : needed_)
      print("  {:>8}  {}\n", needed.packages, deb822::printable(needed.name));
  }

  void found() {
    const auto matches = packages_.query().where(col<&Package::description>.contains(search_));
    print("\nPackages whose description contains \"{}\": {}\n", deb822::printable(search_), matches.count());
    auto first = matches;
    first.order_by(col<&Package::name>.asc(), col<&Package::version>.asc(), col<&Package::architecture>.asc())
        .limit(kTop);
    first.for_each([&](const Package& package) {
      print("  {}: {}\n", deb822::printable(package.name), deb822::printable(package.description));
    });
  }

  void pages(const Walk& walk, std::uint64_t relations) {
    print("\nThe whole set in pages of {}\n", kPage);
    print("  packages {}, pages {}, checksum {:016x}\n", walk.packages, walk.pages, walk.checksum.value());
    print("  checksum of their dependencies {:016x}\n", relations);
  }

  void malformed(const ImportResult& import) {
    print("\nMalformed records: {}\n", import.malformed);
    for (const Malformed& record : import.named) {
      print("  line {}: {}: {}\n", record.line, record.package.empty() ? "(no name)" : record.package, record.reason);
    }
    if (import.malformed > import.named.size()) print("  and {} more\n", import.malformed - import.named.size());
  }

  static std::string title(const Package& package) {
    return fmt::format("{} {} {}", deb822::printable(package.name), deb822::printable(package.version),
                       deb822::printable(package.architecture));
  }

  tenon::Repository<Maintainer> maintainers_;
  tenon::Repository<Package> packages_;
  tenon::Repository<Dependency> dependencies_;
  const ImportResult* import_;
  std::string_view search_;
  std::vector<Needed> needed_; // most packages first, then by name
  std::string text_;
};

} // namespace

std::string make_report(tenon::Store& store, const ImportResult* import, std::string_view search) {
  tenon::TransactionOptions options;
  options.isolation = tenon::Isolation::repeatable_read; // all queries see the same rows
  options.read_only = true;
  return store.transaction(options, [&](tenon::Session& session) { return Report(session, import, search).make(); });
}

} // namespace catalogue
