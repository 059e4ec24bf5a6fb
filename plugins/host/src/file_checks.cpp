#include "file_checks.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

#include <openssl/evp.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "refusal.hpp"

namespace tenon::host {

namespace {

constexpr std::size_t kDigestDigits = 64;

void check_mode(const std::string& path) {
  struct stat status {};
  const bool known = stat(path.c_str(), &status) == 0;
  if (known && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  const char* const who = (status.st_mode & S_IWOTH) != 0 ? "others" : "its group";
  throw Refusal{LoadCode::unsafe_permissions,
                known ? fmt::format("{} can be written by {} (mode {:04o})", path, who, status.st_mode & 07777U)
                      : fmt::format("the permissions of {} cannot be read", path),
                fmt::format("chmod go-w '{}', once you know that nobody has changed the file", path)};
}

std::string sha256(const std::string& path) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 1U << 16U> block{};
  while (good && file) {
    file.read(block.data(), block.size());
    good = EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(file.gcount())) == 1;
  }
  good = good && file.eof() && EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1;
  if (!good) throw Refusal{LoadCode::load_failed, "the file's sha256 cannot be computed", "check that it can be read"};
  std::string text;
  for (unsigned int i = 0; i < size; ++i)
    text += fmt::format("{:02x}", digest[i]);
  return text;
}

} // namespace

void check_permissions(const std::string& path) {
  check_mode(path);
  check_mode(std::filesystem::path(path).parent_path());
}

bool is_sha256(const std::string& text) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return text.size() == kDigestDigits && text.find_first_not_of(kDigits) == std::string::npos;
}

void check_sha256(const std::string& path, const std::string& expected) {
  const std::string found = sha256(path);
  const bool equal = std::equal(found.begin(), found.end(), expected.begin(), expected.end(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'F' ? static_cast<char>(b - 'A' + 'a') : b);
  });
  if (equal) return;
  throw Refusal{LoadCode::checksum_mismatch, fmt::format("sha256 is {}; pinned is {}", found, expected),
                "install the pinned build, or pin this one if you trust it"};
}

FileIdentity file_identity(const std::string& path) noexcept {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {status.st_dev, status.st_ino, status.st_size,
          static_cast<std::int64_t>(status.st_mtim.tv_sec) * kNanoseconds + status.st_mtim.tv_nsec};
}

} // namespace tenon::host
