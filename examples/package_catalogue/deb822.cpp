#include "deb822.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace deb822 {
namespace {

constexpr std::size_t kBufferSize = std::size_t{64} << 10;
constexpr std::size_t kMostFields = 1000; // real records have some thirty; looking for a name stays cheap
constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Printable ASCII; a leading '-' is kept free for signatures around a file.
bool valid_field_name(std::string_view name) noexcept {
  return !name.empty() && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// The length of the UTF-8 sequence at the start of `text`, 0 if there is none: overlong forms, surrogates and what is
/// beyond U+10FFFF are none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return text.empty() ? 0 : 1;
  if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

} // namespace

std::string_view describe(Fault fault) noexcept {
  switch (fault) {
    case Fault::line_without_colon: return "a line without a colon";
    case Fault::bad_field_name: return "a field name that is none";
    case Fault::stray_continuation: return "a continuation line without a field";
    case Fault::duplicate_field: return "the same field twice";
    case Fault::line_too_long: return "a line that is too long";
    case Fault::paragraph_too_long: return "a record that is too long";
    case Fault::nul_byte: return "a NUL byte";
    case Fault::invalid_utf8: return "text that is not UTF-8";
  }
  return "something unknown";
}

const std::string* Paragraph::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < used_; ++i) {
    if (same_name(fields_[i].name, name)) return &fields_[i].value;
  }
  return nullptr;
}

Reader::Reader(Source source, Limits limits) : source_(std::move(source)), limits_(limits), buffer_(kBufferSize) {}

bool Reader::fill() {
  begin_ = 0;
  end_ = source_(buffer_.data(), buffer_.size());
  bytes_read_ += end_;
  return end_ != 0;
}

Reader::Line Reader::read_line() {
  line_.clear();
  bool any = false;
  bool too_long = false;
  while (begin_ != end_ || fill()) {
    any = true;
    const char* const first = buffer_.data() + begin_;
    const auto* const newline = static_cast<const char*>(std::memchr(first, '\n', end_ - begin_));
    const std::size_t size = newline != nullptr ? static_cast<std::size_t>(newline - first) : end_ - begin_;
    const std::size_t kept = std::min(size, limits_.line - line_.size());
    line_.append(first, kept);
    too_long = too_long || kept < size; // the rest of the line is read and dropped
    begin_ += size;
    if (newline == nullptr) continue;
    ++begin_;
    break;
  }
  if (!any) return Line::end;
  ++line_number_;
  if (too_long) return Line::too_long;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return Line::complete;
}

bool Reader::next(Paragraph& out) {
  out.used_ = 0;
  out.bytes_ = 0;
  out.problem_.reset();
  skip_continuation_ = false;
  bool begun = false;
  while (true) {
    const Line kind = read_line();
    if (kind == Line::end) return begun;
    if (!line_.empty() && line_.front() == '#') continue;
    if (kind == Line::complete && trimmed(line_).empty()) {
      if (begun) return true;
      continue;
    }
    if (!begun) out.line_ = line_number_;
    begun = true;
    take_line(out, kind);
  }
}

void Reader::take_line(Paragraph& out, Line kind) {
  if (kind == Line::too_long) {
    skip_continuation_ = true;
    return note(out, Fault::line_too_long);
  }
  if (line_.find('\0') != std::string::npos) note(out, Fault::nul_byte);
  if (!valid_utf8(line_)) note(out, Fault::invalid_utf8);
  out.bytes_ += line_.size();
  if (out.bytes_ > limits_.paragraph) return note(out, Fault::paragraph_too_long);
  if (kBlank.find(line_.front()) != std::string_view::npos) return take_continuation(out);
  take_field(out);
}

void Reader::take_continuation(Paragraph& out) {
  if (skip_continuation_) return;
  if (out.used_ == 0) return note(out, Fault::stray_continuation);
  std::string& value = out.fields_[out.used_ - 1].value;
  value += '\n';
  value += trimmed(line_);
}

void Reader::take_field(Paragraph& out) {
  skip_continuation_ = true; // until the field has been taken
  const std::string_view line = line_;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return note(out, Fault::line_without_colon);
  const std::string_view name = line.substr(0, colon);
  if (!valid_field_name(name)) return note(out, Fault::bad_field_name);
  if (out.find(name) != nullptr) return note(out, Fault::duplicate_field); // the first one counts
  if (out.used_ == kMostFields) return note(out, Fault::paragraph_too_long);
  if (out.used_ == out.fields_.size()) out.fields_.emplace_back();
  Paragraph::Field& field = out.fields_[out.used_++];
  field.name = name;
  field.value = trimmed(line.substr(colon + 1));
  skip_continuation_ = false;
}

void Reader::note(Paragraph& out, Fault fault) const {
  if (!out.problem_) out.problem_ = Problem{fault, line_number_};
}

bool valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string out;
  while (!text.empty()) {
    if (out.size() >= kLongest) return out + "…";
    const std::size_t length = sequence_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0 || (length == 1 && (byte < 0x20 || byte == 0x7F))) {
      out += fmt::format("\\x{:02X}", byte);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

} // namespace deb822
