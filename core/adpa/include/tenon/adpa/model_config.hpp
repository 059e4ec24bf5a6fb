#pragma once
// ModelConfig: a named, versioned set of parameters for a model that the application runs, one version of which is the
// default, and its repository. Used by applications.
// Threads: the model is a value; a repository is used as its session, by one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tenon/core/repository.hpp>

namespace tenon::adpa {

struct ModelConfig : Model<ModelConfig> {
  std::string name;
  std::int64_t version = 1; ///< unique with the name
  std::string provider;
  Json parameters = Json::trusted("{}");
  bool is_default = false; ///< true for at most one version of a name if only set_default sets it

  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};
BOOST_DESCRIBE_STRUCT(ModelConfig, (tenon::Model<ModelConfig>), (name, version, provider, parameters, is_default))

} // namespace tenon::adpa

template <> struct tenon::Table<tenon::adpa::ModelConfig> {
  using ModelConfig = tenon::adpa::ModelConfig;
  static constexpr auto spec =
      tenon::table("model_configs", tenon::unique<&ModelConfig::name, &ModelConfig::version>,
                   tenon::max_length<&ModelConfig::name>(128), tenon::max_length<&ModelConfig::provider>(64));
};

namespace tenon::adpa {

class ModelConfigRepository : public Repository<ModelConfig> {
public:
  using Repository::Repository;

  [[nodiscard]] std::optional<ModelConfig> by_name_and_version(std::string_view name, std::int64_t version) const;
  /// All versions of a name, the oldest first.
  [[nodiscard]] std::vector<ModelConfig> versions(std::string_view name) const;
  /// The highest version of a name.
  [[nodiscard]] std::optional<ModelConfig> latest(std::string_view name) const;
  [[nodiscard]] std::optional<ModelConfig> default_of(std::string_view name) const;

  /// Makes this version the one default of its name; if it fails, the default is as before. Several sessions at once
  /// wait for each other at the first version of the name, soft-deleted or not, and the last one stays.
  /// Returns it as stored. Errors: NotFound if there is no such version; SerializationFailure, retryable, where the
  /// isolation forbids to see what another session wrote; ProgrammingError in a session with autocommit. Capability:
  /// savepoints.
  ModelConfig set_default(std::string_view name, std::int64_t version);

private:
  /// Waits until no other transaction is setting the default of this name.
  void take_turn(std::string_view name);
};

} // namespace tenon::adpa
