#pragma once
// Reads paragraphs from text, in pieces of any size. Used by the tests of the catalogue's parser. Threads: one.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "deb822.hpp"

namespace records {

inline deb822::Reader::Source source_of(std::string text, std::size_t piece = 4096) {
  return [text = std::move(text), piece, at = std::size_t{0}](char* buffer, std::size_t size) mutable {
    const std::size_t given = std::min({size, piece, text.size() - at});
    std::copy_n(text.data() + at, given, buffer);
    at += given;
    return given;
  };
}

inline std::vector<deb822::Paragraph> read_all(std::string text, std::size_t piece = 4096, deb822::Limits limits = {}) {
  deb822::Reader reader(source_of(std::move(text), piece), limits);
  std::vector<deb822::Paragraph> all;
  deb822::Paragraph paragraph;
  while (reader.next(paragraph))
    all.push_back(paragraph);
  return all;
}

/// The one paragraph of the text.
inline deb822::Paragraph read_one(std::string text, deb822::Limits limits = {}) {
  auto all = read_all(std::move(text), 4096, limits);
  return all.size() == 1 ? std::move(all.front()) : throw std::runtime_error("not one paragraph");
}

} // namespace records
