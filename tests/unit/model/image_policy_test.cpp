#include "model/image_policy.h"

#include <doctest/doctest.h>

using namespace pawl;

namespace {

bool allowed(const char* pattern, const char* image) {
  CAPTURE(pattern);
  CAPTURE(image);
  return image_is_allowed({pattern}, image);
}

}  // namespace

TEST_CASE("nothing named, nothing allowed") {
  CHECK_FALSE(image_is_allowed({}, "alpine:3.20"));
  CHECK(image_is_allowed({"busybox:*", "alpine:3.20"}, "alpine:3.20"));
}

TEST_CASE("patterns of a tag") {
  CHECK(allowed("alpine:*", "alpine:3.20"));
  CHECK(allowed("alpine:*", "alpine"));
  CHECK(allowed("alpine:*", "alpine@sha256:00"));
  CHECK(allowed("alpine:3.*", "alpine:3.20"));
  CHECK(allowed("alpine:latest", "alpine"));
  CHECK(allowed("alpine", "alpine:latest"));
  CHECK_FALSE(allowed("alpine", "alpine:3.20"));
  CHECK_FALSE(allowed("alpine:3.20", "alpine:3.21"));
  CHECK_FALSE(allowed("alpine:*", "alpinex:1"));
  CHECK_FALSE(allowed("alpine:*", "evil/alpine:1"));
  // A digest overrides the tag it stands behind.
  CHECK_FALSE(allowed("alpine:3.20", "alpine:3.20@sha256:00"));
  CHECK(allowed("alpine@sha256:00", "alpine@sha256:00"));
  CHECK_FALSE(allowed("alpine@sha256:00", "alpine@sha256:01"));
}

TEST_CASE("a registry's port is no tag") {
  CHECK_FALSE(allowed("alpine:*", "alpine:5000/evil"));
  CHECK_FALSE(allowed("alpine:*", "alpine:5000/evil:1"));
  CHECK(allowed("registry.local:5000/*", "registry.local:5000/team/app:1"));
  CHECK(allowed("registry.local:5000/app:*", "registry.local:5000/app:1"));
  CHECK_FALSE(allowed("registry.local:5000/app:*", "registry.local:5000/app:1/evil"));
}

TEST_CASE("patterns of a repository") {
  CHECK(allowed("registry.local/*", "registry.local/team/app:1@sha256:00"));
  CHECK_FALSE(allowed("registry.local/*", "registry.local.evil.net/app"));
  CHECK(allowed("registry.local/*/app:1", "registry.local/team/app:1"));
  CHECK_FALSE(allowed("registry.local/*/app", "registry.local/team/app:1"));
  CHECK(allowed("*", "anything/at:all"));
}

TEST_CASE("the pattern that is proposed allows the image") {
  for (const char* image : {"alpine", "alpine:3.20", "r.local:5000/a/b:1", "a@sha256:00"}) {
    CHECK(image_is_allowed({image_pattern_for(image)}, image));
  }
  CHECK(image_pattern_for("r.local:5000/a/b:1@sha256:00") == "r.local:5000/a/b:*");
}
