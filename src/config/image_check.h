// The images that a file names: each is checked against the host's policy, and what a refused one was meant to be is told
// from the policy and from the file's other images, once all are known. References the problem list; one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/task_policy.h"

namespace pawl::config {

class ImageCheck {
 public:
  ImageCheck(ValueReader& values, const HostConfig& host) : values_(values), host_(host) {}

  // `policy`: the host's, or one that allows everything, for a pipeline that is meant for other hosts.
  void add(const std::string& image, Place place, const HostPolicy& policy);
  // What the host gives to a task without one: not the file's, so it is neither warned of nor proposed.
  void add_default(const std::string& image, Place place, const HostPolicy& policy);
  // Reports the refused ones, and warns of those without a digest.
  void finish();

 private:
  struct Refused {
    std::string image;
    Place place;
    Refusal why;
  };
  [[nodiscard]] std::string meant_instead_of(const std::string& image) const;

  ValueReader& values_;
  const HostConfig& host_;
  std::vector<Refused> refused_;
  std::map<std::string, Place> allowed_;  // and where each was first named
};

}  // namespace pawl::config
