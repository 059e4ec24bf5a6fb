// What load_plugin refuses, each with the real thing on disk, and what the user reads then.

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <elf.h>

#include <tenon/tenon_abi.h>

#include "host_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using host_test::Folder;
using host_test::refused;
using tenon::host::load_plugin;
using tenon::host::LoadCode;

namespace {

const std::string kHostAbi = std::to_string(TENON_ABI_MAJOR) + "." + std::to_string(TENON_ABI_MINOR);

/// Installs one variant alone and loads it.
host_test::Refused load_variant(const Folder& folder, const std::string& variant) {
  folder.install(variant);
  return refused(folder.request());
}

} // namespace

TEST_CASE("a good plugin is loaded and tells what it is") {
  const Folder folder;
  const auto file = folder.install("good");
  const auto& plugin = load_plugin(folder.request());
  CHECK(plugin.path() == file);
  CHECK(plugin.origin() == "configured directory 1");
  CHECK(plugin.tag() == TENON_ABI_TAG_STRING);
  CHECK(plugin.abi() == tenon::host::AbiVersion{TENON_ABI_MAJOR, TENON_ABI_MINOR});
  CHECK(plugin.info().id == "variant");
  CHECK(plugin.info().version == "4.5.6");
  CHECK(plugin.capabilities() == tenon::Capabilities());
  CHECK(host_test::is_mapped(file));
}

TEST_CASE("the same plugin is loaded once, however its path is written") {
  const Folder folder;
  const auto file = folder.install("good");
  const auto& plugin = load_plugin(folder.request());
  CHECK(&load_plugin(folder.request()) == &plugin);

  auto by_path = folder.request();
  by_path.path = folder.path() / "." / file.filename();
  CHECK(&load_plugin(by_path) == &plugin);
  by_path.path = folder.path() / "link.so";
  host_test::fs::create_symlink(file, by_path.path);
  CHECK(&load_plugin(by_path) == &plugin);

  by_path.backend = "other";
  CHECK(refused(by_path).code == LoadCode::id_mismatch);
}

TEST_CASE("threads that load the same plugin at once get the same object, and each its own sessions") {
  const Folder folder;
  folder.install("misbehaving", "misbehaving");
  constexpr std::size_t kThreads = 8;
  std::array<const tenon::host::Plugin*, kThreads> loaded{};
  std::atomic<int> waiting{kThreads};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting > 0)
        std::this_thread::yield();
      loaded[i] = &load_plugin(folder.request("misbehaving"));
      (void)tenon::host::open_backend(*loaded[i], {})->connect(tenon::Deadline::max());
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(loaded[0] != nullptr);
  CHECK(std::count(loaded.begin(), loaded.end(), loaded[0]) == kThreads);
}

TEST_CASE("a plugin without a symbol table is read by its dynamic symbols") {
  const Folder folder;
  folder.install("stripped");
  CHECK(load_plugin(folder.request()).tag() == TENON_ABI_TAG_STRING);
}

TEST_CASE("a file that is no plugin is refused before it is mapped") {
  const Folder folder;
  const std::string name = "libtenon_variant.so";
  std::string reason;
  SECTION("text") {
    folder.write(name, "INPUT(libtenon_other.so)\n");
    reason = "not an ELF file";
  }
  SECTION("nothing") {
    folder.write(name, "");
    reason = "not an ELF file";
  }
  SECTION("a folder") {
    host_test::fs::create_directory(folder.path() / name);
    reason = "not a regular file";
  }
  SECTION("the first bytes of a plugin") {
    folder.install("good");
    host_test::fs::resize_file(folder.path() / name, 40);
    reason = "ends within the ELF header";
  }
  SECTION("the first half of a plugin") {
    folder.install("good");
    host_test::fs::resize_file(folder.path() / name, host_test::fs::file_size(folder.path() / name) / 2);
    reason = "section table does not fit";
  }
  SECTION("a plugin whose section table lies behind the end of the world") {
    folder.install("good");
    for (std::size_t i = 0; i < 8; ++i)
      host_test::overwrite_byte(folder.path() / name, offsetof(Elf64_Ehdr, e_shoff) + i, 0xFF);
    reason = "section table does not fit";
  }
  SECTION("a plugin with a section that is longer than the file") {
    const auto file = folder.install("good");
    const auto sections = host_test::read_bytes<Elf64_Off>(file, offsetof(Elf64_Ehdr, e_shoff));
    host_test::overwrite_byte(file, sections + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size) + 5, 0x7F);
    reason = "section table does not fit";
  }
  SECTION("a library without sections") {
    folder.install("good");
    host_test::overwrite_byte(folder.path() / name, offsetof(Elf64_Ehdr, e_shnum), 0);
    reason = "without sections";
  }
  SECTION("a program") {
    folder.install("good");
    host_test::overwrite_byte(folder.path() / name, offsetof(Elf64_Ehdr, e_type), ET_EXEC);
    reason = "not a shared library";
  }
  SECTION("a library without a tag") {
    folder.install("no_tag");
    reason = "without a Tenon ABI tag";
  }
  SECTION("a link that leads nowhere") {
    host_test::fs::create_symlink(folder.path() / "gone", folder.path() / name);
    reason = "a link that leads nowhere";
  }
  const auto answer = refused(folder.request());
  CHECK(answer.code == LoadCode::not_a_plugin);
  CHECK_THAT(answer.message, StartsWith("cannot load backend \"variant\" [NOT_A_PLUGIN]\n  file:   " +
                                        (folder.path() / name).string() + "  (from configured directory 1)\n"));
  CHECK_THAT(answer.message, Contains(reason));
  CHECK_FALSE(answer.hint.empty());
  CHECK_FALSE(host_test::is_mapped(folder.path() / name));
}

TEST_CASE("a plugin for another machine is refused, with both machines named") {
  const Folder folder;
  const auto file = folder.install("good");
  std::string named;
  SECTION("machine") {
    host_test::overwrite_byte(file, offsetof(Elf64_Ehdr, e_machine), EM_RISCV);
    named = "built for RISC-V (64-bit, little-endian); this process runs on ";
  }
  SECTION("word size") {
    host_test::overwrite_byte(file, EI_CLASS, ELFCLASS32);
    named = "(32-bit, little-endian); this process runs on ";
  }
  SECTION("byte order") {
    host_test::overwrite_byte(file, EI_DATA, ELFDATA2MSB);
    const auto machine =
        static_cast<unsigned char>(host_test::read_bytes<std::uint16_t>(file, offsetof(Elf64_Ehdr, e_machine)));
    host_test::overwrite_byte(file, offsetof(Elf64_Ehdr, e_machine), 0); // the same machine, in the other byte order
    host_test::overwrite_byte(file, offsetof(Elf64_Ehdr, e_machine) + 1, machine);
    named = "(64-bit, big-endian); this process runs on ";
  }
  const auto answer = refused(folder.request());
  CHECK(answer.code == LoadCode::wrong_architecture);
  CHECK_THAT(answer.message, Contains("[WRONG_ARCHITECTURE]") && Contains(named));
  CHECK_THAT(answer.hint, StartsWith("install the build of the plugin for "));
}

TEST_CASE("a tag of another platform is refused before the plugin is mapped") {
  const Folder folder;
  const auto answer = load_variant(folder, "other_platform");
  CHECK(answer.code == LoadCode::wrong_architecture);
  CHECK_THAT(answer.message, Contains("its tag says plan9_mips; this process is linux_"));
  CHECK_FALSE(host_test::is_mapped(folder.path() / "libtenon_variant.so"));
}

TEST_CASE("another version of the boundary is refused before the plugin is mapped, with both versions named") {
  const Folder folder;
  struct Row {
    const char* variant;
    LoadCode code;
    const char* headline;
    std::string versions;
    const char* hint;
  };
  const Row row = GENERATE(
      Row{"wrong_major", LoadCode::abi_major_mismatch, "[ABI_MAJOR_MISMATCH]", "  plugin: ABI 9.0   host: accepts ABI ",
          "install the ABI-0 build, or upgrade tenon to 9.x"},
      Row{"newer_minor", LoadCode::abi_minor_mismatch, "[ABI_MINOR_MISMATCH]",
          "  plugin: ABI 0.77   host: accepts ABI ", "upgrade tenon to ABI 0.77, or install a plugin built for ABI 0."},
      Row{"older_minor", LoadCode::abi_minor_mismatch, "[ABI_MINOR_MISMATCH]", "  plugin: ABI 0.0   host: accepts ABI ",
          "build the plugin again for ABI 0."});
  const auto answer = load_variant(folder, row.variant);
  CHECK(answer.code == row.code);
  CHECK(answer.message == "cannot load backend \"variant\" " + std::string(row.headline) +
                              "\n  file:   " + (folder.path() / "libtenon_variant.so").string() +
                              "  (from configured directory 1)\n" + row.versions + kHostAbi);
  CHECK_THAT(answer.hint, StartsWith(row.hint));
  CHECK_FALSE(host_test::is_mapped(folder.path() / "libtenon_variant.so"));
}

TEST_CASE("a plugin that needs a newer minor of the host is refused, with its own version named") {
  const Folder folder;
  const auto answer = load_variant(folder, "needs_newer_host");
  CHECK(answer.code == LoadCode::abi_minor_mismatch);
  CHECK_THAT(answer.message, Contains("  plugin: ABI " + kHostAbi + " (4.5.6)   host: accepts ABI " + kHostAbi));
  CHECK_THAT(answer.hint, StartsWith("upgrade tenon to ABI 0.99"));
}

TEST_CASE("a library that a plugin needs and that is missing is named") {
  const Folder folder;
  const auto answer = load_variant(folder, "needs_helper");
  CHECK(answer.code == LoadCode::missing_dependency);
  CHECK_THAT(answer.message, Contains("[MISSING_DEPENDENCY]") && Contains("it needs libtenon_test_helper.so"));
  CHECK_THAT(answer.hint, Contains("libtenon_test_helper.so"));
}

TEST_CASE("a plugin with a symbol that nobody defines is refused when it is loaded, not when it is used") {
  const Folder folder;
  const auto answer = load_variant(folder, "undefined_symbol");
  CHECK(answer.code == LoadCode::load_failed);
  CHECK_THAT(answer.message, Contains("[LOAD_FAILED]") && Contains("undefined symbol: tenon_test_defined_nowhere"));
}

TEST_CASE("an entry that fails is reported with what it says, and stays mapped") {
  const Folder folder;
  const auto [variant, reason, hint] = GENERATE(table<const char*, const char*, const char*>(
      {{"entry_throws", "the plugin's entry function threw an exception", "report this to the plugin's author"},
       {"refuses", "the plugin cannot work in this process: no dongle", "plug in the dongle"},
       {"refuses_silently", "gave no table and no reason", "see the plugin's documentation for what it needs"}}));
  const auto answer = load_variant(folder, variant);
  CHECK(answer.code == LoadCode::entry_failed);
  CHECK_THAT(answer.message, Contains("[ENTRY_FAILED]") && Contains(reason));
  CHECK(answer.hint == hint);
  // Nothing of ours holds it any more: only RTLD_NODELETE does.
  CHECK(host_test::is_mapped(folder.path() / "libtenon_variant.so"));
}

TEST_CASE("a table that breaks the contract is refused, and the rule is named") {
  const Folder folder;
  const auto [variant, reason] = GENERATE(table<const char*, const char*>(
      {{"no_entry", "it has an ABI tag, but does not export tenon_plugin_entry_v1"},
       {"two_tags", "exports 2 ABI tags instead of one"},
       {"wrong_magic", "does not begin with Tenon's magic number"},
       {"tiny_table", "the table says that it has 16 bytes"},
       {"uneven_table", "ends within a field"},
       {"too_short_table", "the table lacks the required function cursor_close"},
       {"without_find", "the table lacks the required function repository_find"},
       {"table_differs_from_tag", "the table says ABI 0.78, the tag says 0."},
       {"false_claim", "claims the capability savepoints without the function session_savepoint"},
       {"bad_id", "the table's id is not of the form"}}));
  const auto answer = load_variant(folder, variant);
  CHECK(answer.code == LoadCode::broken_contract);
  CHECK_THAT(answer.message, Contains("[BROKEN_CONTRACT]") && Contains(reason));
  CHECK(answer.hint == "report this to the plugin's author");
}

TEST_CASE("a shorter table is fine as long as it holds what is required") {
  const Folder folder;
  folder.install("short_table");
  CHECK(load_plugin(folder.request()).info().id == "variant");
}

TEST_CASE("a plugin under another backend's name is refused, with both names") {
  const Folder folder;
  const auto answer = load_variant(folder, "other_id");
  CHECK(answer.code == LoadCode::id_mismatch);
  CHECK_THAT(answer.message, Contains("[ID_MISMATCH]") && Contains("the plugin is backend \"other\""));
  CHECK_THAT(answer.hint, Contains("backend: other"));
}

TEST_CASE("a pinned checksum is held against the file, at the first load and at later ones") {
  const Folder folder;
  const auto file = folder.install("good");
  auto request = folder.request();
  request.sha256 = std::string(64, 'a');
  const auto answer = refused(request);
  CHECK(answer.code == LoadCode::checksum_mismatch);
  CHECK_THAT(answer.message, Contains("[CHECKSUM_MISMATCH]") && Contains("pinned is " + request.sha256));
  CHECK_FALSE(host_test::is_mapped(file));

  const std::string found_is = "sha256 is ";
  const auto at = answer.message.find(found_is);
  REQUIRE(at != std::string::npos);
  request.sha256 = answer.message.substr(at + found_is.size(), 64);
  // The same answer from another program.
  const std::string check = "echo '" + request.sha256 + "  " + file.string() + "' | sha256sum --check --status";
  CHECK(std::system(check.c_str()) == 0);

  const auto& plugin = load_plugin(request);
  for (char& digit : request.sha256)
    digit = static_cast<char>(std::toupper(digit));
  CHECK(&load_plugin(request) == &plugin);

  request.sha256[0] = request.sha256[0] == '0' ? '1' : '0';
  CHECK(refused(request).code == LoadCode::checksum_mismatch);
}

TEST_CASE("a pin does not vouch for a plugin whose file was exchanged after it was loaded") {
  const Folder folder;
  const auto file = folder.install("good");
  (void)load_plugin(folder.request());
  host_test::fs::remove(file);
  folder.install("stripped");
  auto request = folder.request();
  request.sha256 = std::string(64, '0');
  const std::string found_is = "sha256 is ";
  const std::string message = refused(request).message;
  request.sha256 = message.substr(message.find(found_is) + found_is.size(), 64);
  const auto answer = refused(request);
  CHECK(answer.code == LoadCode::checksum_mismatch);
  CHECK_THAT(answer.message, Contains("has changed since this process loaded it"));
}

TEST_CASE("a checksum that is none is a mistake in the configuration") {
  const Folder folder;
  folder.install("good");
  auto request = folder.request();
  request.sha256 = GENERATE("abc", "zz", "0123456789012345678901234567890123456789012345678901234567890123z");
  CHECK_THROWS_AS(load_plugin(request), tenon::ConfigError);
}

TEST_CASE("a file or folder that others can write to is refused where that is asked for") {
  using host_test::fs::perms;
  const Folder folder;
  const auto file = folder.install("good");
  auto request = folder.request();
  request.refuse_writable = true;
  const auto [changed, added, named] =
      GENERATE(table<bool, perms, const char*>({{true, perms::group_write, "can be written by its group"},
                                                {true, perms::others_write, "can be written by others"},
                                                {false, perms::group_write, "can be written by its group"},
                                                {false, perms::others_write, "can be written by others"}}));
  const auto victim = changed ? file : folder.path();
  host_test::fs::permissions(victim, added, host_test::fs::perm_options::add);
  const auto answer = refused(request);
  CHECK(answer.code == LoadCode::unsafe_permissions);
  CHECK_THAT(answer.message, Contains("[UNSAFE_PERMISSIONS]") && Contains(victim.string() + " " + named));
  CHECK_THAT(answer.hint, StartsWith("chmod go-w '" + victim.string() + "'"));
  CHECK_FALSE(host_test::is_mapped(file));

  request.refuse_writable = false;
  CHECK(refused(request).message.empty());
  request.refuse_writable = true; // also for a plugin that is loaded already
  CHECK(refused(request).code == LoadCode::unsafe_permissions);
  host_test::fs::permissions(victim, added, host_test::fs::perm_options::remove);
  CHECK(refused(request).message.empty());
}
