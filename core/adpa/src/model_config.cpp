#include <tenon/adpa/model_config.hpp>

namespace tenon::adpa {
namespace {

Predicate<ModelConfig> is(std::string_view name, std::int64_t version) {
  return col<&ModelConfig::name> == name && col<&ModelConfig::version> == version;
}

} // namespace

std::optional<ModelConfig> ModelConfigRepository::by_name_and_version(std::string_view name,
                                                                      std::int64_t version) const {
  return query().where(is(name, version)).first();
}

std::vector<ModelConfig> ModelConfigRepository::versions(std::string_view name) const {
  return query().where(col<&ModelConfig::name> == name).order_by(col<&ModelConfig::version>.asc()).all();
}

std::optional<ModelConfig> ModelConfigRepository::latest(std::string_view name) const {
  return query().where(col<&ModelConfig::name> == name).order_by(col<&ModelConfig::version>.desc()).first();
}

std::optional<ModelConfig> ModelConfigRepository::default_of(std::string_view name) const {
  return query()
      .where(col<&ModelConfig::name> == name && col<&ModelConfig::is_default> == true)
      .order_by(col<&ModelConfig::version>.desc())
      .first();
}

ModelConfig ModelConfigRepository::set_default(std::string_view name, std::int64_t version) {
  return session().nested([&] {
    take_turn(name);
    const auto is_default = col<&ModelConfig::is_default> == true;
    with_deleted().update(col<&ModelConfig::name> == name && is_default, {set<&ModelConfig::is_default>(false)});
    update(is(name, version), {set<&ModelConfig::is_default>(true)});
    return query().where(is(name, version)).one();
  });
}

void ModelConfigRepository::take_turn(std::string_view name) {
  // One row, the same for everybody: of two that wrote several rows each, either could hold what the other one needs.
  auto all = with_deleted();
  while (const auto first =
             all.query().where(col<&ModelConfig::name> == name).order_by(col<&ModelConfig::id>.asc()).first()) {
    if (all.update(col<&ModelConfig::id> == first->id, {}) == 1) return; // otherwise it was removed meanwhile
  }
}

} // namespace tenon::adpa
