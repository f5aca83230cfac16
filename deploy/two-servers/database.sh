#!/usr/bin/env bash
# The two database servers: who follows whom, and the switch-over; as user postgres, on the server it is about
# (docs/more-machines.md). PGDATA, PGPORT, PGHOST (a socket's folder) and PGBIN where they are not Debian's.
set -euo pipefail

usage() {
  cat <<'HELP'
用法（以 postgres 用户，在该数据库服务器上运行）：
  database.sh status                  本机是主库还是从库，从库落后多少
  database.sh follow 主库地址 本机名    把本机建成主库的从库；本机原有的数据库须先移走
  database.sh sync 从库名              主库上：评议票须写入该从库的磁盘后方才确认
  database.sh alone                   主库上：没有从库时继续收票，评议票只写入本机磁盘
  database.sh promote --old-is-off    从库上：接替主库；必须先让原主库停止，并且不会自己再启动
HELP
}

ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres -c "$1"; }
stop() { printf '×%s\n' "$*" >&2; exit 1; }
is_standby() {
  local found
  found=$(ask 'SELECT pg_is_in_recovery()') || stop "连不上本机的 PostgreSQL。请先启动它。"
  [ "$found" = t ]
}
program() { if [ -n "${PGBIN:-}" ]; then printf '%s/%s' "$PGBIN" "$1"; else printf '%s' "$1"; fi; }

set_names() {
  ask "ALTER SYSTEM SET synchronous_standby_names = '$1'"
  ask 'SELECT pg_reload_conf()' >/dev/null
}

status() {
  if is_standby; then
    printf '从库，收到%s，已执行到%s，最近一笔提交于%s\n' \
      "$(ask "SELECT coalesce(pg_last_wal_receive_lsn()::text, '（没有）')")" "$(ask 'SELECT pg_last_wal_replay_lsn()')" \
      "$(ask "SELECT coalesce(date_trunc('second', pg_last_xact_replay_timestamp())::text, '（没有）')")"
    return
  fi
  printf '主库；须等从库写入磁盘：%s\n' "$(ask "SELECT coalesce(nullif(current_setting('synchronous_standby_names'), ''), '（不等，只写本机）')")"
  ask "SELECT '从库' || application_name || '：' || state || '，' || sync_state || '，尚缺' ||
    pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) || '字节' FROM pg_stat_replication ORDER BY 1"
}

follow() {
  local primary=$1 name=$2
  : "${PGDATA:?请写明数据库目录 PGDATA}"
  [ -z "$(ls -A "$PGDATA" 2>/dev/null)" ] || stop "$PGDATA 不是空的。请先停止本机的 PostgreSQL，把它移到别处。"
  # The password comes from ~/.pgpass (mode 600); it is not written down here.
  "$(program pg_basebackup)" -D "$PGDATA" -c fast -X stream -R --no-password \
    -d "host=$primary port=${PRIMARY_PORT:-5432} user=replicator application_name=$name connect_timeout=2 tcp_user_timeout=5000"
  # Never taken over from the primary: this server waits for nobody once it is promoted.
  printf "synchronous_standby_names = ''\n" >>"$PGDATA/postgresql.auto.conf"
  echo "已复制。请启动本机的 PostgreSQL，用 status 查看，再在主库上运行 database.sh sync $name。"
}

sync() {
  local name=$1
  if is_standby; then stop "本机是从库。请在主库上运行。"; fi
  [ -n "$(ask "SELECT 1 FROM pg_stat_replication WHERE application_name = '$name' AND state = 'streaming'")" ] ||
    stop "从库${name}没有连上，现在设置会使投票停住。请先启动从库。"
  set_names "FIRST 1 (\"$name\")"
  for _ in $(seq 50); do
    if [ "$(ask "SELECT sync_state FROM pg_stat_replication WHERE application_name = '$name'")" = sync ]; then
      echo "从现在起，评议票写入${name}的磁盘后方才确认。"
      return
    fi
    sleep 0.1
  done
  set_names ""
  stop "${name}没有成为同步从库，已改回只写本机。"
}

alone() {
  if is_standby; then stop "本机是从库。请在主库上运行。"; fi
  set_names ""
  echo "现在评议票只写入本机磁盘就确认。请尽快恢复从库，再运行 sync。"
}

promote() {
  if ! is_standby; then stop "本机已经是主库。"; fi
  [ "${1:-}" = --old-is-off ] ||
    stop "原主库必须先停止，断网或者断电也可以，并且不会自己再启动；确认后加 --old-is-off 再运行。两个主库同时收票会丢票。"
  set_names ""
  [ "$(ask 'SELECT pg_promote(true, 60)')" = t ] || stop "没有在60秒内接替，请看 PostgreSQL 的日志。"
  echo "本机已接替为主库，评议票暂时只写入本机磁盘。原主库修好后：移走它的数据，运行 database.sh follow，再在本机运行 sync。"
}

case ${1:-} in
  status) status ;;
  follow) [ $# -eq 3 ] || { usage; exit 2; }; follow "$2" "$3" ;;
  sync) [ $# -eq 2 ] || { usage; exit 2; }; sync "$2" ;;
  alone) alone ;;
  promote) promote "${2:-}" ;;
  -h | --help) usage ;;
  *) usage; exit 2 ;;
esac
