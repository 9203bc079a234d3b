# A Docker engine for the scripts: found, or Debian's own started and ended again; and an image for it
# that comes from no registry. Needs tools/lib/common.sh. Talks to the socket with curl: the docker
# command may be missing.
# shellcheck shell=bash

# The engine's socket: DOCKER_HOST's, or the usual one.
engine_socket() {
  case "${DOCKER_HOST:-}" in
    unix://*) printf '%s\n' "${DOCKER_HOST#unix://}" ;;
    '') printf '/var/run/docker.sock\n' ;;
    *) die "DOCKER_HOST is '$DOCKER_HOST'" "pawl needs an engine on a unix socket; unset it or give unix://PATH" ;;
  esac
}

# engine_api METHOD PATH [curl arguments]: the answer's body on stdout; fails on an HTTP error.
engine_api() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail --noproxy '*' --unix-socket "$(engine_socket)" \
    --request "$method" "http://engine$path" "$@"
}

engine_answers() {
  [[ -S $(engine_socket) ]] && [[ $(engine_api GET /_ping --max-time 10 2>/dev/null) == OK ]]
}

# ensure_engine: returns once an engine answers. One that is running is left alone; one that this started
# is ended when the script ends. Fails, having said why, where that cannot be.
ensure_engine() {
  if engine_answers; then
    return 0
  fi
  local socket
  socket=$(engine_socket)
  if [[ -S $socket && ! -w $socket ]]; then
    say "the engine's socket $socket is not yours to use; run this as root, or as a member of its group"
    return 1
  fi
  if [[ -n ${DOCKER_HOST:-} ]]; then
    say "no engine answers at $DOCKER_HOST; start it, or unset DOCKER_HOST"
    return 1
  fi
  if ! have dockerd && ! [[ -x /usr/sbin/dockerd ]]; then
    say "there is no Docker engine; tools/setup --demo installs Debian's docker.io"
    return 1
  fi
  if [[ -d /run/systemd/system ]]; then
    _start_engine_service
  else
    _start_engine_process
  fi
}

_wait_for_engine() {
  local deadline=$((SECONDS + 60))
  until engine_answers; do
    [[ $SECONDS -lt $deadline ]] && "$@" || return 1
    sleep 0.2
  done
}

_start_engine_service() {
  say "starting docker.service"
  as_root systemctl start docker || return 1
  on_exit "as_root systemctl stop docker.service docker.socket"
  if ! _wait_for_engine true; then
    say "docker.service does not answer; see journalctl -u docker"
    [[ -w $(engine_socket) ]] || say "its socket is not yours to use; run this as root, or as a member of group docker"
    return 1
  fi
}

_engine_pid=
_start_engine_process() {
  local log=$root/build/dockerd.log pid_file=$root/build/dockerd.pid
  mkdir -p "$root/build"
  rm -f "$pid_file"
  say "starting dockerd (its log is build/dockerd.log)"
  # setsid: Ctrl-C must reach this script first, which then ends the engine in good order. The group is
  # ours, so that the rest needs no root.
  as_root setsid dockerd --group "$(id -gn)" --pidfile "$pid_file" >"$log" 2>&1 </dev/null 9>&- &
  _engine_pid=$!
  on_exit "_stop_engine_process '$pid_file'"
  if ! _wait_for_engine test -d "/proc/$_engine_pid"; then
    tail -n 5 "$log" >&2
    say "dockerd does not start; the lines above say why"
    return 1
  fi
}

_stop_engine_process() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  as_root kill -TERM "$pid" 2>/dev/null || return 0
  wait "$_engine_pid" 2>/dev/null
}

# make_demo_image NAME[:TAG]: makes an image of busybox under this name, unless there is one.
make_demo_image() {
  local name=${1%%:*} tag=latest rootfs applet answer
  [[ $1 != *:* ]] || tag=${1##*:}
  engine_api GET "/images/$name:$tag/json" >/dev/null 2>&1 && return 0
  have busybox || die "busybox is missing" "run tools/setup --demo"
  say "making the image $name:$tag from busybox"
  rootfs=$(mktemp -d)
  mkdir -p "$rootfs"/{bin,dev,etc,proc,run,sys,tmp,workspace}
  chmod 1777 "$rootfs/tmp" "$rootfs/workspace"
  cp "$(command -v busybox)" "$rootfs/bin/busybox"
  for applet in $(busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$rootfs/bin/$applet"
  done
  printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$rootfs/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$rootfs/etc/group"
  answer=$(tar -C "$rootfs" --owner=0 --group=0 --numeric-owner -c . |
    engine_api POST "/images/create?fromSrc=-&repo=$name&tag=$tag&changes=ENV%20PATH%3D%2Fbin&changes=CMD%20%5B%22sh%22%5D" \
      -H 'Content-Type: application/x-tar' --data-binary @- 2>&1) || {
    rm -rf "$rootfs"
    die "the engine did not take the image: $answer"
  }
  rm -rf "$rootfs"
  [[ $answer != *'"error"'* ]] || die "the engine did not take the image: $answer"
}

# remove_image NAME[:TAG]: for what a script made itself; silent when it is gone already.
remove_image() {
  engine_api DELETE "/images/$1?force=1" >/dev/null 2>&1 || true
}

# remove_sandbox_images: those of pawl's own that no container is made of; an agent makes its again when it needs it.
remove_sandbox_images() {
  local id
  for id in $(engine_api GET "/images/json?filters=%7B%22reference%22%3A%5B%22pawl-sandbox%22%5D%7D" 2>/dev/null |
    grep -o '"Id":"sha256:[0-9a-f]*"' | cut -d'"' -f4); do
    engine_api DELETE "/images/$id" >/dev/null 2>&1 || true
  done
}
