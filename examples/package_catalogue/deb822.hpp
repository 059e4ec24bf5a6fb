#pragma once
// A reader of Debian's deb822 records: paragraphs of "Name: value" lines, parted by blank lines, as in dpkg's status
// file and in `apt-cache dumpavail`. Used by the import. Reads as a stream, in bounded memory whatever the input is.
// Content never makes it fail: a paragraph with something wrong in it comes out like any other and says what is wrong.
// Threads: a reader is used by one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deb822 {

enum class Fault {
  line_without_colon,
  bad_field_name,
  stray_continuation, ///< a line that continues a field, where none has begun
  duplicate_field,
  line_too_long,
  paragraph_too_long,
  nul_byte,
  invalid_utf8,
};

/// The words for a report ("a line without a colon").
[[nodiscard]] std::string_view describe(Fault fault) noexcept;

struct Problem {
  Fault fault;
  std::uint64_t line; ///< counted from 1
};

/// One record. Field names compare without case, as deb822 says.
class Paragraph {
public:
  /// The value without blanks around it; further lines follow behind '\n', without their indentation.
  /// Returns nullptr if there is no such field. Lifetime: until the paragraph is read into again.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  /// Where it begins, counted from 1.
  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
  /// The first thing that is wrong with it.
  [[nodiscard]] const std::optional<Problem>& problem() const noexcept { return problem_; }

private:
  friend class Reader;
  struct Field {
    std::string name, value;
  };
  std::vector<Field> fields_; // the first used_ of them; the rest keep their memory for the next paragraph
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t line_ = 0;
  std::optional<Problem> problem_;
};

struct Limits {
  std::size_t line = std::size_t{1} << 20;
  std::size_t paragraph = std::size_t{8} << 20;
};

class Reader {
public:
  /// Fills the buffer and returns how much of it; 0 at the end. What it throws passes through next().
  using Source = std::function<std::size_t(char* buffer, std::size_t size)>;

  explicit Reader(Source source, Limits limits = {});

  /// Reads the next paragraph into `out`, whose memory is used again. Returns false at the end.
  [[nodiscard]] bool next(Paragraph& out);
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

private:
  enum class Line { end, complete, too_long };
  [[nodiscard]] Line read_line();
  [[nodiscard]] bool fill();
  void take_line(Paragraph& out, Line kind);
  void take_field(Paragraph& out);
  void take_continuation(Paragraph& out);
  void note(Paragraph& out, Fault fault) const;

  Source source_;
  Limits limits_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0; // what of the buffer is still to be read
  std::string line_;                // without its end
  std::uint64_t line_number_ = 0;
  std::uint64_t bytes_read_ = 0;
  bool skip_continuation_ = false; // the field that it would continue was dropped
};

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;

/// Text from a broken record, fit for a terminal: control characters and what is not UTF-8 become \xNN, long text is
/// cut.
[[nodiscard]] std::string printable(std::string_view text);

} // namespace deb822
