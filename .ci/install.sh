# Sourced by ./run and ./test: finds out what a machine lacks and installs it through apt, or says
# which command to type. Nothing is asked of the network when nothing is missing.

say() { printf '%s\n' "$*" >&2; }

# The folder with PostgreSQL >= 15 server binaries, on standard output; fails when there is none.
postgres_bin() {
  local candidates=() dir version
  if [ -n "${COUNTERSIGN_PG_BIN:-}" ]; then
    candidates=("$COUNTERSIGN_PG_BIN")
  else
    if command -v pg_config >/dev/null 2>&1; then candidates+=("$(pg_config --bindir)"); fi
    candidates+=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin)
    if command -v postgres >/dev/null 2>&1; then
      candidates+=("$(dirname "$(readlink -f "$(command -v postgres)")")")
    fi
  fi
  for dir in "${candidates[@]}"; do
    if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ]; then
      version=$("$dir/postgres" --version | sed -n 's/^.*) \([0-9][0-9]*\).*$/\1/p')
      if [ -n "$version" ] && [ "$version" -ge 15 ]; then
        printf '%s\n' "$dir"
        return 0
      fi
    fi
  done
  return 1
}

# install_packages PACKAGE...: through apt as root or with sudo; otherwise the exact command, exit 1.
install_packages() {
  local as_root=()
  if ! command -v apt-get >/dev/null 2>&1; then
    say "missing: $*. This machine has no apt; install them with its own package manager and start again."
    exit 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      say "missing: $*. Type this, then start again:"
      say "  su -c 'apt-get update && apt-get install -y $*'"
      exit 1
    fi
  fi
  say "installing $*"
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

# Cargo on the PATH and a linker for it; exits 1 with the remedy otherwise.
need_toolchain() {
  if ! command -v cargo >/dev/null 2>&1 && [ -r "$HOME/.cargo/env" ]; then
    # shellcheck disable=SC1091
    . "$HOME/.cargo/env"
  fi
  if ! command -v cargo >/dev/null 2>&1; then
    say "cargo was not found: install Rust 1.95 or newer with rustup, then start again."
    exit 1
  fi
  if ! command -v cc >/dev/null 2>&1; then install_packages gcc libc6-dev; fi
}

need_postgres() {
  if postgres_bin >/dev/null; then return 0; fi
  if [ -n "${COUNTERSIGN_PG_BIN:-}" ]; then
    say "COUNTERSIGN_PG_BIN=$COUNTERSIGN_PG_BIN holds no PostgreSQL >= 15 server binaries (postgres, initdb)."
    exit 1
  fi
  install_packages postgresql
  if ! postgres_bin >/dev/null; then
    say "apt's PostgreSQL is older than 15: set COUNTERSIGN_PG_BIN to newer binaries, or DATABASE_URL to a server of your own."
    exit 1
  fi
}

# The mail relay of the tests: aiosmtpd in a Python environment of its own, .judges/smtp, under the folder we are in.
need_aiosmtpd() {
  local home=.judges/smtp
  if "$home/bin/python" -c 'import aiosmtpd' >/dev/null 2>&1; then return 0; fi
  if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then install_packages python3 python3-venv; fi
  python3 -m venv --clear "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check 'aiosmtpd==1.4.6' >&2
}

# The judge of logs: Go's own checksum-database code, from Debian, under our small program; built as .judges/log-judge.
need_log_judge() {
  local judge=.judges/log-judge source=tests/judges/go/verify.go
  if [ -x "$judge" ] && [ ! "$source" -nt "$judge" ]; then return 0; fi
  if ! command -v go >/dev/null 2>&1 || [ ! -d /usr/share/gocode/src/golang.org/x/mod ]; then
    install_packages golang-go golang-golang-x-mod-dev
  fi
  mkdir -p .judges
  GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$PWD/.judges/go-cache" go build -o "$judge" "$source"
}

# The judges of streams: readers of OCSF, syslog, Standard Webhooks and Amazon's signatures in a Python environment of
# their own, .judges/siem, and rsyslog with TLS from Debian as a receiver.
need_siem_judges() {
  local home=.judges/siem
  if [ ! -x /usr/sbin/rsyslogd ] || ! ls /usr/lib/*/rsyslog/lmnsd_gtls.so >/dev/null 2>&1; then
    install_packages rsyslog rsyslog-gnutls
  fi
  if "$home/bin/python" -c 'import botocore, jsonschema, ocsf_json_schema, standardwebhooks, syslog_rfc5424_parser' >/dev/null 2>&1; then
    return 0
  fi
  if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then install_packages python3 python3-venv; fi
  python3 -m venv --clear "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check 'ocsf-json-schema==1.2.0' 'jsonschema==4.26.0' \
    'syslog-rfc5424-parser==0.3.2' 'standardwebhooks==1.1.0' 'botocore==1.44.8' >&2
}
