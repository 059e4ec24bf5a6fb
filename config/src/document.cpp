#include "document.hpp"

#include <cstddef>
#include <exception>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "text.hpp"

namespace tenon::config {
namespace {

// Aliases are followed, so a small file can stand for a huge tree; no real configuration comes near these bounds.
constexpr std::size_t kMostNodes = 20'000;
constexpr int kDeepest = 32;

constexpr const char* kSpaces = "indent with spaces; YAML allows no tabs there";

std::string_view line_of(std::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// yaml-cpp names the symptom; the two usual causes are worth a name of their own.
void explain(const YAML::Exception& error, const std::string& text, const std::string& name, Findings& findings) {
  Place place{name, error.mark.line + 1, error.mark.column + 1};
  if (error.mark.is_null()) place.line = place.column = 1;
  const std::string_view line = line_of(text, place.line);
  const auto indent = line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
  if (const auto tab = indent.find('\t'); tab != std::string_view::npos) {
    place.column = static_cast<int>(tab) + 1;
    findings.add(place, "", {.message = "a tab in the indentation", .hint = kSpaces});
    return;
  }
  Fault fault{.message = fmt::format("not valid YAML: {}", lower(error.msg))};
  if (error.msg == std::string(YAML::ErrorMsg::BAD_FILE)) fault.message = "not valid YAML: nested too deeply";
  const auto brace = static_cast<std::size_t>(place.column - 1);
  if (brace > 0 && brace < line.size() && line[brace] == '{' && line[brace - 1] == '$') {
    --place.column;
    fault.message = "${…} without quotes within { } or [ ]";
    fault.hint = "quote it: \"${NAME}\"";
  } else if (line.find("${") != std::string_view::npos) {
    fault.hint = "if a value on this line holds ${…}, quote it: \"${NAME}\"";
  } else if (line.find('\t') != std::string_view::npos) {
    fault.hint = kSpaces;
  }
  findings.add(place, "", fault);
}

class Walker {
public:
  Walker(const std::string& name, Findings& findings) : name_(name), findings_(findings) {}

  /// Returns false once the tree is refused as a whole.
  bool walk(const YAML::Node& from, Node& to, const std::string& path, int depth) {
    to.at = place(from);
    if (depth > kDeepest || ++nodes_ > kMostNodes) {
      const char* what = depth > kDeepest ? "nested too deeply" : "too large once its aliases are followed";
      findings_.add(to.at, path, {.message = what, .hint = "a profile needs a few levels and a few dozen values"});
      return false;
    }
    const std::string& tag = from.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      findings_.add(to.at, path, {.message = "a YAML tag", .hint = "remove the tag; the option decides the type"});
    }
    switch (from.Type()) {
      case YAML::NodeType::Scalar:
        to.kind = Node::Kind::scalar;
        to.text = from.Scalar();
        to.quoted = tag == "!";
        return true;
      case YAML::NodeType::Sequence: {
        to.kind = Node::Kind::list;
        for (const auto& item : from) {
          to.children.emplace_back();
          const std::string item_path = fmt::format("{}.{}", path, to.children.size() - 1);
          if (!walk(item, to.children.back(), item_path, depth + 1)) return false;
        }
        return true;
      }
      case YAML::NodeType::Map: return walk_map(from, to, path, depth);
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null: return true;
    }
    return true;
  }

private:
  bool walk_map(const YAML::Node& from, Node& to, const std::string& path, int depth) {
    to.kind = Node::Kind::map;
    for (const auto& member : from) {
      const Place key_at = place(member.first);
      if (!member.first.IsScalar()) {
        findings_.add(key_at, path, {.message = "a key that is no plain text", .hint = "keys are single words"});
        continue;
      }
      const std::string key = member.first.Scalar();
      const std::string member_path = path.empty() ? key : fmt::format("{}.{}", path, key);
      if (key == "<<") {
        findings_.add(key_at, path, {.message = "merge keys (<<) are not supported", .hint = "use extends: PROFILE"});
        continue;
      }
      if (const Node* earlier = to.find(key)) {
        findings_.add(key_at, member_path,
                      {.message = "duplicate key",
                       .hint = fmt::format("it is already set at {}; keep one", place_text(earlier->key_at))});
        continue;
      }
      Node child;
      child.key = key;
      child.key_at = key_at;
      if (!walk(member.second, child, member_path, depth + 1)) return false;
      if (child.kind == Node::Kind::null) child.at = key_at; // yaml-cpp places an absent value on the next line
      to.children.push_back(std::move(child));
    }
    return true;
  }

  Place place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return {name_, mark.line + 1, mark.column + 1};
  }

  const std::string& name_;
  Findings& findings_;
  std::size_t nodes_ = 0;
};

} // namespace

const Node* Node::find(std::string_view name) const {
  for (const Node& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

std::optional<Node> parse_document(const std::string& text, const std::string& name, Findings& findings) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty() || documents.front().IsNull()) {
      findings.add({name, 1, 1}, "", {.message = "the file is empty", .hint = "it needs profiles"});
      return std::nullopt;
    }
    if (documents.size() > 1) {
      const YAML::Mark mark = documents[1].Mark();
      findings.add({name, mark.line + 1, mark.column + 1}, "",
                   {.message = "a second YAML document", .hint = "one file holds one configuration; remove the ---"});
      return std::nullopt;
    }
    Node root;
    if (!Walker(name, findings).walk(documents.front(), root, "", 0)) return std::nullopt;
    return root;
  } catch (const YAML::Exception& error) {
    explain(error, text, name, findings);
    return std::nullopt;
  }
}

} // namespace tenon::config
