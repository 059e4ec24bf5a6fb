#include "host_support.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <dlfcn.h>
#include <unistd.h>

namespace host_test {

fs::path built_plugins() { return TENON_TEST_PLUGIN_DIR; }

Folder::Folder() {
  std::string name = fs::canonical(fs::temp_directory_path()) / "tenon_host_XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path Folder::install(const std::string& variant, const std::string& id) const {
  fs::path file = path_ / ("libtenon_" + id + ".so");
  fs::copy_file(built_plugins() / (variant + ".so"), file);
  fs::permissions(file, fs::perms::group_write | fs::perms::others_write, fs::perm_options::remove);
  return file;
}

fs::path Folder::write(const std::string& name, const std::string& content) const {
  std::ofstream(path_ / name, std::ios::binary) << content;
  return path_ / name;
}

tenon::host::PluginRequest Folder::request(const std::string& id) const {
  tenon::host::PluginRequest made;
  made.backend = id;
  made.directories = {path_};
  return made;
}

Variable::Variable(std::string name, const std::string& value) : name_(std::move(name)) {
  if (const char* before = std::getenv(name_.c_str())) before_ = before;
  setenv(name_.c_str(), value.c_str(), 1);
}

Variable::~Variable() {
  if (before_)
    setenv(name_.c_str(), before_->c_str(), 1);
  else
    unsetenv(name_.c_str());
}

Refused refused(const tenon::host::PluginRequest& request) {
  try {
    (void)tenon::host::load_plugin(request);
    return {};
  } catch (const tenon::PluginError& e) {
    return {static_cast<tenon::host::LoadCode>(e.vendor_code()), e.message(), e.hint()};
  }
}

bool is_mapped(const fs::path& file) {
  void* const handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

void overwrite_byte(const fs::path& file, std::size_t offset, unsigned char value) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(value));
  if (!stream) throw std::runtime_error("cannot change " + file.string());
}

} // namespace host_test
