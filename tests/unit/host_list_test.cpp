// What list_plugins tells of the files in the places, without running any of their code.

#include <cstdlib>

#include <catch2/catch.hpp>

#include <tenon/tenon_abi.h>

#include "host_support.hpp"

using Catch::Matchers::Contains;
using host_test::Folder;
using tenon::host::list_plugins;
using tenon::host::LoadCode;

TEST_CASE("plugins are listed by place and name, with their tag and what is wrong with them") {
  const Folder first;
  const Folder second;
  first.install("wrong_major", "beta");
  first.install("good", "alpha");
  first.write("libtenon_text.so", "text");
  first.write("libtenon_NoId.so", "text");
  first.write("readme.txt", "text");
  host_test::fs::create_symlink(first.path() / "gone", first.path() / "libtenon_dangling.so");
  second.install("good", "beta");

  tenon::host::PluginRequest places;
  places.directories = {first.path(), second.path(), second.path() / "gone", "relative"};
  const auto found = list_plugins(places);
  REQUIRE(found.size() == 5);

  CHECK(found[0].id == "alpha");
  CHECK(found[0].path == first.path() / "libtenon_alpha.so");
  CHECK(found[0].origin == "configured directory 1");
  CHECK(found[0].tag == TENON_ABI_TAG_STRING);
  CHECK(found[0].abi == tenon::host::AbiVersion{TENON_ABI_MAJOR, TENON_ABI_MINOR});
  CHECK(found[0].code == LoadCode::ok);
  CHECK(found[0].reason.empty());
  CHECK_FALSE(found[0].shadowed);

  CHECK(found[1].id == "beta");
  CHECK_THAT(found[1].tag, Catch::Matchers::StartsWith("tenon_abi__9_0__"));
  CHECK(found[1].code == LoadCode::abi_major_mismatch);
  CHECK_THAT(found[1].reason, Contains("plugin: ABI 9.0"));
  CHECK_FALSE(found[1].hint.empty());

  CHECK(found[2].id == "dangling");
  CHECK(found[2].code == LoadCode::not_a_plugin);
  CHECK(found[3].id == "text");
  CHECK(found[3].code == LoadCode::not_a_plugin);
  CHECK(found[3].tag.empty());
  CHECK_FALSE(found[3].abi.has_value());

  CHECK(found[4].id == "beta");
  CHECK(found[4].origin == "configured directory 2");
  CHECK(found[4].code == LoadCode::ok);
  CHECK(found[4].shadowed); // a broken one in an earlier place hides it
}

TEST_CASE("a configured path is listed first") {
  const Folder folder;
  tenon::host::PluginRequest places;
  places.backend = "variant";
  places.path = folder.install("good");
  CHECK(list_plugins(places).front().code == LoadCode::ok);
  CHECK(list_plugins(places).front().origin == "the configured path");
  places.path = "libtenon_variant.so";
  CHECK(list_plugins(places).front().code == LoadCode::not_found);
}

TEST_CASE("what an operator demands of files is judged in the list, too") {
  const Folder folder;
  host_test::fs::permissions(folder.install("good"), host_test::fs::perms::group_write,
                             host_test::fs::perm_options::add);
  auto places = folder.request();
  CHECK(list_plugins(places).front().code == LoadCode::ok);
  places.sha256 = std::string(64, '0');
  CHECK(list_plugins(places).front().code == LoadCode::checksum_mismatch);
  places.refuse_writable = true;
  CHECK(list_plugins(places).front().code == LoadCode::unsafe_permissions);
}

TEST_CASE("no code of a plugin runs until it is loaded") {
  constexpr const char* kTrace = "TENON_TEST_PLUGIN_CODE_RAN";
  const Folder folder;
  const auto file = folder.install("loud");
  unsetenv(kTrace);
  REQUIRE(list_plugins(folder.request()).front().tag == TENON_ABI_TAG_STRING);
  CHECK(std::getenv(kTrace) == nullptr);
  CHECK_FALSE(host_test::is_mapped(file));

  (void)tenon::host::load_plugin(folder.request());
  CHECK(std::getenv(kTrace) != nullptr); // so it would have been seen
  unsetenv(kTrace);
}
