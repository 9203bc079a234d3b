# Shared by the scripts in tools/: messages, root rights, clean-up. Source it after `set -euo pipefail`.
# shellcheck shell=bash

# The checkout's root, whatever the working directory is.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# say TEXT: one line of progress, on stderr.
say() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die WHAT [HOW TO MEND IT]: ends the script with 1.
die() {
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  [[ $# -lt 2 ]] || printf '%s: %s\n' "${0##*/}" "$2" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# as_root COMMAND...: runs it as root, with sudo where we are not; it is said before it is used.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
    return
  fi
  have sudo || die "\`$*' needs root" "run this script as root, or install sudo"
  say "with sudo: $*"
  sudo -- "$@"
}

# on_exit COMMAND: runs COMMAND when the script ends, however it ends; the last registered runs first.
_exit_commands=()
on_exit() {
  _exit_commands=("$*" "${_exit_commands[@]}")
  trap '_run_exit_commands $?' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
_run_exit_commands() {
  trap '' HUP INT TERM
  end_now
  exit "$1"
}

# end_now: runs what on_exit registered, now and not again.
end_now() {
  local commands=("${_exit_commands[@]}") command
  _exit_commands=()
  trap - EXIT
  set +e
  for command in "${commands[@]}"; do
    eval "$command"
  done
  set -e
}
