#include "json_text.hpp"

namespace tenon::config {
namespace {

bool holds_only_scalars(const boost::json::array& array) {
  for (const auto& item : array) {
    if (item.is_structured()) return false;
  }
  return true;
}

void write(const boost::json::value& value, const std::string& indent, std::string& out) {
  const std::string inner = indent + "  ";
  const char* separator = "\n";
  if (value.is_object() && !value.get_object().empty()) {
    out += '{';
    for (const auto& member : value.get_object()) {
      out += separator + inner + boost::json::serialize(boost::json::string(member.key())) + ": ";
      write(member.value(), inner, out);
      separator = ",\n";
    }
    out += "\n" + indent + "}";
  } else if (value.is_array() && !holds_only_scalars(value.get_array())) {
    out += '[';
    for (const auto& item : value.get_array()) {
      out += separator + inner;
      write(item, inner, out);
      separator = ",\n";
    }
    out += "\n" + indent + "]";
  } else {
    out += boost::json::serialize(value);
  }
}

} // namespace

std::string json_text(const boost::json::value& value) {
  std::string out;
  write(value, "", out);
  return out + "\n";
}

} // namespace tenon::config
