# The Debian packages that pawl is built, shown and tested with, and their installation.
# shellcheck shell=bash

build_packages=(
  g++ meson ninja-build ccache cmake pkg-config python3 git ca-certificates tzdata
  dpkg-dev xz-utils patch
  libssl-dev zlib1g-dev libzstd-dev libc-ares-dev libssh2-1-dev libhttp-parser-dev libyaml-cpp-dev
  libsodium-dev libabsl-dev libre2-dev nlohmann-json3-dev libcli11-dev doctest-dev
)
# curl and openssl are for the scripts (engine socket, webhook signatures), not for the binary.
demo_packages=(busybox-static curl openssl procps)
test_packages=(
  clang clang-format clang-tidy file binutils strace chromium chromium-driver docker-registry openssh-client
  podman catatonit
  e2fsprogs xfsprogs python3-jsonschema python3-yaml
)

# An engine that is already there, Debian's or not, is left alone.
if ! command -v dockerd >/dev/null 2>&1 && ! [[ -S ${DOCKER_SOCKET:-/var/run/docker.sock} ]]; then
  demo_packages+=(docker.io)
fi

# Likewise Node.js and its npm, which others than Debian package as one.
command -v node >/dev/null 2>&1 || test_packages+=(nodejs)
command -v npm >/dev/null 2>&1 || test_packages+=(npm)

# missing_packages NAME...: prints those that are not installed.
missing_packages() {
  local installed
  # Virtual or unknown names make dpkg-query fail; what it does know it still prints.
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | sort -u) || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$installed")
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 \
    -o Acquire::Retries=3 "$@" </dev/null
}

# Keeps a package's service from being started while it is installed, where no init system could start it
# (a container): its installation would fail. The machine's own policy, if it has one, is kept.
_hold_services() {
  [[ -d /run/systemd/system || -e /usr/sbin/policy-rc.d ]] && return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
  as_root chmod 755 /usr/sbin/policy-rc.d
  on_exit "as_root rm -f /usr/sbin/policy-rc.d"
}

# install_packages NAME...: installs those that are missing; runs no apt-get when none is.
install_packages() {
  have apt-get || die "this machine has no apt-get" \
    "install by hand what CONTRIBUTING.md lists, then run meson setup; tools/setup knows Debian 12 only"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] && return 0
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  _hold_services
  # Lists that know every name are new enough to try; a file that has gone since shows as a failure.
  if ! apt-get -qq --simulate install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    ! apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null; then
    say "updating the package lists"
    apt_get update >/dev/null || die "apt-get update failed" "check the network and /etc/apt"
    apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null ||
      die "apt-get install failed" "mend what it says above and run this again"
  fi
}
