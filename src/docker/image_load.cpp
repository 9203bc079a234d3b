#include "docker/image_load.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "docker/file_body.h"
#include "model/limits.h"

namespace pawl {
namespace {

// Docker's words (image/tarexport/load.go); Podman puts several names into one line, with commas between.
constexpr std::string_view kNamed = "Loaded image: ";
constexpr std::string_view kUnnamed = "Loaded image ID: ";

void add_names(std::string_view text, std::vector<std::string>& images) {
  text = text.substr(0, text.find_first_of("\r\n"));
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    if (!name.empty()) {
      images.push_back(escape_control(name.substr(0, limits::kImageNameBytes)));
    }
  }
}

class LoadBody : public BodySink {
 public:
  Result<void> take(std::string_view bytes) override { return progress_.feed(bytes); }
  Result<std::vector<std::string>> finish() { return progress_.finish(); }

 private:
  LoadProgress progress_;
};

}  // namespace

Result<void> LoadProgress::feed(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > limits::kEngineResponseBytes) {
    return Error{ErrorKind::kTooLarge,
                 "the engine's load progress is over " +
                     std::to_string(limits::kEngineResponseBytes) + " bytes",
                 {}};
  }
  return lines_.feed(bytes, [this](const Json& line) { return take(line); });
}

Result<std::vector<std::string>> LoadProgress::finish() {
  PAWL_CHECK(lines_.finish([this](const Json& line) { return take(line); }));
  if (images_.empty()) {
    return Error{ErrorKind::kInvalid, "holds no image; expected what `docker save` writes", {}};
  }
  return std::move(images_);
}

Result<void> LoadProgress::take(const Json& line) {
  if (const std::string& error = error_of_line(line); !error.empty()) {
    return Error{ErrorKind::kInvalid,
                 "the engine cannot load it: " +
                     escape_control(std::string_view(error).substr(0, limits::kEngineMessageBytes)),
                 {}};
  }
  const std::string_view text = line["stream"].as_string();
  if (text.starts_with(kNamed)) add_names(text.substr(kNamed.size()), images_);
  if (text.starts_with(kUnnamed)) add_names(text.substr(kUnnamed.size()), images_);
  return {};
}

Result<std::vector<std::string>> load_image_file(EngineClient& client, const std::string& file,
                                                 const std::stop_token& stop) {
  PAWL_TRY(RegularFile opened, open_regular_file(file));
  FileBody source(std::move(opened));
  LoadBody body;
  HttpRequest request;
  request.method = "POST";
  request.target = "/images/load?quiet=1";
  request.content_type = "application/x-tar";
  request.source = &source;
  request.sink = &body;
  request.idempotent = false;
  request.total_ms = limits::kImageLoadMs;
  const auto answered = client.call(std::move(request), stop);
  if (!answered) return Error{answered.error().kind, answered.error().message, file};
  auto images = body.finish();
  if (!images) return Error{images.error().kind, images.error().message, file};
  return images;
}

}  // namespace pawl
