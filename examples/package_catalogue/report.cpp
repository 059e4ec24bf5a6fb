#include "report.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace catalogue {
namespace {

using tenon::col, tenon::count, tenon::count_distinct, tenon::key, tenon::sum;

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

/// What one walk through all packages, page by page, finds.
struct Walk {
  std::uint64_t pages = 0;
  std::uint64_t packages = 0;
  Checksum checksum;
  std::uint64_t dependencies = 0; ///< the sum of their checksums, so that their order plays no part
};

class Report {
public:
  Report(tenon::Session& session, const ImportResult* import, std::string_view search)
      : maintainers_(session), packages_(session), dependencies_(session), import_(import), search_(search) {}

  std::string make() {
    const Walk walk = walk_packages();
    totals();
    sections();
    largest();
    most_needed();
    found();
    pages(walk);
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
              .with<&Package::maintainer, &Package::dependencies>()
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
    ++walk.packages;
    for (const Dependency& dependency : package.dependencies) {
      Checksum of;
      of.add(static_cast<std::int64_t>(row.value())); // and not the key, which differs from backend to backend
      of.add(static_cast<std::int64_t>(dependency.kind));
      of.add(dependency.position);
      of.add(dependency.alternative);
      of.add(dependency.name);
      of.add(dependency.constraint);
      walk.dependencies += of.value();
    }
  }

  void totals() {
    const auto [packages, installed_size] = packages_.query().select(count(), sum<&Package::installed_size>()).one();
    print("Package catalogue\n\n");
    print("packages      {:>9}   installed size {} KiB\n", packages, installed_size.value_or(0));
    print("maintainers   {:>9}\n", maintainers_.count());
    for (const DependencyKind kind :
         {DependencyKind::depends, DependencyKind::pre_depends, DependencyKind::recommends}) {
      print("{:<14}{:>9}\n", boost::describe::enum_to_string(kind, ""),
            dependencies_.count(col<&Dependency::kind> == kind));
    }
    if (import_ != nullptr) print("malformed     {:>9}\n", import_->malformed);
  }

  void sections() {
    print("\nPackages per section\n  {:>8}  {:>13}  section\n", "packages", "installed KiB");
    const auto rows = packages_.query()
                          .group_by<&Package::section>()
                          .select(key<&Package::section>, count(), sum<&Package::installed_size>())
                          .order_by(count().desc(), key<&Package::section>.asc())
                          .all();
    for (const auto& [name, packages, installed_size] : rows) {
      print("  {:>8}  {:>13}  {}\n", packages, installed_size.value_or(0),
            name.empty() ? "(none)" : deb822::printable(name));
    }
  }

  void largest() {
    check_interrupt();
    print("\nLargest packages\n  {:>13}  package\n", "installed KiB");
    const auto rows = packages_.query()
                          .where(col<&Package::installed_size>.is_not_null())
                          .order_by(col<&Package::installed_size>.desc(), col<&Package::name>.asc(),
                                    col<&Package::version>.asc(), col<&Package::architecture>.asc())
                          .limit(kTop)
                          .select<&Package::installed_size, &Package::name, &Package::version, &Package::architecture>()
                          .all();
    for (const auto& [installed_size, name, version, architecture] : rows) {
      print("  {:>13}  {} {} {}\n", *installed_size, deb822::printable(name), deb822::printable(version),
            deb822::printable(architecture));
    }
  }

  void most_needed() {
    check_interrupt();
    print("\nMost needed (packages that name it in Depends or Pre-Depends)\n  {:>8}  name\n", "packages");
    const auto packages = count_distinct<&Dependency::package_id>();
    const auto rows = dependencies_.query()
                          .where(col<&Dependency::kind> != DependencyKind::recommends)
                          .group_by<&Dependency::name>()
                          .select(packages, key<&Dependency::name>)
                          .order_by(packages.desc(), key<&Dependency::name>.asc())
                          .limit(kTop)
                          .all();
    for (const auto& [number, name] : rows)
      print("  {:>8}  {}\n", number, deb822::printable(name));
  }

  void found() {
    const auto matches = packages_.query().where(col<&Package::description>.contains(search_));
    print("\nPackages whose description contains \"{}\": {}\n", deb822::printable(search_), matches.count());
    auto first = matches;
    first.order_by(col<&Package::name>.asc(), col<&Package::version>.asc(), col<&Package::architecture>.asc())
        .limit(kTop);
    for (const auto& [name, description] : first.select<&Package::name, &Package::description>().all())
      print("  {}: {}\n", deb822::printable(name), deb822::printable(description));
  }

  void pages(const Walk& walk) {
    print("\nThe whole set in pages of {}\n", kPage);
    print("  packages {}, pages {}, checksum {:016x}\n", walk.packages, walk.pages, walk.checksum.value());
    print("  checksum of their dependencies {:016x}\n", walk.dependencies);
  }

  void malformed(const ImportResult& import) {
    print("\nMalformed records: {}\n", import.malformed);
    for (const Malformed& record : import.named) {
      print("  line {}: {}: {}\n", record.line, record.package.empty() ? "(no name)" : record.package, record.reason);
    }
    if (import.malformed > import.named.size()) print("  and {} more\n", import.malformed - import.named.size());
  }

  tenon::Repository<Maintainer> maintainers_;
  tenon::Repository<Package> packages_;
  tenon::Repository<Dependency> dependencies_;
  const ImportResult* import_;
  std::string_view search_;
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
