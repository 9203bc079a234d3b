#include "config/image_check.h"

#include <algorithm>
#include <tuple>

#include "config/names.h"
#include "config/wording.h"
#include "model/image_policy.h"

namespace pawl::config {
namespace {

constexpr std::size_t kProposals = 20;  // more refused images than that are not worth the time

// The part before the tag or digest: image_policy.h's own view of it.
std::string_view repository(std::string_view image) {
  const std::size_t slash = image.substr(0, image.find('@')).rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  return image.substr(0, image.find_first_of(":@", name));
}

// What the pattern would be for this image: "registry.local/*" of "registry.locl/app:1" is "registry.local/app".
std::string filled_in(std::string_view pattern, std::string_view image) {
  const std::string_view allowed = repository(pattern);
  const std::size_t star = allowed.find('*');
  if (star == std::string_view::npos) return std::string(allowed);
  if (star + 1 != allowed.size() || star == 0 || allowed[star - 1] != '/') return {};
  std::string_view rest = repository(image);
  for (auto slashes = std::count(allowed.begin(), allowed.end(), '/'); slashes > 0; --slashes) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
  return std::string(allowed.substr(0, star)) + std::string(rest);
}

bool has_star(std::string_view text) { return text.find('*') != std::string_view::npos; }

}  // namespace

void ImageCheck::add(const std::string& image, Place place, const HostPolicy& policy) {
  if (!is_image_reference(image)) {
    values_.add(place,
                quoted(image) + " is not an image reference ([registry/]name[:tag][@digest])");
  } else if (auto refusal = refuse_image(policy, image)) {
    refused_.push_back({image, place, std::move(*refusal)});
  } else {
    const auto [first, is_new] = allowed_.emplace(image, place);
    if (!is_new) first->second = std::min(first->second, place);
  }
}

void ImageCheck::add_default(const std::string& image, Place place, const HostPolicy& policy) {
  if (auto refusal = refuse_image(policy, image)) {
    refused_.push_back({image, place, std::move(*refusal)});
  }
}

std::string ImageCheck::meant_instead_of(const std::string& image) const {
  // A repository, and the image that it stands for.
  std::vector<std::pair<std::string, std::string>> candidates;
  const std::string version = image.substr(repository(image).size());
  for (const std::string& pattern : host_.policy.images) {
    std::string name = filled_in(pattern, image);
    if (name.empty()) continue;
    std::string whole = name + version;
    if (!image_is_allowed(host_.policy.images, whole)) {
      if (has_star(pattern)) continue;
      whole = pattern;
    }
    candidates.emplace_back(std::move(name), std::move(whole));
  }
  for (const auto& [other, place] : allowed_) {
    candidates.emplace_back(repository(other), other);
  }
  std::vector<std::string_view> names;
  for (const auto& [name, whole] : candidates) {
    if (name == repository(image)) return "; did you mean '" + whole + "'?";
    names.push_back(name);
  }
  const auto found = closest(repository(image), names);
  if (!found) return "";
  const auto index = std::find(names.begin(), names.end(), *found) - names.begin();
  return "; did you mean '" + candidates[static_cast<std::size_t>(index)].second + "'?";
}

void ImageCheck::finish() {
  std::map<std::string, std::string> proposals;
  for (const Refused& refused : refused_) {
    if (values_.problems().is_full()) {
      values_.refuse(refused.place, Refusal{}, host_.file);
      return;
    }
    // Of those that are named nowhere; another name would not give the others what they lack.
    const bool is_unnamed = !image_is_allowed(host_.policy.images, refused.image);
    auto known = proposals.find(refused.image);
    if (known == proposals.end()) {
      known = proposals
                  .emplace(refused.image, is_unnamed && proposals.size() < kProposals
                                              ? meant_instead_of(refused.image)
                                              : std::string())
                  .first;
    }
    values_.refuse(refused.place, refused.why, host_.file, known->second);
  }
  for (const auto& [image, place] : allowed_) {
    if (image.find('@') != std::string::npos) continue;
    values_.warn(place, "image " + quoted(image) +
                            " has no digest, so it may become another one; pin it as " + image +
                            "@sha256:...");
  }
}

}  // namespace pawl::config
