#pragma once
// What the host's tests share: a folder to install plugins in, variables to set, and a look at a refusal.
// Threads: one.

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <tenon/host/registry.hpp>

namespace host_test {

namespace fs = std::filesystem;

/// The folder of the plugins that were built for the tests, as <name>.so.
fs::path built_plugins();

/// A new folder that group and others cannot write to; gone at the end.
class Folder {
public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  /// Copies the plugin built as `variant` to libtenon_<id>.so; a copy, so that it is another library to the linker.
  fs::path install(const std::string& variant, const std::string& id = "variant") const;
  fs::path write(const std::string& name, const std::string& content) const;
  /// A request that looks into this folder.
  [[nodiscard]] tenon::host::PluginRequest request(const std::string& id = "variant") const;

private:
  fs::path path_;
};

/// Sets an environment variable, and puts back what was there.
class Variable {
public:
  Variable(std::string name, const std::string& value);
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable();

private:
  std::string name_;
  std::optional<std::string> before_;
};

struct Refused {
  tenon::host::LoadCode code = tenon::host::LoadCode::ok;
  std::string message; ///< empty: it was loaded
  std::string hint;
};

/// Loads, and says how that was refused. Any other error passes through.
Refused refused(const tenon::host::PluginRequest& request);

/// Is the library of this file mapped into the process?
bool is_mapped(const fs::path& file);

/// A field of a binary file.
template <class T> T read_bytes(const fs::path& file, std::size_t offset) {
  T value{};
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  stream.read(reinterpret_cast<char*>(&value), sizeof value);
  return value;
}
void overwrite_byte(const fs::path& file, std::size_t offset, unsigned char value);

} // namespace host_test
