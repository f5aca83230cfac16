# A bare Debian root that reaches its packages as this machine does; sourced by .ci/install_on_debian and .ci/try_install.
# shellcheck shell=bash

mirror() {
  echo "${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
    2>/dev/null | sort -u | head -1)}"
}

# make_root SUITE FOLDER
make_root() {
  local from
  from=$(mirror)
  debootstrap --variant=minbase "$1" "$2" ${from:+"$from"} >"$2.log" 2>&1 || { tail -5 "$2.log"; return 1; }
  copy_settings "$2"
}

# What a machine must be told to reach its packages: apt's, pip's and the proxies' settings, and the certificates.
copy_settings() {
  local root=$1 certificates=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/90host" || true
  # Under a name of its own: installing packages writes the root's usual file anew.
  if [ -f "$certificates" ]; then install -D -m 644 "$certificates" "$root/etc/ssl/host.crt"; fi
  if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/pip.conf"; fi
  if [ -d /etc/xdg/pip ]; then mkdir -p "$root/etc/xdg" && cp -r /etc/xdg/pip "$root/etc/xdg/"; fi
  if [ -f ~/.config/pip/pip.conf ]; then install -D -m 644 ~/.config/pip/pip.conf "$root/etc/xdg/pip/pip.conf"; fi
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# Folders of this machine in which pip's settings find packages: they are shown to the root under the same name.
package_folders() {
  { python3 -m pip config list 2>/dev/null || true; compgen -e | grep '^PIP_' | while read -r name; do echo "$name='${!name}'"; done; } |
    grep -oE "(file://)?/[^ ']+" | sed -E 's|^file://||; s|/simple/*$||' | while read -r path; do if [ -d "$path" ]; then echo "$path"; fi; done | sort -u
}

# inside ROOT USER COMMAND...: run a command in the root as a user, with mounts that end with it. KEPT names variables to hand on.
inside() {
  local root=$1 user=$2
  shift 2
  local settings=() name
  if [ -f "$root/etc/ssl/host.crt" ]; then settings+=(PIP_CERT=/etc/ssl/host.crt); fi
  for name in $(compgen -e | grep -E "^(PIP_.*|${KEPT:-none}|(https?|no)_proxy|(HTTPS?|NO)_PROXY)$"); do
    [ "$name" = PIP_CERT ] || settings+=("$name=${!name}")
  done
  # shellcheck disable=SC2016
  FOLDERS=$(package_folders) unshare --mount --pid --fork sh -c '
    mount -t proc proc "$0/proc" && mkdir -p "$0/dev/shm" && mount -t tmpfs tmpfs "$0/dev/shm" || exit
    for folder in $FOLDERS; do mkdir -p "$0$folder" && mount --bind -o ro "$folder" "$0$folder" || exit; done
    unset FOLDERS
    exec "$@"' \
    "$root" env -i "PATH=/usr/sbin:/usr/bin:/sbin:/bin" "HOME=/home/$user" "${settings[@]}" \
    chroot "--userspec=$user:$user" "$root" "$@"
}

step() { printf '== %s (%ss)\n' "$1" "$SECONDS"; }
