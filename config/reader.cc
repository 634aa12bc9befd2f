#include "config/reader.h"
#include "config/keys.h"
#include "config/limits.h"
#include "config/text.h"
#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace troupe::config {
namespace {

std::string_view called(const YAML::Node& value) {
  switch (value.Type()) {
  case YAML::NodeType::Map:
    return "a mapping";
  case YAML::NodeType::Sequence:
    return "a list";
  case YAML::NodeType::Scalar:
    return "a single value";
  default:
    return "nothing";
  }
}

class reader {
public:
  reader(std::string folder, source& from) : folder_(std::move(folder)), from_(from) {}

  void file(const YAML::Node& root, cluster& into) {
    std::vector<std::string_view> names;
    for (const auto& k : top_keys())
      names.push_back(k.name);
    stands("", root);
    if (root.IsNull()) {
      from_.refuse("", "the file is empty", "copy config/three-zones.yaml and change what differs");
      return;
    }
    if (!root.IsMap()) {
      from_.refuse("", std::string{called(root)} + " stands where the cluster's keys belong",
                   "begin with 'cluster:', 'zones:' and 'nodes:' at the left margin");
      return;
    }
    each_key(root, "", "the cluster file", names, [&](std::string_view name, const YAML::Node& value) {
      if (name == "cluster")
        cluster_name(value, into.name);
      else if (name == "zones")
        zones(value, into.zones);
      else if (name == "nodes")
        nodes(value, into.nodes);
      else if (name == "replication")
        section(value, "replication", into.replication);
      else if (name == "storage")
        section(value, "storage", into.storage);
      else if (name == "healing")
        section(value, "healing", into.healing);
      else if (name == "archive")
        section(value, "archive", into.archive);
      else if (name == "scrub")
        section(value, "scrub", into.scrub);
      else if (name == "requests")
        section(value, "requests", into.requests);
      else if (name == "api")
        section(value, "api", into.api);
      else if (name == "tls")
        section(value, "tls", into.tls);
    });
    for (const auto& k : top_keys())
      if (k.required && !root[std::string{k.name}])
        missing("the cluster file", std::string{k.name}, "", "add it; config/three-zones.yaml shows how");
  }

private:
  using use = std::function<void(std::string_view, const YAML::Node&)>;

  void stands(const std::string& path, const YAML::Node& value) {
    const auto mark = value.Mark();
    if (!mark.is_null())
      from_.stands(path, mark.line + 1, mark.column + 1);
  }

  void refuse_at(const YAML::Node& where, std::string what, std::string advice) {
    const auto mark = where.Mark();
    from_.refuse_at(mark.line + 1, mark.column + 1, std::move(what), std::move(advice));
  }

  void missing(std::string_view title, const std::string& name, const std::string& prefix,
               std::string advice) {
    from_.refuse(prefix + name, std::string{title} + " has no " + in_quotes(name), std::move(advice));
  }

  // Goes over a mapping once: known keys are handed to `known`, unknown and repeated ones are refused.
  void each_key(const YAML::Node& map, const std::string& prefix, const std::string& title,
                const std::vector<std::string_view>& names, const use& known) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        refuse_at(entry.first,
                  std::string{called(entry.first)} + " stands where a key of " + title + " belongs", "");
        continue;
      }
      const auto& name = entry.first.Scalar();
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        auto meant = closest(name, names);
        refuse_at(entry.first, "unknown key " + in_quotes(name) + " in " + title,
                  meant.empty() ? "the keys here are " + in_words(names)
                                : "did you mean " + in_quotes(meant) + "?");
      } else if (!seen.insert(name).second) {
        refuse_at(entry.first, "key " + in_quotes(name) + " appears twice in " + title, "keep one of them");
      } else {
        // A key without a value is pointed at by the key.
        stands(prefix + name, entry.second.IsNull() ? entry.first : entry.second);
        known(name, entry.second);
      }
    }
  }

  // What stands after a key as scalars; refuses what is deeper.
  std::optional<given> scalars(const YAML::Node& value, const std::string& path, const std::string& name) {
    given out;
    if (value.IsScalar()) {
      out.quoted = value.Tag() == "!";
      out.items.push_back(value.Scalar());
      return out;
    }
    if (value.IsSequence()) {
      out.list = true;
      for (const auto& item : value) {
        if (!item.IsScalar()) {
          from_.refuse(path, std::string{called(item)} + " stands in the list " + in_quotes(name),
                       "list single values");
          return std::nullopt;
        }
        out.items.push_back(item.Scalar());
      }
      return out;
    }
    if (value.IsMap())
      from_.refuse(path, "a mapping stands where the value of " + in_quotes(name) + " belongs",
                   "write a single value");
    else
      from_.refuse(path, in_quotes(name) + " has no value", "write one, or remove the key");
    return std::nullopt;
  }

  template <class T>
  void mapping(const YAML::Node& map, const std::string& prefix, const std::string& title, T& into) {
    std::vector<std::string_view> names;
    for (const auto& k : keys_of<T>())
      names.push_back(k.name);
    each_key(map, prefix, title, names, [&](std::string_view name, const YAML::Node& value) {
      const auto& k = *std::find_if(keys_of<T>().begin(), keys_of<T>().end(),
                                    [&](const key<T>& candidate) { return candidate.name == name; });
      const auto path = prefix + std::string{name};
      const auto from = scalars(value, path, std::string{name});
      if (!from)
        return;
      if (auto wrong = read_value<T>(k.value, *from, into))
        from_.refuse(path, std::string{name} + " in " + title + ": " + wrong->what, wrong->advice);
      else if (const auto* text = std::get_if<text_value<T>>(&k.value);
               text != nullptr && text->rule == text_rule::path)
        into.*text->member = absolute(into.*text->member);
    });
    for (const auto& k : keys_of<T>())
      if (k.required() && !map[std::string{k.name}])
        missing(title, std::string{k.name}, prefix,
                "add it, for example '" + std::string{k.name} + ": " + std::string{k.example} + "'");
  }

  template <class T>
  void section(const YAML::Node& value, const std::string& name, T& into) {
    if (value.IsNull())
      return; // every key commented out: all defaults
    if (!value.IsMap()) {
      from_.refuse(name,
                   std::string{called(value)} + " stands where the keys of " + in_quotes(name) + " belong",
                   "write each key on a line of its own, indented");
      return;
    }
    mapping(value, name + ".", in_quotes(name), into);
  }

  void cluster_name(const YAML::Node& value, std::string& into) {
    const auto from = scalars(value, "cluster", "cluster");
    if (!from)
      return;
    if (from->list || !is_name(from->items.front()))
      from_.refuse("cluster",
                   from->list ? "a list stands where the cluster's name belongs"
                              : in_quotes(from->items.front()) + " is not a name",
                   std::string{name_advice});
    else
      into = from->items.front();
  }

  void zones(const YAML::Node& value, std::vector<std::string>& into) {
    if (!value.IsSequence()) {
      from_.refuse("zones", std::string{called(value)} + " stands where the list of zones belongs",
                   "write [zone-a, zone-b, zone-c]");
      return;
    }
    if (value.size() > limits::cluster_zones) {
      from_.refuse(
          "zones",
          std::to_string(value.size()) + " zones are more than " + std::to_string(limits::cluster_zones), "");
      return;
    }
    for (const auto& item : value) {
      const auto path = "zones[" + std::to_string(into.size()) + "]";
      stands(path, item);
      // The name stays in the list even when it is refused, so that its nodes are not called strays, too.
      into.push_back(item.IsScalar() ? item.Scalar() : std::string{});
      if (!item.IsScalar() || !is_name(item.Scalar()))
        from_.refuse(path,
                     item.IsScalar() ? "zone " + in_quotes(item.Scalar()) + " is not a name"
                                     : std::string{called(item)} + " stands where a zone's name belongs",
                     std::string{name_advice});
    }
  }

  void nodes(const YAML::Node& value, std::vector<node>& into) {
    if (!value.IsSequence()) {
      from_.refuse("nodes", std::string{called(value)} + " stands where the list of nodes belongs",
                   "begin each node with '- name: ...'");
      return;
    }
    if (value.size() > limits::cluster_nodes) {
      from_.refuse(
          "nodes",
          std::to_string(value.size()) + " nodes are more than " + std::to_string(limits::cluster_nodes), "");
      return;
    }
    for (const auto& item : value) {
      const auto path = node_path(into.size());
      stands(path, item);
      auto& n = into.emplace_back();
      if (!item.IsMap()) {
        from_.refuse(path, std::string{called(item)} + " stands where a node belongs",
                     "begin each node with '- name: ...'");
        continue;
      }
      const auto name = item["name"];
      const auto title = name && name.IsScalar() ? "node " + in_quotes(name.Scalar())
                                                 : "node " + std::to_string(into.size()) + " of the list";
      mapping(item, path + ".", title, n);
    }
  }

  // Without a trailing slash, so that one directory has one spelling.
  std::string absolute(const std::string& path) const {
    auto whole = (std::filesystem::path{folder_} / path).lexically_normal();
    return whole.has_filename() || !whole.has_relative_path() ? whole.string() : whole.parent_path().string();
  }

  std::string folder_;
  source& from_;
};

// Where documents begin. Asked for two at the most: of some texts that are no YAML, such as one that begins
// with a comma, yaml-cpp (0.7) makes empty documents without end, and its LoadAll() takes them all.
class document_starts final : public YAML::EventHandler {
public:
  explicit document_starts(const std::string& text) {
    std::istringstream in{text};
    YAML::Parser parser{in};
    while (marks.size() < 2 && parser.HandleNextDocument(*this)) {
    }
  }
  std::vector<YAML::Mark> marks;

private:
  using mark = const YAML::Mark&;
  using word = const std::string&;
  void OnDocumentStart(mark at) override { marks.push_back(at); }
  void OnDocumentEnd() override {}
  void OnNull(mark, YAML::anchor_t) override {}
  void OnAlias(mark, YAML::anchor_t) override {}
  void OnScalar(mark, word, YAML::anchor_t, word) override {}
  void OnSequenceStart(mark, word, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(mark, word, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

std::string folder_of(const std::string& file) {
  std::error_code none;
  auto whole = std::filesystem::absolute(file, none);
  return (none ? std::filesystem::path{file} : whole).parent_path().lexically_normal().string();
}

} // namespace

cluster read_cluster(const std::string& text, const std::string& file, source& from) {
  cluster out;
  out.file = file;
  try {
    const document_starts documents{text};
    if (documents.marks.size() > 1)
      from.refuse_at(documents.marks[1].line + 1, 1, "a second document begins",
                     "one file holds one cluster: remove what stands after '---'");
    reader{folder_of(file), from}.file(documents.marks.empty() ? YAML::Node{} : YAML::Load(text), out);
  } catch (const YAML::Exception& e) {
    // Marks count from 0; a null mark means that the text as a whole is meant.
    from.give_up(e.mark.line + 1, e.mark.column + 1, "this is not YAML: " + e.msg,
                 "check the indentation and the colons of this line and the one before it");
  }
  return out;
}

} // namespace troupe::config
