#!/usr/bin/env bash
# Install nanchuan_eval on a bare Debian 12 or 13: from nothing to the letters with which the first accounts log in.
# Each step says what it does, can be repeated, and ends with a sentence when something is missing; docs/installation.md.
set -euo pipefail
umask 022

usage() {
  cat <<'HELP'
用法（以 root 在 /srv/nanchuan 中运行）：
  deploy/install.sh [选项] 网站主机名            例如 deploy/install.sh pingyi.example.gov.cn
  deploy/install.sh --only 步骤[,步骤…] [选项] [网站主机名]
  deploy/install.sh --compare                   只看 /etc 中的文件是否属于现在的版本，不改动

选项：
  --accounts 文件   首批账号的名单（.xlsx 或 .csv）；不写的，在终端逐项询问
  --profile 文件    本地的机构信息（profile.toml，见 docs/another-district.md）；不写的，以后在“机构信息”页填写
  --proxy 程序      nginx（默认）、caddy，或 none（反向代理在另一台机器，自行设置）；以后运行不必再写
  --database 文件   数据库在另一台机器；文件中写一行 postgres://用户:口令@主机:5432/库名（“-”为标准输入）

步骤，依次为：
HELP
  for step in "${STEPS[@]}"; do printf '  %-10s %s\n' "$step" "${SAYS[$step]}"; done
  cat <<'HELP'

可以重复运行：已经做好的不再做，已有的密钥、账号、证书和数据不会改动。
HELP
}

STEPS=(packages account python static settings postgresql database units accounts audit certificate proxy start backup)
declare -A SAYS=(
  [packages]="安装系统软件：Python、PostgreSQL、Redis、反向代理"
  [account]="建立系统用户 nanchuan 和数据文件夹"
  [python]="安装程序所需的 Python 软件包（核对校验值）"
  [static]="收集静态文件"
  [settings]="生成配置文件 .env 和本机密钥"
  [postgresql]="设置 PostgreSQL 并启动"
  [database]="建立数据库和数据库角色"
  [units]="安装 systemd 服务和定时任务，启动 Redis"
  [accounts]="检查配置，建立各表、首批账号和登录通知书"
  [audit]="操作日志归专门的数据库角色，只能增加，不能修改"
  [certificate]="网站证书"
  [proxy]="设置反向代理"
  [start]="启动网站和定时任务"
  [backup]="做第一次备份，并试着恢复到临时数据库"
)

readonly HOME_FOLDER=/srv/nanchuan STATE=/var/lib/nanchuan ETC=/etc
readonly CERTIFICATES=$ETC/nanchuan ANSWERS=$ETC/nanchuan/install UNITS=$ETC/systemd/system
readonly LETTERS=${LETTERS:-$STATE/letters}
proxy="" accounts_file="" profile_file="" database_url="" only="" site=""

say() { printf '  %s\n' "$*"; }
warn() { printf '  ！%s\n' "$*"; }
stop() { printf '×%s\n' "$*" >&2; exit 1; }

# What a command prints matters only when it fails.
quietly() {
  local printed status=0
  printed=$("$@" 2>&1) || status=$?
  [ "$status" -eq 0 ] || printf '%s\n' "$printed" | tail -20 >&2
  return "$status"
}

# What an earlier run was told or has done once and need not do again: lines NAME=VALUE.
remembered() { sed -n "s/^$1=//p" "$ANSWERS" 2>/dev/null || true; }
remember() {
  if [ "$(remembered "$1")" = "$2" ]; then return; fi
  install -d -m 755 "$CERTIFICATES"
  { echo "$1=$2"; sed "/^$1=/d" "$ANSWERS" 2>/dev/null || true; } >"$ANSWERS.new"
  mv "$ANSWERS.new" "$ANSWERS"
}

# Write standard input to a file of /etc; what somebody has changed there is kept beside it.
put() {
  cat >"$1.new"
  if [ -e "$1" ] && ! cmp -s "$1" "$1.new"; then
    cp -p "$1" "$1.before"
    warn "$1 与现在的版本不同，已换新；原来的留作 $1.before"
  fi
  mv "$1.new" "$1"
}

has_systemd() { [ -d /run/systemd/system ]; }
is_elsewhere() { [ -n "$database_url" ] || { [ -s .env ] && ! is_local_database; }; }
is_local_database() { [[ $(setting DATABASE_URL) =~ ^postgres(ql)?://(:[0-9]+)?/ ]]; }
setting() { sed -n "s/^$1=//p" .env | tail -1; }
# A command of the application, as its own user: it can read .env and write into /var/lib/nanchuan, and nothing else.
manage() { (umask 077; runuser -u nanchuan -- env HOME="$STATE" .venv/bin/python manage.py "$@"); }
as_postgres() { (cd / && runuser -u postgres -- "$@"); }
# Version, name, port and state of the cluster: Debian makes one, and another with each of its releases.
cluster() { pg_lsclusters --no-header | awk '{print $1, $2, $3, $4}' | tail -1; }

packages() {
  local wanted=(ca-certificates curl git openssl python3-venv redis-server tzdata) missing=() package
  if is_elsewhere; then wanted+=(postgresql-client); else wanted+=(postgresql); fi
  if [ "$proxy" != none ]; then wanted+=("$proxy"); fi
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then
    say "已安装：${wanted[*]}"
  else
    say "${missing[*]}"
    quietly apt-get update -qq || stop "读不到软件源，原因见上。请检查网络和 /etc/apt 中的软件源。"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
      stop "软件没有装好，原因见上。请处理后重新运行。"
  fi
  # Debian's own Redis listens on a TCP port; the application has one of its own, on a socket.
  if has_systemd; then systemctl disable --now --quiet redis-server; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "Python 低于3.11。请用 Debian 12 或 13。"
}

account() {
  if ! id nanchuan >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$STATE" --shell /usr/sbin/nologin nanchuan
  fi
  install -d -m 750 -o nanchuan -g nanchuan "$STATE"
  install -d -m 700 -o nanchuan -g nanchuan "$STATE"/{evidence,backups,archive,anchors}
  say "用户 nanchuan，数据在 $STATE"
}

python() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.txt ||
    stop "Python 软件包没有装好，原因见上。请检查网络；用内部软件源的，先设置 /etc/pip.conf。"
  .venv/bin/python -m compileall -q nanchuan_eval departments evaluations accountability
  say "$(.venv/bin/python -m pip list --disable-pip-version-check --format freeze | wc -l)个软件包，版本以 requirements.txt 为准"
}

static() {
  # Needs no settings of this machine: the same files everywhere.
  env DEBUG=false SECRET_KEY=unused-while-files-are-collected ALLOWED_HOSTS=unused \
    FIELD_KEY=dW51c2VkLXdoaWxlLWZpbGVzLWFyZS1jb2xsZWN0ZWQ= .venv/bin/python manage.py collectstatic --noinput -v0
  say "$(find staticfiles -type f | wc -l)个文件"
}

settings() {
  local file database
  file=$(readlink -f .env)
  if [ -s "$file" ]; then
    say "保留已有的 $file"
    if [ -n "$database_url" ] && [ "$(setting DATABASE_URL)" != "$database_url" ]; then
      stop "$file 中的 DATABASE_URL 不是 --database 所写的地址。请改正其中一处。"
    fi
  else
    database=${database_url:-$(local_address)}
    install -m 640 -g nanchuan /dev/null "$file.new"
    SITE=$site DATABASE=$database PROXY=$proxy .venv/bin/python -c '
import os, secrets, sys
from cryptography.fernet import Fernet
values = {"SECRET_KEY": secrets.token_urlsafe(50), "FIELD_KEY": Fernet.generate_key().decode(),
          "ALLOWED_HOSTS": os.environ["SITE"], "DATABASE_URL": os.environ["DATABASE"]}
for line in sys.stdin:
    name = line.partition("=")[0]
    elsewhere = name == "CERTIFICATE" and os.environ["PROXY"] == "none"
    print("# " * elsewhere + (f"{name}={values[name]}" if name in values else line.rstrip("\n")))
' <deploy/env.example >"$file.new"
    mv "$file.new" "$file"
    say "已生成 $file"
    warn "其中 FIELD_KEY 解开加密的内容和备份：请另存一份，不与备份放在一起。"
  fi
  if [ -z "$(setting SECRET_KEY)" ] || [ -z "$(setting FIELD_KEY)" ]; then stop "$file 中没有 SECRET_KEY 或 FIELD_KEY。请填写，或者删去这个文件后重新运行。"; fi
}

local_address() {
  local port
  read -r _ _ port _ <<<"$(cluster)" || true
  [ -n "${port:-}" ] || stop "本机没有 PostgreSQL。请先运行 packages 这一步，或者用 --database 写明数据库的地址。"
  if [ "$port" = 5432 ]; then echo postgres:///nanchuan; else echo "postgres://:$port/nanchuan"; fi
}

# PostgreSQL 18 makes clusters with checksums. A new cluster of an older version gets them here, in seconds; of one with
# data doctor says how (docs/installation.md, section 3).
checksums() {
  local -x PGPORT=$3
  if [ "$(as_postgres psql -XtAc "SHOW data_checksums")" = on ]; then return; fi
  if as_postgres psql -XtAc "SELECT datname FROM pg_database" | grep -qvx "postgres\|template[01]"; then return; fi
  pg_ctlcluster "$1" "$2" stop -m fast
  as_postgres "/usr/lib/postgresql/$1/bin/pg_checksums" --enable -D "$(pg_conftool -s "$1" "$2" show data_directory)" >/dev/null
  pg_ctlcluster "$1" "$2" start
}

postgresql() {
  if ! is_local_database; then
    say "数据库在另一台机器。请在那里按 deploy/postgresql.conf 设置。"
    return
  fi
  local version name port state conf
  read -r version name port state <<<"$(cluster)"
  conf=$ETC/postgresql/$version/$name/conf.d/nanchuan.conf
  if ! cmp -s deploy/postgresql.conf "$conf"; then
    install -d "${conf%/*}"
    put "$conf" <deploy/postgresql.conf
    if [[ $state == online* ]]; then pg_ctlcluster "$version" "$name" restart -m fast; fi
  fi
  read -r version name port state <<<"$(cluster)"
  if [[ $state != online* ]]; then
    pg_ctlcluster "$version" "$name" start || stop "PostgreSQL 没有启动。请看 /var/log/postgresql 中的日志。"
  fi
  checksums "$version" "$name" "$port"
  say "PostgreSQL $version，端口 $port，设置见 $conf"
}

database() {
  if ! is_local_database; then
    say "数据库在另一台机器，使用 .env 中的 DATABASE_URL。"
    return
  fi
  local _ port
  read -r _ _ port _ <<<"$(cluster)"
  export PGPORT=$port
  as_postgres psql -XtAc "SELECT 1" >/dev/null || stop "PostgreSQL 没有应答。请先运行 postgresql 这一步。"
  if ! as_postgres psql -XtAc "SELECT 1 FROM pg_roles WHERE rolname = 'nanchuan'" | grep -q 1; then
    as_postgres createuser --createdb nanchuan
  fi
  if ! as_postgres psql -XtAc "SELECT 1 FROM pg_database WHERE datname = 'nanchuan'" | grep -q 1; then
    as_postgres createdb --owner nanchuan --encoding UTF8 --template template0 nanchuan
  fi
  say "数据库 nanchuan，角色 nanchuan"
}

# Files that systemd gets, as SOURCE TARGET.
unit_files() {
  local file
  for file in deploy/systemd/*.service deploy/systemd/*.timer deploy/systemd/nanchuan.target; do echo "$file $UNITS/${file##*/}"; done
  for file in nanchuan.service.d nanchuan-.service.d; do echo "deploy/systemd/hardening.conf $UNITS/$file/hardening.conf"; done
}

units() {
  local source target
  while read -r source target; do install -D -m 644 "$source" "$target"; done < <(unit_files)
  if ! has_systemd; then
    warn "本机没有运行 systemd。服务和定时任务可由 deploy/run_units.py 运行。"
    return
  fi
  systemctl daemon-reload
  systemctl enable --now --quiet nanchuan-redis.service
  say "$(cd deploy/systemd && echo *.service *.timer)"
}

# The letters of first accounts lie in a folder of the application's user, and only there.
accounts() {
  if manage shell -v0 -c 'import sys; from nanchuan_eval.users.models import User; sys.exit(not User.objects.exists())' 2>/dev/null; then
    manage setup --check
    say "首批账号已经建立，不再重建。"
    return
  fi
  local given=() copied="$STATE/first-accounts.${accounts_file##*.}"
  if [ -n "$accounts_file" ]; then
    [ -r "$accounts_file" ] || stop "读不到名单“$accounts_file”。"
    given=(--accounts "$copied")
    install -m 600 -o nanchuan "$accounts_file" "$copied"
  elif [ ! -t 0 ]; then
    manage setup --template "$STATE/accounts.xlsx"
    stop "请填写首批账号的名单 $STATE/accounts.xlsx，再运行：deploy/install.sh --accounts $STATE/accounts.xlsx $site"
  fi
  if [ -n "$profile_file" ]; then
    # Not copied: a logo and a roster may lie beside it.
    runuser -u nanchuan -- test -r "$profile_file" || stop "账号 nanchuan 读不到“$profile_file”，请连同徽标放到 $STATE/ 之下再运行。"
    given+=(--profile "$profile_file")
  fi
  install -d -m 700 -o nanchuan -g nanchuan "$LETTERS"
  manage setup --site "https://$site" --out "$LETTERS" "${given[@]}" || {
    rm -f "$copied"
    rmdir "$LETTERS" 2>/dev/null || true
    stop "首批账号没有建立，原因见上。请改正后重新运行。"
  }
  rm -f "$copied"
}

audit() {
  if ! is_local_database; then
    warn "数据库在另一台机器：请在本机运行 manage.py separate_audit_role --print-sql nanchuan，把输出的语句交给那台机器的数据库超级用户运行（docs/more-machines.md 第3节第5步）。"
    return
  fi
  # As the superuser, over its socket; .env is not readable for it.
  (umask 077; runuser -u postgres -- env DATABASE_URL="$(setting DATABASE_URL)" .venv/bin/python manage.py separate_audit_role nanchuan)
}

certificate() {
  local certificate=$CERTIFICATES/site.crt key=$CERTIFICATES/site.key
  if [ "$proxy" = none ]; then
    say "反向代理自行设置，证书也在那里。"
    [ "$(setting CERTIFICATE)" != "$certificate" ] || [ -e "$certificate" ] ||
      warn "请在 .env 中把 CERTIFICATE 改为浏览器所见的“主机:端口”（$site:443），或者删去这一行。"
    return
  fi
  install -d -m 755 "$CERTIFICATES"
  if [ ! -s "$certificate" ]; then
    [ ! -s "$key" ] || stop "有私钥 $key，没有证书 $certificate。"
    (umask 077; openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj "/CN=$site" -addext "subjectAltName=DNS:$site" \
      -keyout "$key" -out "$certificate" 2>/dev/null)
  fi
  [ -s "$key" ] || stop "有证书 $certificate，没有私钥 $key。"
  [ "$(openssl x509 -in "$certificate" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout)" ] || stop "证书与私钥不是一对。"
  chmod 644 "$certificate"
  chmod 640 "$key"
  # nginx reads it as root before it serves; Caddy is never root.
  if [ "$proxy" = caddy ]; then chgrp caddy "$key"; fi
  if openssl verify -CAfile "$certificate" "$certificate" >/dev/null 2>&1; then
    warn "现用自签证书，只供试装，浏览器会警告。请换上正式证书（$certificate，含中间证书，和 $key），再运行：deploy/install.sh --only certificate,proxy"
  fi
  openssl x509 -in "$certificate" -noout -checkhost "$site" | grep -q "does match" || warn "证书上没有 $site 这个名字。"
  say "有效期至 $(date -d "$(openssl x509 -in "$certificate" -noout -enddate | cut -d= -f2)" +%F)"
}

# The proxy's file with the site's name.
site_file() { sed "s/pingyi\.example\.gov\.cn/$site/g" "deploy/$1"; }

proxy() {
  if [ "$proxy" = none ]; then
    say "反向代理在另一台机器：那里用 deploy/nginx.conf 或 deploy/Caddyfile；这里 .env 的 TRUSTED_PROXIES 写它的地址，"
    say "再用 systemctl edit nanchuan.service 写两行：[Service] 和 Environment=GUNICORN_CMD_ARGS=--bind=本机内网地址:8000"
    return
  fi
  # For lines of this installation's own; in a container the folder can be read only.
  mkdir -p "$CERTIFICATES/$proxy" 2>/dev/null || true
  if [ "$proxy" = nginx ]; then
    site_file nginx.conf | put "$ETC/nginx/sites-available/nanchuan"
    ln -sfn ../sites-available/nanchuan "$ETC/nginx/sites-enabled/nanchuan"
    # Debian's page for whoever asks for no site; it would be a second default server.
    rm -f "$ETC/nginx/sites-enabled/default"
    nginx -t -q || stop "nginx 的配置不能用，原因见上。"
  else
    site_file Caddyfile | put "$ETC/caddy/Caddyfile"
    install -d -o caddy -g caddy /var/log/caddy
    quietly runuser -u caddy -- caddy validate --adapter caddyfile --config "$ETC/caddy/Caddyfile" || stop "Caddy 的配置不能用，原因见上。"
  fi
  if has_systemd; then
    systemctl enable --quiet "$proxy"
    # Caddy reloads through its admin address, which is off.
    if [ "$proxy" = caddy ]; then systemctl restart caddy; else systemctl reload-or-restart nginx; fi
  fi
  say "$proxy，https://$site"
}

start() {
  if ! has_systemd; then
    warn "本机没有运行 systemd，没有启动。"
    return
  fi
  local unit known first=""
  known=$(remembered units)
  [ -n "$known" ] || first=yes
  # Once: what is switched off by hand later (on the second of two servers) stays off.
  for unit in nanchuan.target nanchuan.service nanchuan-redis.service nanchuan-messages.service $(cd deploy/systemd && echo *.timer); do
    if [[ " $known " != *" $unit "* ]]; then
      systemctl enable --quiet "$unit"
      remember units "${known:+$known }$unit"
      known=$(remembered units)
    fi
  done
  systemctl restart nanchuan.service || stop "网站没有启动。请看：journalctl -u nanchuan -n 50"
  systemctl start nanchuan.target
  # So that the first look of doctor is not at jobs that have never run.
  for unit in nanchuan-clock nanchuan-daily; do
    [ -z "$first" ] || systemctl start "$unit.service" || warn "$unit 没有成功。请看：journalctl -u $unit -n 50"
  done
  if [ "$proxy" != none ]; then
    curl --silent --show-error --fail --insecure --retry 10 --retry-delay 1 --retry-all-errors --noproxy '*' \
      --resolve "$site:443:127.0.0.1" --output /dev/null "https://$site/readyz" || stop "网站没有应答。请看：journalctl -u nanchuan -u $proxy -n 50"
    say "https://$site 有应答"
  fi
}

backup() {
  manage backup
  manage test_restore
}

# What in /etc is of another version than this folder, and the command that changes it. Changes nothing itself.
compare() {
  local steps=() source target found conf
  for conf in "$ETC"/postgresql/*/*/conf.d/nanchuan.conf; do
    if [ -e "$conf" ] && ! cmp -s deploy/postgresql.conf "$conf"; then steps+=(postgresql); say "不同：$conf"; fi
  done
  if [ -e "$UNITS/nanchuan.target" ]; then
    found=$(unit_files | while read -r source target; do cmp -s "$source" "$target" || echo "  不同：$target"; done)
    if [ -n "$found" ]; then steps+=(units); printf '%s\n' "$found"; fi
    for target in "$UNITS"/nanchuan*.service "$UNITS"/nanchuan*.timer; do
      [ -e "deploy/systemd/${target##*/}" ] || [ ! -e "$target" ] || warn "$target 不是这个版本的。不是自行添加的，请停用并删除：systemctl disable --now ${target##*/}"
    done
  fi
  for conf in nginx/sites-available/nanchuan,nginx.conf caddy/Caddyfile,Caddyfile; do
    target=$ETC/${conf%,*}
    if grep -qs /srv/nanchuan/ "$target" && ! cmp -s <(site_file "${conf#*,}") "$target"; then steps+=(proxy); say "不同：$target"; fi
  done
  if [ "${#steps[@]}" -eq 0 ]; then return; fi
  steps+=(start)
  echo "/etc 中的以上文件与现在的版本不同。请运行（网站中断几秒钟）：deploy/install.sh --only $(IFS=,; echo "${steps[*]}")"
}

# What the machine itself needs and no step may decide.
look_around() {
  if [ -n "$(swapon --noheadings --show 2>/dev/null)" ]; then
    warn "交换区开着，内存中的评议内容可能写到硬盘上。请关闭：swapoff -a，并在 /etc/fstab 中去掉。"
  fi
  if has_systemd && [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" != yes ]; then
    warn "时钟没有与时间服务器同步，开启评议和封箱以时钟为准。请安装并启用 systemd-timesyncd 或 chrony。"
  fi
  mountpoint -q "$STATE/anchors" || warn "日志锚点写在本机。请把另一台机器的文件夹挂载到 $STATE/anchors。"
  warn "备份在本机 $(setting BACKUP_ROOT)。请每天复制到另一台机器。"
}

finish() {
  echo "== 检查（manage.py doctor）"
  manage doctor || true # what it finds is for the administrator, and no fault of the installation
  look_around
  echo
  echo "安装完成。"
  if [ -d "$LETTERS" ]; then
    say "登录通知书在 $LETTERS：打印，分别密封交给本人，然后删除：rm -r $LETTERS"
  fi
  say "各人打开链接，设置口令，登录 https://$site/login/ 并绑定动态口令；之后按 docs/installation.md 依次办理。"
}

# The database's address, password included, comes from a file: everybody on this machine reads a command line.
read_address() {
  case $1 in
    postgres*://*) stop "--database 后面请写文件名，把地址写在文件中（chmod 600）：写在命令行上的口令，本机其他用户用 ps 看得到。" ;;
    -) read -r database_url || true ;;
    *) [ -r "$1" ] || stop "读不到“$1”。"; read -r database_url <"$1" || true ;;
  esac
  [[ $database_url =~ ^postgres(ql)?://[^/]*[^/:@]+/.+ ]] || stop "--database 的文件中不是数据库地址，如 postgres://用户:口令@主机:5432/库名。"
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit ;;
    --compare) only=compare ;;
    --only) only=${2:?}; shift ;;
    --accounts) accounts_file=$(readlink -f "${2:?}"); shift ;;
    --profile) profile_file=$(readlink -f "${2:?}"); shift ;;
    --proxy) proxy=${2:?}; shift ;;
    --database) read_address "${2:?}"; shift ;;
    -*) usage >&2; stop "没有这个选项：$1" ;;
    *) site=$1 ;;
  esac
  shift
done

known_site() { sed -n 's/^ALLOWED_HOSTS=//p' "$(dirname "$0")/../.env" 2>/dev/null | tail -1 | cut -d, -f1 || true; }
if [ "$only" = compare ]; then
  site=$(known_site)
  cd "$(dirname "$0")/.."
  compare
  exit
fi
chosen=("${STEPS[@]}")
if [ -n "$only" ]; then IFS=, read -ra chosen <<<"$only"; fi
for step in "${chosen[@]}"; do [ -n "${SAYS[$step]:-}" ] || stop "没有这个步骤：$step（运行 --help 看有哪些）。"; done
[[ $proxy =~ ^(nginx|caddy|none|)$ ]] || stop "--proxy 只能是 nginx、caddy 或 none。"
if [ -n "$site" ]; then
  [[ $site =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$ ]] || stop "“$site”不是主机名。请写成 pingyi.example.gov.cn 这样，不带 https://。"
elif [[ " ${chosen[*]} " =~ \ (settings|accounts|certificate|proxy|start)\  ]]; then
  # Known once it has been written down.
  site=$(known_site)
  [ -n "$site" ] || stop "请写明网站的主机名，如 deploy/install.sh pingyi.example.gov.cn（运行 --help 看用法）。"
fi
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || stop "请以 root 运行。"
[ "$(pwd -P)" = "$HOME_FOLDER" ] || stop "请把程序放在 $HOME_FOLDER（systemd 的服务从那里启动），现在是 $(pwd -P)。"
if [ -n "$proxy" ]; then remember proxy "$proxy"; fi
proxy=$(remembered proxy)
proxy=${proxy:-nginx}

for number in "${!chosen[@]}"; do
  step=${chosen[number]}
  printf '== %d/%d %s：%s\n' "$((number + 1))" "${#chosen[@]}" "$step" "${SAYS[$step]}"
  "$step"
done
if [ -z "$only" ]; then finish; fi
