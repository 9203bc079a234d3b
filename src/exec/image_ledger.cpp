#include "exec/image_ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "model/limits.h"

namespace pawl {
namespace {

Error failed(const std::string& path) {
  return Error{ErrorKind::kUnavailable, std::strerror(errno), path};
}

std::string short_name(std::string_view name) {
  for (const std::string_view hub : {"docker.io/", "index.docker.io/"}) {
    if (!name.starts_with(hub)) continue;
    name.remove_prefix(hub.size());
    if (name.starts_with("library/")) name.remove_prefix(8);
  }
  const std::size_t slash = name.rfind('/');
  const std::size_t base = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t at = name.find('@');
  const std::size_t colon = name.substr(0, at).find(':', base);
  std::string result(name.substr(0, std::min(at, colon)));
  if (at != std::string_view::npos) return result.append(name.substr(at));
  const std::string_view tag = colon == std::string_view::npos ? ":latest" : name.substr(colon);
  return result.append(tag);
}

Json to_json(const std::vector<ImageLedger::Image>& images,
             const std::vector<ImageLedger::File>& files) {
  Json image_list = Json::array();
  for (const auto& image : images) {
    Json item;
    item.set("name", image.name).set("id", image.id).set("used_ms", image.used_at.ms);
    image_list.push(std::move(item));
  }
  Json file_list = Json::array();
  for (const auto& file : files) {
    Json names = Json::array();
    for (const std::string& name : file.images) names.push(name);
    Json item;
    item.set("name", file.name).set("bytes", file.bytes).set("changed_ns", file.changed_ns);
    item.set("images", std::move(names));
    file_list.push(std::move(item));
  }
  Json whole;
  whole.set("version", 1).set("images", std::move(image_list)).set("files", std::move(file_list));
  return whole;
}

}  // namespace

bool is_same_image(const std::string& a, const std::string& b) {
  return short_name(a) == short_name(b);
}

ImageLedger::ImageLedger(std::string path, const Clock& clock)
    : path_(std::move(path)), clock_(clock) {
  if (!path_.empty()) read();
}

void ImageLedger::read() {
  const auto text = read_file(path_, limits::kLedgerFileBytes);
  if (!text && text.error().kind == ErrorKind::kNotFound) return;
  const auto json = text ? Json::parse(*text) : Result<Json>(text.error());
  if (!json) {
    log_warning("the list of images cannot be read; it begins anew",
                {{"file", path_}, {"reason", json.error().message}});
    return;
  }
  for (const Json& item : (*json)["images"].items()) {
    images_.push_back(
        {item["name"].as_string(), item["id"].as_string(), WallTime{item["used_ms"].as_integer()}});
  }
  for (const Json& item : (*json)["files"].items()) {
    File file{item["name"].as_string(), item["bytes"].as_integer(),
              item["changed_ns"].as_integer()};
    for (const Json& name : item["images"].items()) file.images.push_back(name.as_string());
    files_.push_back(std::move(file));
  }
  drop_oldest();
}

void ImageLedger::brought(const std::string& name) {
  std::lock_guard lock(mutex_);
  changed_ = true;
  for (Image& image : images_) {
    if (!is_same_image(image.name, name)) continue;
    image.used_at = clock_.wall();
    return;
  }
  images_.push_back({name, {}, clock_.wall()});
  drop_oldest();
}

void ImageLedger::used(const std::string& name) {
  std::lock_guard lock(mutex_);
  for (Image& image : images_) {
    if (!is_same_image(image.name, name)) continue;
    image.used_at = clock_.wall();
    changed_ = true;
  }
}

void ImageLedger::update(const std::function<void(std::vector<Image>&)>& change) {
  std::lock_guard lock(mutex_);
  const std::vector<Image> before = images_;
  change(images_);
  if (images_ != before) changed_ = true;
}

std::vector<ImageLedger::Image> ImageLedger::images() const {
  std::lock_guard lock(mutex_);
  return images_;
}

void ImageLedger::loaded(File file) {
  std::lock_guard lock(mutex_);
  changed_ = true;
  std::erase_if(files_, [&](const File& known) { return known.name == file.name; });
  files_.push_back(std::move(file));
  drop_oldest();
}

std::vector<ImageLedger::File> ImageLedger::files() const {
  std::lock_guard lock(mutex_);
  return files_;
}

void ImageLedger::drop_oldest() {
  const auto older = [](const Image& a, const Image& b) { return a.used_at < b.used_at; };
  while (images_.size() > limits::kLedgerImages) {
    images_.erase(std::min_element(images_.begin(), images_.end(), older));
  }
  while (files_.size() > limits::kImageFiles) files_.erase(files_.begin());
}

void ImageLedger::save() {
  std::lock_guard lock(mutex_);
  if (!changed_ || path_.empty()) return;
  const auto written = write();
  if (!written && !failing_) {
    log_warning("the list of images cannot be written", {{"reason", written.error().text()}});
  }
  failing_ = !written.ok();
  changed_ = failing_;
}

// Whole or not at all, also across a power cut.
Result<void> ImageLedger::write() const {
  const std::string text = to_json(images_, files_).dump();
  const std::string next = path_ + ".new";
  {
    const UniqueFd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.is_open()) return failed(next);
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t count = ::write(fd.get(), rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed(next);
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fsync(fd.get()) != 0) return failed(next);
  }
  if (std::rename(next.c_str(), path_.c_str()) != 0) return failed(path_);
  return {};
}

}  // namespace pawl
