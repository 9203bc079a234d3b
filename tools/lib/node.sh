# The npm packages that tests/differential compares pawl with, in build/node. They are test data: nothing of them
# gets into the build.
#
# package-lock.json pins versions and hashes and names no registry: the address is the one of the machine's own npm
# configuration. No package's scripts are run. Needs tools/lib/common.sh and tools/lib/sources.sh (the download cache).
# shellcheck shell=bash

# fetch_node_packages: does nothing where they are there already, and asks no registry for what the cache has.
fetch_node_packages() {
  local from=$root/tests/differential into=$root/build/node
  local stamp=$into/.pawl-lock # a copy of the lock file that was installed; written last
  ! cmp -s "$from/package-lock.json" "$stamp" || return 0
  have npm || die "npm is missing" "install Debian's npm, or Node.js with its npm"
  say "fetching the npm packages of tests/differential"
  rm -f "$stamp"
  mkdir -p "$into" "$_cache"
  cp "$from/package.json" "$from/package-lock.json" "$into"
  # Checkouts that share a cache take turns.
  exec 9>"$_cache/lock"
  flock 9
  (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund --cache "$_cache/npm" --prefer-offline \
    --fetch-retries 5) >"$_cache/npm.log" 2>&1 || {
    cat "$_cache/npm.log" >&2
    die "npm ci failed" "check the network and npm's configuration (npm config get registry), then run this again"
  }
  exec 9>&-
  cp "$from/package-lock.json" "$stamp"
}
