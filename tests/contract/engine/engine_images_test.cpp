// What ports/container_engine.h promises of images and of the disk, held against every engine that has them.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "contract/engine/child.h"
#include "contract/engine/harness.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

Mount workspace(const std::string& name, const std::string& label, const std::string& value) {
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = name;
  mount.target = "/workspace";
  mount.read_only = false;
  mount.labels = {{label, value}};
  return mount;
}

}  // namespace

TEST_CASE_TEMPLATE("an image of one executable gives a new volume to every user", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const std::string image = harness.image_name();
  CHECK_FALSE(engine.has_image(image, {}).value());
  REQUIRE(engine.make_image(image, "/bin/busybox", {}));
  CHECK(engine.has_image(image, {}).value());
  for (const bool copied : {true, false}) {
    CAPTURE(copied);
    ContainerSpec spec = harness.spec({copied ? "copies" : "does not copy", {}});
    spec.image = image;
    spec.command = {"/pawl", "true"};
    Mount mount = workspace(spec.name + "-volume", harness.label(), harness.label_value());
    mount.copy_from_image = copied;
    spec.mounts = {mount};
    REQUIRE(engine.create(spec, {}));
    // Some engines copy only now.
    REQUIRE(engine.start(spec.name, {}));
    REQUIRE(engine.wait(spec.name, 60'000, {}));
    CHECK((harness.mode_of(mount.source) == "1777 0") == copied);
  }
  // Another one of that name takes it.
  CHECK(engine.make_image(image, "/bin/busybox", {}));
  CHECK(engine.has_image(image, {}).value());
  if (!Harness::kPrograms) return;
  CHECK(engine.make_image(image, "/nonexistent/pawl", {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE_TEMPLATE("an image goes once no container is made of it", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const std::string image = harness.image_name();
  CHECK(engine.remove_image(image, {}));
  REQUIRE(engine.make_image(image, "/bin/busybox", {}));
  ContainerSpec spec = harness.spec(programs::waits());
  spec.image = image;
  REQUIRE(engine.create(spec, {}));
  const auto list = engine.list(harness.label(), harness.label_value(), {});
  REQUIRE(list);
  REQUIRE(list->size() == 1);
  CHECK(list->at(0).image.ends_with(image));
  const auto refused = engine.remove_image(image, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kConflict);
  CHECK(engine.has_image(image, {}).value());
  REQUIRE(engine.remove(spec.name, {}));
  CHECK(engine.remove_image(image, {}));
  CHECK_FALSE(engine.has_image(image, {}).value());
  CHECK(engine.remove_image(image, {}));
}

TEST_CASE_TEMPLATE("images are loaded from a file, compressed or not", Harness,
                   PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const TempDirectory directory;
  const std::string image = harness.image_name();
  REQUIRE(engine.make_image(image, "/bin/busybox", {}));
  const std::string plain = directory / "image.tar";
  harness.save_image(image, plain);
  std::vector<std::string> files = {plain};
  if (Harness::kPrograms) {
    run_program({"gzip", "--keep", plain});
    files.push_back(plain + ".gz");
  }
  for (const std::string& file : files) {
    CAPTURE(file);
    REQUIRE(engine.remove_image(image, {}));
    const auto loaded = engine.load_images(file, {});
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    REQUIRE(loaded->size() == 1);
    CHECK(loaded->at(0).ends_with(image));
    CHECK(engine.has_image(image, {}).value());
    // Again: it is there already.
    CHECK(engine.load_images(file, {}).value().size() == 1);
  }
}

TEST_CASE_TEMPLATE("what is no archive of images is not loaded", Harness, PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  const TempDirectory directory;
  const std::string file = directory / "images.tar";
  CHECK(engine.load_images(file, {}).error().kind == ErrorKind::kNotFound);
  const std::string image = harness.image_name();
  REQUIRE(engine.make_image(image, "/bin/busybox", {}));
  const std::string whole = directory / "whole.tar";
  harness.save_image(image, whole);
  std::ifstream saved(whole, std::ios::binary);
  std::string half(100'000, '\0');
  saved.read(half.data(), static_cast<std::streamsize>(half.size()));
  REQUIRE(engine.remove_image(image, {}));
  for (const std::string& bytes : {std::string(), std::string("hello"), std::string(10'240, '\0'),
                                   std::string("\x1f\x8b\x08garbage"), half,
                                   // Refused long before its end.
                                   std::string(20 << 20, 'x')}) {
    CAPTURE(bytes.size());
    std::ofstream(file, std::ios::binary) << bytes;
    const auto loaded = engine.load_images(file, {});
    REQUIRE_FALSE(loaded);
    CHECK_MESSAGE(loaded.error().kind == ErrorKind::kInvalid, loaded.error().text());
    CHECK(loaded.error().context == file);
  }
  CHECK_FALSE(engine.has_image(image, {}).value());
}

TEST_CASE_TEMPLATE("the disk's use names images and volumes", Harness, PAWL_CONTAINER_ENGINES) {
  Harness harness;
  ContainerEngine& engine = harness.engine();
  ContainerSpec spec =
      harness.spec({"busybox dd if=/dev/zero of=/workspace/f bs=4096 count=8", {}});
  spec.user = "0";
  const Mount mount = workspace(spec.name + "-volume", harness.label(), harness.label_value());
  spec.mounts = {mount};
  REQUIRE(engine.create(spec, {}));
  REQUIRE(engine.start(spec.name, {}));
  REQUIRE(engine.wait(spec.name, 60'000, {}));
  const auto usage = engine.disk_usage({});
  REQUIRE_MESSAGE(usage, usage.error().text());
  const auto volume =
      std::find_if(usage->volumes.begin(), usage->volumes.end(),
                   [&](const DiskUsage::Volume& one) { return one.name == mount.source; });
  REQUIRE(volume != usage->volumes.end());
  CHECK(volume->labels == mount.labels);
  const auto image =
      std::find_if(usage->images.begin(), usage->images.end(), [&](const DiskUsage::Image& one) {
        return std::any_of(one.names.begin(), one.names.end(),
                           [&](const std::string& name) { return name.ends_with(spec.image); });
      });
  REQUIRE(image != usage->images.end());
  CHECK(image->containers != 0);
  if (!Harness::kPrograms) return;
  CHECK(volume->bytes >= 8 * 4096);
  CHECK(image->bytes != 0);
}
