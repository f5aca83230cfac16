"""The closing list: its root, audit paths, and the stand-alone checker of both."""

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.protocol.merkle import audit_path, closing_list, leaf, levels_of, merkle_root, root_of_path
from static.verify import check_receipt
from tests.paths import ROOT

CHECKER = ROOT / "static" / "verify" / "check_receipt.py"
entries = st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=40, unique=True).map(sorted)


def test_the_root_of_nothing_and_of_one_are_as_in_rfc_6962():
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()
    assert merkle_root([b"a"]) == hashlib.sha256(b"\x00a").hexdigest()


@given(entries)
def test_an_independent_implementation_finds_the_same_root(leaves):
    assert check_receipt.root_of(leaves).hex() == merkle_root(leaves)


@given(entries, st.data())
def test_an_audit_path_verifies_for_its_leaf_only(leaves, data):
    place = data.draw(st.integers(0, len(leaves) - 1))
    path = audit_path(levels_of(leaves), place)

    assert root_of_path(leaves[place], path) == merkle_root(leaves)
    assert root_of_path(leaves[place] + b"x", path) != merkle_root(leaves)


class TestTheStandAloneProgram:
    RECEIPT = "0123456789ABCDEFGHJK"
    LEAVES = sorted([leaf(RECEIPT, "aa" * 32), leaf("Z" * 20, "bb" * 32), leaf("9" * 20, "cc" * 32)])

    def run(self, *arguments):
        return subprocess.run([sys.executable, CHECKER, *arguments], capture_output=True, text=True, check=False)

    @pytest.fixture
    def listing(self, tmp_path):
        path = tmp_path / "closing-list.txt"
        path.write_bytes(closing_list(self.LEAVES))
        return path

    def test_finds_a_receipt_however_it_is_typed(self, listing):
        done = self.run("0123-4567-89ab-cdef-ghjk", listing, merkle_root(self.LEAVES))

        assert (done.returncode, done.stdout.split()[0]) == (0, "OK")

    def test_reports_an_unknown_receipt_and_a_changed_list(self, listing):
        assert "没有这个回执号" in self.run("7" * 20, listing, merkle_root(self.LEAVES)).stdout
        listing.write_bytes(listing.read_bytes().replace(b"aa", b"ab"))
        assert self.run(self.RECEIPT, listing, merkle_root(self.LEAVES)).returncode == 1

    def test_checks_a_proof_file(self, tmp_path):
        place = self.LEAVES.index(leaf(self.RECEIPT, "aa" * 32))
        proof = {"receipt": self.RECEIPT, "commitment": "aa" * 32, "path": audit_path(levels_of(self.LEAVES), place)}
        path = tmp_path / "proof.json"
        path.write_text(json.dumps(proof))

        root = merkle_root(self.LEAVES)
        assert self.run("0123-4567-89ab-cdef-ghjk", path, root).stdout == f"OK 回执号{self.RECEIPT}的票已入箱\n"
        assert self.run(self.RECEIPT, path, "0" * 64).returncode == 1
        refused = self.run("9" * 20, path, root)
        assert (refused.returncode, "另一个回执号" in refused.stdout) == (1, True)
        assert self.run(path, root).returncode == self.run().returncode == 2
