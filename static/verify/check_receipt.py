"""凭封箱清单核对回执号: checks a receipt against a closing list, with Python's standard library alone.

    python3 check_receipt.py XXXX-XXXX-XXXX-XXXX-XXXX closing-list.txt ROOT
    python3 check_receipt.py XXXX-XXXX-XXXX-XXXX-XXXX proof.json ROOT

The receipt is the one that you kept, ROOT the 封箱总校验值 printed in the newspaper and on the 封箱记录. Prints OK
and the receipt, or FAIL and why.
"""

import hashlib
import json
import sys
from pathlib import Path


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962: split at the largest power of two smaller than the number of leaves."""
    if len(leaves) <= 1:
        return sha256(b"\x00" + leaves[0]) if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:]))


def as_listed(receipt: str) -> str:
    """Return a receipt as the closing list writes it, however it was typed."""
    return receipt.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))


def check_list(receipt: str, lines: list[bytes], root: str) -> str:
    if lines != sorted(set(lines)):
        return "清单没有按字节排序，或有重复的行"
    if root_of(lines).hex() != root:
        return "清单与封箱总校验值不符"
    found = any(line.split(b"\t")[0] == receipt.encode() for line in lines)
    return "" if found else "清单中没有这个回执号"


def check_proof(receipt: str, proof: dict[str, object], root: str) -> str:
    if proof["receipt"] != receipt:
        return f"收录证明是另一个回执号的（{proof['receipt']}）"
    digest = sha256(b"\x00" + f"{proof['receipt']}\t{proof['commitment']}".encode())
    for side, neighbour in proof["path"]:  # type: ignore[attr-defined]
        other = bytes.fromhex(neighbour)
        digest = sha256(b"\x01" + (other + digest if side == "left" else digest + other))
    return "" if digest.hex() == root else "收录证明与封箱总校验值不符"


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print(__doc__)
        return 2
    receipt, data, root = as_listed(arguments[0]), Path(arguments[1]).read_bytes(), arguments[2].strip().lower()
    if data.startswith(b"{"):
        fault = check_proof(receipt, json.loads(data), root)
    else:
        fault = check_list(receipt, data.splitlines(), root)
    print(f"FAIL {fault}" if fault else f"OK 回执号{receipt}的票已入箱")
    return 1 if fault else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
