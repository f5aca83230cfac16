"""What a server must be besides (服务器): owners of files, folders apart, memory off the disk, time, packages, key."""

from collections.abc import Iterator, Mapping, Sequence

from nanchuan_eval.installation.rules import Level, Line

SHOWN = 3


def owner_lines(foreign: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    """Yield the folders of data in which something belongs to another user than the folder; `foreign` = by setting."""
    for setting, paths in foreign.items():
        if paths:
            text = f"其中有{len(paths)}项不属于这个文件夹的用户（如“{paths[0]}”），网站可能读不到、删不掉，备份会中断。"
            yield Line(Level.FAULT, setting, f"{text}请以 root 运行 chown -R，交给运行网站的用户。")


def nested_lines(pairs: Sequence[tuple[str, str]]) -> Iterator[Line]:
    """Yield the folders of data that lie in another one; `pairs` = settings, the inner one first."""
    for inner, outer in pairs:
        text = f"在 {outer} 的文件夹之内，一份备份会包含另一份，清除时也会误删。请在 .env 中改为各自的文件夹。"
        yield Line(Level.FAULT, inner, text)


def swap_line(areas: Sequence[str]) -> Line | None:
    """Return that memory may be written to the disk, votes and keys with it; None if it is not."""
    if not areas:
        return None
    text = f"开启了交换区（{'、'.join(areas)}），内存中的评议内容和密钥可能写到磁盘。"
    return Line(Level.WARNING, "交换区", f"{text}请运行 swapoff -a，并在 /etc/fstab 中去掉；已加密的可以不理会。")


def ntp_line(is_synchronised: bool | None) -> Line | None:
    """Return whether the server's clock follows others; None if that cannot be told."""
    if is_synchronised is None:
        return None
    if is_synchronised:
        return Line(Level.GOOD, "对时", "服务器的时钟已与 NTP 同步。")
    text = "服务器的时钟没有与 NTP 同步，网站和数据库可能一同走偏，截止时间不准，动态口令不能通过。"
    return Line(Level.WARNING, "对时", f"{text}请运行 timedatectl set-ntp true，或者核对 chrony 的时间服务器。")


def package_line(differing: Sequence[str]) -> Line | None:
    """Return whether the installed packages are those of requirements.txt; `differing` = in words."""
    if not differing:
        return None
    named = "、".join(differing[:SHOWN]) + (f"等{len(differing)}个" if len(differing) > SHOWN else "")
    text = f"已安装的与 requirements.txt 不符：{named}。升级可能没有做完，或者有人另行安装过。"
    return Line(Level.FAULT, "软件包", f"{text}请运行 deploy/install.sh --only python,start。")


def key_file_line(path: str, mode: int | None) -> Line | None:
    """Return that everybody on the server can read the certificate's key; `mode` is None where there is no file."""
    if mode is None or not mode & 0o007:
        return None
    return Line(Level.FAULT, "证书", f"私钥“{path}”的权限是{mode:03o}，其他用户能读到。请运行 chmod 640，并更换证书。")
