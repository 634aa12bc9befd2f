# Installs what is missing of scripts/packages. To be sourced after common.sh.
# shellcheck shell=bash
: "${root:?source common.sh first}"

# packages_of SECTION...: the names, one a line.
packages_of() {
  local section
  for section in "$@"; do
    awk -v want="[$section]" '/^\[/ {here = ($1 == want)} here && /^[a-z0-9]/ {print $1}' "$root/scripts/packages"
  done
}

# provided: what the installed packages are and what they provide, one a line. Other builds of Node.js than Debian's
# bring npm with them, for instance, and would not bear Debian's beside them.
provided() {
  dpkg-query -W -f='${db:Status-Status} ${Package} ${Provides}\n' |
    sed -n 's/^installed //p' | sed -E 's/\([^)]*\)//g; s/[ ,]+/\n/g'
}

# missing_of SECTION...: those that are not installed, and that nothing installed provides.
missing_of() {
  packages_of "$@" | grep -vxF -f <(provided | grep .) || true
}

# as_root COMMAND...: without ever asking for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# Whether install_missing has installed something: what CMake looked for in vain may be there now.
installed_something=no

# install_missing SECTION...: does nothing, and needs no rights, when all is there. Some packages bring servers;
# these are neither started nor left to start with the machine.
install_missing() {
  command -v dpkg-query >/dev/null ||
    die "this is no Debian: install by hand what scripts/packages lists under $*, then build with cmake"
  local missing
  mapfile -t missing < <(missing_of "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    die "packages are missing, and this is neither root nor a sudo without a password. Install them with:
  sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  # A list that could not be refreshed may still do; what really lacks is said by the installation.
  as_root apt-get -q update >"$log" 2>&1 || say "apt-get update failed; trying with the lists that are here"
  forbid_servers
  local failed=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null || failed=1
  allow_servers
  if [ $failed = 1 ]; then
    tail -n 40 "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
  # shellcheck disable=SC2034 # for build.sh
  installed_something=yes
  disable_services "${missing[@]}"
}

# While a package is being installed, policy-rc.d decides whether its server is started (Debian Policy 9.3.3).
policy=/usr/sbin/policy-rc.d
policy_is_ours=no

forbid_servers() {
  [ ! -e $policy ] || return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
  policy_is_ours=yes
  trap allow_servers EXIT
}

allow_servers() {
  [ $policy_is_ours = yes ] || return 0
  as_root rm -f $policy
  policy_is_ours=no
  trap - EXIT
}

disable_services() {
  [ -d /run/systemd/system ] || return 0
  local name unit
  for name in "$@"; do
    dpkg -L "$name" | sed -n 's|^.*/systemd/system/\([^/]*\.service\)$|\1|p' | while read -r unit; do
      as_root systemctl -q disable "$unit" 2>/dev/null || say "could not disable $unit of package $name"
    done
  done
}
