#include "docker/disk_usage_json.h"

#include <string_view>
#include <utility>

namespace pawl {
namespace {

Error corrupt(const char* what) {
  return Error{ErrorKind::kCorrupt, std::string("the engine's answer has no ") + what, {}};
}

// Older engines name what has lost its name "<none>:<none>" and "<none>@<none>".
void add_names(const Json& names, std::vector<std::string>& all) {
  for (const Json& name : names.items()) {
    const std::string& text = name.as_string();
    if (!text.empty() && text.find("<none>") == std::string::npos) all.push_back(text);
  }
}

// -1 is the engine's own word for what it has not counted.
std::int64_t count_of(const Json& json) {
  const std::int64_t count = json.as_integer(-1);
  return count < 0 ? -1 : count;
}

DiskUsage::Image image_of(const Json& json) {
  DiskUsage::Image image;
  image.id = json["Id"].as_string();
  add_names(json["RepoTags"], image.names);
  add_names(json["RepoDigests"], image.names);
  const std::int64_t all = count_of(json["Size"]);
  const std::int64_t shared = count_of(json["SharedSize"]);
  if (all >= 0 && shared >= 0 && shared <= all) image.bytes = all - shared;
  image.containers = count_of(json["Containers"]);
  return image;
}

DiskUsage::Volume volume_of(const Json& json) {
  DiskUsage::Volume volume;
  volume.name = json["Name"].as_string();
  for (const auto& [name, value] : json["Labels"].members())
    volume.labels[name] = value.as_string();
  volume.bytes = count_of(json["UsageData"]["Size"]);
  return volume;
}

// An engine without any says null.
bool is_list(const Json& json) { return json.is_array() || json.is_null(); }

}  // namespace

Result<DiskUsage> parse_disk_usage(const Json& json) {
  if (!json.is_object() || !is_list(json["Images"]) || !is_list(json["Volumes"])) {
    return corrupt("use of its disk");
  }
  DiskUsage usage;
  for (const Json& item : json["Images"].items()) {
    if (!item["Id"].is_string()) return corrupt("image's id");
    usage.images.push_back(image_of(item));
  }
  for (const Json& item : json["Volumes"].items()) {
    if (!item["Name"].is_string()) return corrupt("volume's name");
    usage.volumes.push_back(volume_of(item));
  }
  return usage;
}

void name_images(const Json& images, DiskUsage& usage) {
  constexpr std::string_view kAlgorithm = "sha256:";
  for (DiskUsage::Image& image : usage.images) {
    if (!image.id.starts_with(kAlgorithm)) image.id.insert(0, kAlgorithm);
    image.names.clear();
    for (const Json& item : images.items()) {
      if (item["Id"].as_string() != image.id) continue;
      add_names(item["RepoTags"], image.names);
      add_names(item["RepoDigests"], image.names);
    }
  }
}

}  // namespace pawl
