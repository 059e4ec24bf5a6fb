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
    // All versions, not only the default: a session that waits here for another one's end must then also clear the
    // default that the other one has set, which it would not find by is_default.
    with_deleted().update(col<&ModelConfig::name> == name, {set<&ModelConfig::is_default>(false)});
    update(is(name, version), {set<&ModelConfig::is_default>(true)});
    return query().where(is(name, version)).one();
  });
}

} // namespace tenon::adpa
