#include "docker/pull_progress.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::int64_t kBytesPerMib = 1 << 20;
// No layer is larger; keeps sums of hostile numbers in range.
constexpr std::int64_t kLayerBytesMax = std::int64_t{1} << 50;

std::int64_t bytes_of(const Json& json) {
  return std::clamp<std::int64_t>(json.as_integer(), 0, kLayerBytesMax);
}

std::string mib_of(std::int64_t bytes) {
  return std::to_string((bytes + kBytesPerMib / 2) / kBytesPerMib);
}

}  // namespace

Result<void> PullProgress::feed(std::string_view bytes, const ContainerEngine::Progress& progress) {
  return lines_.feed(bytes, [&](const Json& line) { return take(line, progress); });
}

Result<void> PullProgress::finish(const ContainerEngine::Progress& progress) {
  return lines_.finish([&](const Json& line) { return take(line, progress); });
}

Result<void> PullProgress::take(const Json& line, const ContainerEngine::Progress& progress) {
  if (const std::string& error = error_of_line(line); !error.empty()) {
    return Error{ErrorKind::kInvalid, escape_control(error), {}};
  }
  const std::string& status = line["status"].as_string();
  const bool whole_image = !line.contains("id") || status.starts_with("Pulling from ");
  if (!whole_image) {
    take_layer(line, status);
    tell_layers(progress);
    return {};
  }
  if (!status.empty() && notes_ < limits::kPullNotes) {
    ++notes_;
    if (progress) {
      progress(escape_control(std::string_view(status).substr(0, limits::kEngineMessageBytes)));
    }
  }
  return {};
}

void PullProgress::take_layer(const Json& line, const std::string& status) {
  const std::string& id = line["id"].as_string();
  auto found = layers_.find(id);
  if (found == layers_.end()) {
    if (id.empty() || id.size() > limits::kPullLayerIdBytes ||
        layers_.size() >= limits::kPullLayers)
      return;
    found = layers_.emplace(id, Layer{}).first;
  }
  Layer& layer = found->second;
  if (status == "Downloading") {
    layer.loaded_bytes = bytes_of(line["progressDetail"]["current"]);
    // Some registries do not say how long it is: then it is as long as what has come.
    layer.bytes = std::max(bytes_of(line["progressDetail"]["total"]), layer.loaded_bytes);
  } else if (status == "Download complete" || status == "Extracting") {
    layer.loaded_bytes = layer.bytes;
  } else if (status == "Pull complete" || status == "Already exists") {
    layer.loaded_bytes = layer.bytes;
    layer.done = true;
  }
}

void PullProgress::tell_layers(const ContainerEngine::Progress& progress) {
  const std::int64_t now_ms = clock_();
  if (!told_at_ms_) told_at_ms_ = now_ms;
  if (now_ms - *told_at_ms_ < limits::kPullNoteMs) return;
  Layer all;
  std::size_t done = 0;
  for (const auto& [id, layer] : layers_) {
    all.loaded_bytes += layer.loaded_bytes;
    all.bytes += layer.bytes;
    done += layer.done ? 1 : 0;
  }
  if (all.bytes == 0) return;
  told_at_ms_ = now_ms;
  if (!progress) return;
  progress("pulled " + mib_of(all.loaded_bytes) + " of " + mib_of(all.bytes) + " MiB (" +
           std::to_string(done) + " of " + std::to_string(layers_.size()) + " layers)");
}

}  // namespace pawl
