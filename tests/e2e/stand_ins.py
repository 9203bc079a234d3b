"""Stand-ins for the images that config/examples names: busybox with the programs that it lacks.

Each program notes its arguments, checks what it was given beside them (secrets, files), and does what the pipeline
needs of the real one. A secret's content is "secret-" and its name.
"""

import base64
import codecs
import re

PRELUDE = r"""#!/bin/sh
{ printf '>>'; printf '%s\0' NAME "$@" | base64 -w 0 | tr A-Za-z N-ZA-Mn-za-m; echo; } >&2
is() { test "$1" = "$2" || { echo "NAME: found '$1' instead of '$2'" >&2; exit 90; }; }
"""

PG_DUMP = r"""
is "$PGPASSWORD" secret-db-password
is "$PGUSER@$PGHOST" backup@db.example.net
echo "a dump" > /workspace/db.dump
"""

PG_RESTORE = r"""
is "$(cat /workspace/db.dump)" "a dump"
echo "3; 0 16385 TABLE DATA public orders app"
"""

PSQL = r"""
if test "${*##*--file}" != "$*"; then
  is "$PGPASSWORD" secret-warehouse-password
  cat load.sql
  exit
fi
sql=$(cat)
case "$sql" in
  'COPY (SELECT * FROM :"table"'*)
    is "$PGPASSWORD" secret-source-password
    printf '1\talice\t10\n2\tbob\t20\n\tnobody\t1\n' ;;
  *"GROUP BY"*) printf 'eu,1000\nus,234.5\n' ;;
  "SELECT sum(amount) FROM sales"*)
    is "$PGPASSWORD" secret-warehouse-password
    echo 1234.5 ;;
  *) echo "psql: $sql" >&2; exit 91 ;;
esac
"""

RESTIC = r"""
is "$(cat "$RESTIC_PASSWORD_FILE")" secret-restic-password
is "$AWS_SECRET_ACCESS_KEY" secret-s3-secret-key
is "$RESTIC_REPOSITORY" s3:https://s3.example.net/backups
mkdir -p "$RESTIC_CACHE_DIR"
case "$1" in
  backup)
    is "$(cat /workspace/db.dump)" "a dump"
    echo '{"message_type":"status","percent_done":1}'
    echo '{"message_type":"summary","files_new":1,"snapshot_id":"4f1c2e9a"}' ;;
  forget|check) ;;
  *) exit 91 ;;
esac
"""

# Headers and passwords come from files; what a request would be answered goes where the answer is wanted.
CURL = r"""
output=/dev/stdout
for argument; do
  case "$option" in
    --output) output=$argument ;;
    --header) case "$argument" in @*) is "$(cat "${argument#@}")" "secret-${argument##*/}" ;; esac ;;
    --netrc-file) is "$(cat "$argument")" "secret-${argument##*/}" ;;
    --upload-file) cat "$argument" ;;
  esac
  option=$argument
done
case "$option" in
  */snapshot) echo '{"data":"UPID:pve:0001:qmsnapshot:101:pawl@pve:"}' ;;
  */status|*/job) echo '{"data":{"status":"stopped","exitstatus":"OK"}}' ;;
  *) echo answered ;;
esac > "$output"
"""

OPENSSL = r"""
case "$1" in
  s_client) echo "certificate of $3" ;;
  x509) ! grep -q www. /tmp/seen ;;
esac
"""

CERTBOT = r"""
is "$(cat /run/secrets/rfc2136.ini)" secret-rfc2136.ini
for argument; do
  case "$option" in --domain) domain=$argument ;; --config-dir) folder=$argument ;; esac
  option=$argument
done
mkdir -p "$folder/live/$domain"
echo "chain of $domain" > "$folder/live/$domain/fullchain.pem"
echo "key of $domain" > "$folder/live/$domain/privkey.pem"
"""

VAULT = r"""
is "$VAULT_TOKEN" secret-vault-token
is "$VAULT_ADDR" https://vault.example.net:8200
for argument; do
  case "$argument" in *=@*) cat "${argument#*=@}" ;; esac
done
"""

RCLONE = r"""
is "$RCLONE_CONFIG_ARCHIVE_SECRET_ACCESS_KEY" secret-archive-secret-key
cd /workspace
sha256sum -c SHA256SUMS
"""

SKOPEO = r"""
for argument; do
  case "$option" in *authfile) is "$(cat "$argument")" secret-registry-auth.json ;; esac
  option=$argument
done
test "$1" = copy || echo "sha256:0f1e"
"""

TRIVY = r"""
case "$1" in
  image) is "$TRIVY_PASSWORD" secret-registry-password; mkdir -p "$TRIVY_CACHE_DIR" ;;
  config) test -d site/deploy ;;
esac
"""

# ssh refuses a key of one's own that others can read.
ANSIBLE = r"""
is "$(cat /run/secrets/ssh-key)" secret-ssh-key
is "$(cat /run/secrets/ssh-known-hosts)" secret-ssh-known-hosts
test "$(stat -c %u /run/secrets/ssh-key)" != "$(id -u)" || is "$(stat -c %a /run/secrets/ssh-key | cut -c 2-)" 00
"""

GIT = r"""
case "$*" in
  "init --quiet site") mkdir -p site/deploy ;;
  *fetch*) is "$(cat /run/secrets/git-credentials)" secret-git-credentials ;;
  "checkout --quiet FETCH_HEAD") ;;
  *) exit 91 ;;
esac
"""

KUBECTL = r"""
is "$(cat "$KUBECONFIG")" secret-kubeconfig
test -d site/deploy
"""

PANDOC = r"""
for argument; do
  case "$option" in --output) output=$argument ;; esac
  option=$argument
done
{ echo "<html>"; cat "$option"; echo "</html>"; } > "$output"
"""

PROGRAMS = {
    "alpine:3.20": {},
    "alpine/git:v2.49.1": {"git": GIT},
    "aquasec/trivy:0.56.2": {"trivy": TRIVY},
    "certbot/dns-rfc2136:v2.11.0": {"openssl": OPENSSL, "certbot": CERTBOT},
    "curlimages/curl:8.10.1": {"curl": CURL},
    "hashicorp/vault:1.17": {"vault": VAULT},
    "pandoc/core:3.5": {"pandoc": PANDOC},
    "postgres:16": {"pg_dump": PG_DUMP, "pg_restore": PG_RESTORE, "psql": PSQL},
    "quay.io/skopeo/stable:v1.16.1": {"skopeo": SKOPEO},
    "rclone/rclone:1.68": {"rclone": RCLONE},
    "registry.k8s.io/kubectl:v1.31.0": {"kubectl": KUBECTL},
    "restic/restic:0.17.3": {"restic": RESTIC},
    "willhallonline/ansible:2.18-ubuntu-24.04": {"ansible": ANSIBLE},
}

IMAGE = re.compile(r'(\bimage: (?:&\w+ )?"?)([a-z][\w./-]*:[\w.-]+)')
SECRET = re.compile(r"secrets?: (?:&\w+ )?\[([^\]]*)\]")


def below(prefix, text):
    """The pipeline with each image under a name of the test's own, and the images that it names."""
    return IMAGE.sub(rf"\1{prefix}/\2", text), sorted({match[1] for match in IMAGE.findall(text)})


def secret_names(text):
    """Of the lists of secrets, in their three forms."""
    names = set()
    for listed in SECRET.findall(text):
        for item in re.findall(r"\{[^}]*\}|[^,\s]+", listed):
            long_form = re.match(r"\{name: ([^,}]+)", item)
            names.add(long_form[1] if long_form else item)
    return names


def programs(image, broken):
    """Of an image, as files; `broken` has program → script that runs before the usual one."""
    return {f"bin/{name}": PRELUDE.replace("NAME", name) + broken.get(name, "") + script
            for name, script in PROGRAMS[image].items()}


def words(line):
    # rot13 besides: a secret in plain base64 would be blotted out of the log.
    return base64.b64decode(codecs.decode(line[2:], "rot13")).decode().split("\0")[:-1]


def calls_in(log):
    """Each call of a stand-in's program that a task's output tells of, as its words."""
    return [words(line) for line in log.splitlines() if line.startswith(">>")]


def readable(log):
    return "\n".join(f">> {words(line)}" if line.startswith(">>") else line for line in log.splitlines())
