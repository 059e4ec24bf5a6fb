#include <tenon/adpa/adpa.hpp>

namespace tenon::adpa {

void create_tables(Store& store) {
  store.create_tables<Project, User, UserProfile, AppState, ModelConfig, SystemHealth>();
}

} // namespace tenon::adpa
