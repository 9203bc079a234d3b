# The sources in subprojects/: Debian's source packages of the wanted upstream versions, which carry
# Debian's security patches, or else the upstream release that the wrap file pins.
#
# The wanted versions live in newer suites than this machine's. Their indexes go to a private apt folder
# under the download cache, so that the machine's own lists stay as they are; the archive's address is
# the one that the machine's apt already uses, and apt checks the archive's signatures as always.
# shellcheck shell=bash

# subproject (its wrap file), folder, Debian source package, upstream version
wanted_sources=(
  "curl curl-8.14.1 curl 8.14.1"
  "libgit2 libgit2-1.9.0 libgit2 1.9.0"
  "lmdb lmdb-LMDB_0.9.31 lmdb 0.9.31"
  "cpp-httplib cpp-httplib-0.41.0 cpp-httplib 0.41.0"
)
# Searched in this order: the first two hold most of them, the last only what newer suites still have.
source_suites_first=(trixie trixie-security forky)
source_suites_then=(trixie-updates sid)

_stamp=.pawl-source # which source a folder was made from; written last

_cache=${PAWL_CACHE_DIR:-$root/build/cache}
_apt_home=$_cache/apt

# fetch_sources: fills subprojects/, and brings the overlays of packagefiles/ up to date there.
fetch_sources() {
  local entry missing=()
  for entry in "${wanted_sources[@]}"; do
    read -r _ folder _ _ <<<"$entry"
    [[ -f subprojects/$folder/$_stamp ]] || missing+=("$entry")
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    mkdir -p "$_cache"
    # Checkouts that share a cache take turns.
    exec 9>"$_cache/lock"
    flock 9
    _fetch_missing "${missing[@]}"
    exec 9>&-
  fi
  for entry in "${wanted_sources[@]}"; do
    read -r name folder _ _ <<<"$entry"
    _overlay "$name" "$folder"
  done
}

_fetch_missing() {
  local entry name folder package version left=("$@") still=() suites
  for suites in source_suites_first source_suites_then; do
    [[ ${#left[@]} -gt 0 ]] || return 0
    local -n list=$suites
    _private_apt "${list[@]}" || continue
    still=()
    for entry in "${left[@]}"; do
      read -r name folder package version <<<"$entry"
      _from_debian "$folder" "$package" "$version" || still+=("$entry")
    done
    left=("${still[@]}")
  done
  for entry in "${left[@]}"; do
    read -r name folder package version <<<"$entry"
    _from_upstream "$name" "$folder" "$version"
  done
}

# The address of the machine's own Debian archive ("main") or security archive ("security").
_archive() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  [[ $1 == main ]] || codename+=-security
  # Release is the suite as the machine's sources name it: a codename, or oldstable and the like.
  # shellcheck disable=SC2016  # the $(…) are apt's
  apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(RELEASE) $(CODENAME) $(REPO_URI)' \
    2>/dev/null | awk -v wanted="$codename" \
    '$1 == "Packages" && $2 == "main" && ($3 == wanted || $4 == wanted) { print $5; exit }'
}

# _private_apt SUITE...: readies the private apt folder with the source indexes of these suites.
_private_apt() {
  local main security suite uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=""
  main=$(_archive main)
  if [[ -z $main ]]; then
    # apt knows its archives only once it has their lists.
    say "updating the package lists"
    as_root apt-get -qq update >/dev/null || true
    main=$(_archive main)
  fi
  if [[ -z $main ]]; then
    say "this machine's apt names no Debian archive"
    return 1
  fi
  security=$(_archive security)
  [[ ! -f $keyring ]] || options="[signed-by=$keyring] "

  mkdir -p "$_apt_home/lists/partial" "$_apt_home/cache/archives/partial"
  : >"$_apt_home/sources.list"
  for suite in "$@"; do
    uri=$main
    [[ $suite != *-security ]] || uri=$security
    [[ -z $uri ]] || printf 'deb-src %s%s %s main\n' "$options" "$uri" "$suite"
  done >"$_apt_home/sources.list"
  {
    # How the machine reaches its archive (proxies, certificates), but none of its hooks.
    apt-config dump | grep '^Acquire::' || true
    printf '%s\n' \
      'Dir::Etc::main "/dev/null";' \
      'Dir::Etc::parts "/dev/null";' \
      "Dir::Etc::sourcelist \"$_apt_home/sources.list\";" \
      'Dir::Etc::sourceparts "/dev/null";' \
      'Dir::Etc::preferences "/dev/null";' \
      'Dir::Etc::preferencesparts "/dev/null";' \
      "Dir::State::lists \"$_apt_home/lists\";" \
      "Dir::Cache \"$_apt_home/cache\";" \
      'Acquire::Languages "none";' \
      'Acquire::Retries "3";'
    # apt's download user cannot enter a checkout under /root; the signatures do not depend on it.
    [[ $(id -u) -ne 0 ]] || printf 'APT::Sandbox::User "root";\n'
  } >"$_apt_home/apt.conf"
  say "reading the source indexes of $*"
  if ! APT_CONFIG=$_apt_home/apt.conf apt-get -qq update >"$_apt_home/update.log" 2>&1; then
    # One suite that cannot be had leaves the others usable.
    say "not every index could be had; see $_apt_home/update.log"
  fi
}

# The Debian versions of PACKAGE whose upstream version is VERSION, the newest revision first.
_debian_versions() {
  local package=$1 version=$2 candidate upstream found=() sorted=() i
  while read -r candidate; do
    upstream=${candidate#*:}
    upstream=${upstream%-*}
    upstream=${upstream%%[+~]*}
    [[ $upstream == "$version" ]] && found+=("$candidate")
  done < <(APT_CONFIG=$_apt_home/apt.conf apt-cache showsrc --only-source "$package" 2>/dev/null |
    sed -n 's/^Version: //p' | sort -u)
  for candidate in "${found[@]}"; do
    for ((i = 0; i < ${#sorted[@]}; i++)); do
      dpkg --compare-versions "$candidate" gt "${sorted[i]}" && break
    done
    sorted=("${sorted[@]:0:i}" "$candidate" "${sorted[@]:i}")
  done
  [[ ${#sorted[@]} -eq 0 ]] || printf '%s\n' "${sorted[@]}"
}

_from_debian() {
  local folder=$1 package=$2 version=$3 candidate downloads unpacked
  downloads=$_cache/sources/$package
  unpacked=subprojects/$folder.new
  while read -r candidate; do
    say "fetching $package $candidate (Debian source)"
    rm -rf "$downloads" "$unpacked"
    mkdir -p "$downloads"
    # apt checks every file against the archive's signed index; dpkg-source then need not.
    if (cd "$downloads" && APT_CONFIG=$_apt_home/apt.conf \
      apt-get -qq source --download-only --only-source "$package=$candidate") \
      >"$downloads.log" 2>&1 &&
      dpkg-source --no-check --no-copy -x "$downloads"/*.dsc "$unpacked" >>"$downloads.log" 2>&1; then
      _put "$unpacked" "$folder" "debian $package $candidate"
      return 0
    fi
    say "$package $candidate could not be had; see $downloads.log"
    rm -rf "$unpacked"
  done < <(_debian_versions "$package" "$version")
  return 1
}

_from_upstream() {
  local name=$1 folder=$2 version=$3
  say "fetching $name $version from upstream: this archive has no Debian source of it," \
    "so Debian's security patches are missing from this build"
  rm -rf "subprojects/$folder"
  # For a CMake project Meson reports the missing meson.build, with the sources in place: look at them.
  meson subprojects download "$name" >"$_cache/$name-download.log" 2>&1 || true
  if ! [[ -f subprojects/$folder/CMakeLists.txt || -f subprojects/$folder/meson.build ]]; then
    cat "$_cache/$name-download.log" >&2
    die "neither Debian's source package nor the upstream release of $name $version can be had" \
      "check the network, then run this again; or unpack it by hand as subprojects/$folder"
  fi
  printf 'upstream %s %s\n' "$name" "$version" >"subprojects/$folder/$_stamp"
}

# _put UNPACKED FOLDER STAMP: makes it the subproject's folder, in one step.
_put() {
  rm -rf "subprojects/$2"
  printf '%s\n' "$3" >"$1/$_stamp"
  mv "$1" "subprojects/$2"
}

# Copies what differs only, so that nothing is rebuilt for an unchanged overlay.
_overlay() {
  local name=$1 folder=$2 from to
  [[ -d subprojects/packagefiles/$name ]] || return 0
  while IFS= read -r -d '' from; do
    to=subprojects/$folder/${from#"subprojects/packagefiles/$name/"}
    cmp -s "$from" "$to" && continue
    mkdir -p "$(dirname "$to")"
    cp "$from" "$to"
  done < <(find "subprojects/packagefiles/$name" -type f -print0)
}
