"""Checks a decision file (决策卷宗) without the platform: Python 3.9 or later and the package ``cryptography``, nothing else.

    python verify.py FILE.zip [--key <published public key, 64 hex digits> …]

Exit code 0: nothing was changed since the platform signed it. 1: something does not fit, each fault on a line of its own.
This very file stands in every decision file as ``verify.py``; take it from elsewhere when the file itself is in doubt.
"""

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "chengguo-dossier/1"
MANIFEST, SIGNATURE = "manifest.json", "signature.json"


def digest(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The one zip that some files make: sorted, stored, without dates; so that a change of any byte shows."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def leaf_hash(seal: bytes) -> bytes:
    """RFC 6962: the hash of a leaf of the tree."""
    return hashlib.sha256(b"\x00" + seal).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962: the hash of an inner node of the tree."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(seal: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); None if the proof has not the right length."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf_hash(seal)
    for step in path:
        if last == 0:
            return None
        if at % 2 or at == last:
            found = node_hash(step, found)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def signed_by(public: str, signature: str, message: bytes) -> bool:
    """Whether an Ed25519 signature (hex) of a message is of this public key (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signature_text(public: str, signature: bytes) -> bytes:
    """The one text of ``signature.json``: nothing in it can be changed unseen."""
    values = {"algorithm": "Ed25519", "key_id": public[:16], "public_key": public, "signature": signature.hex()}
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


class Dossier:
    """The files of one decision file, and what is wrong with them."""

    def __init__(self, content: bytes, keys: Iterable[str] = ()) -> None:
        self.content = content
        self.published = {key.strip().lower() for key in keys}
        self.files: dict[str, bytes] = {}
        self.told: list[str] = []
        self.manifest: dict[str, Any] = {}

    def faults(self) -> list[str]:
        """Everything that does not fit, in Chinese; empty when the file is as it was signed. ``told`` says what was checked."""
        try:
            return list(self._faults())
        except Exception as error:  # whatever was done to it, the answer is a fault and no traceback
            return [f"文件结构被破坏，无法核验（{type(error).__name__}：{error}）"]

    def _faults(self) -> Iterator[str]:
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        if zipped(self.files) != self.content:
            yield "压缩包的字节与签发时不同（目录、时间、注释或附加内容被改动）"
        raw = self.files[MANIFEST]
        self.manifest = json.loads(raw)
        if self.manifest["format"] != FORMAT:
            yield f"不认识的格式：{self.manifest['format']}"
        yield from self._signature(raw)
        yield from self._listed()
        yield from self._entries()
        yield from self._checkpoints()
        yield from self._decisions()
        yield from self._sources()

    def _signature(self, raw: bytes) -> Iterator[str]:
        signature = json.loads(self.files[SIGNATURE])
        public = signature["public_key"]
        if self.files[SIGNATURE] != signature_text(public, bytes.fromhex(signature["signature"])):
            yield "签名文件的字节与签发时不同"
        if signature["key_id"] != public[:16] or not signed_by(public, signature["signature"], raw):
            yield "清单的签名无效"
        if self.published and public not in self.published:
            yield f"签名所用的公钥 {public} 不在给出的公钥之中"
        if json.loads(self.files["keys.json"]).get(signature["key_id"]) != public:
            yield "签名所用的公钥与 keys.json 不符"
        known = "与给出的公钥一致" if self.published else f"请与平台公布的公钥核对：{public}"
        self.told.append(f"清单签名：密钥 {signature['key_id']}，{known}")

    def _listed(self) -> Iterator[str]:
        listed = self.manifest["files"]
        present = set(self.files) - {MANIFEST, SIGNATURE}
        for name in sorted(present - set(listed)):
            yield f"{name}：清单中没有这个文件"
        for name in sorted(set(listed) - present):
            yield f"{name}：文件缺失"
        for name in sorted(present & set(listed)):
            if listed[name] != digest(self.files[name]):
                yield f"{name}：内容被改动"
        self.told.append(f"文件：{len(listed)} 个，哈希逐一核对")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[name].decode().splitlines()]

    def _included(self, number: int, seal: bytes, path: Sequence[str]) -> bool:
        chain = self.manifest["chain"]
        first, size = chain["first"], chain["last"] - chain["first"] + 1
        root = root_from(seal, number - first, size, [bytes.fromhex(step) for step in path])
        return root is not None and root.hex() == chain["root"]

    def _entries(self) -> Iterator[str]:
        entries, erased = self._lines("audit/entries.jsonl"), 0
        for one in entries:
            seal = hashlib.sha256(bytes.fromhex(one["previous"]) + one["entry"].encode()).digest()
            if seal.hex() != one["hash"]:
                if self._witnessed("erased").get(json.loads(one["entry"])["id"]) != digest(one["entry"].encode()):
                    yield f"操作日志第 {one['number']} 条：内容与封存哈希不符"
                seal, erased = bytes.fromhex(one["hash"]), erased + 1
            if not self._included(one["number"], seal, one["path"]):
                yield f"操作日志第 {one['number']} 条：不在已签名的封存链上"
            if json.loads(one["entry"])["tenant_id"] != self.manifest["tenant_id"]:
                yield f"操作日志第 {one['number']} 条：属于另一单位"
        words = f"；其中 {erased} 条的内容已依命令清除，按清除时的见证记录核对" if erased else ""
        self.told.append(f"操作日志：{len(entries)} 条，逐条重算封存哈希并核对其在链上的位置{words}")

    def _witnessed(self, what: str) -> dict[str, str]:
        """What intact entries of the log say was erased by an order: id to the hash of what is left."""
        found: dict[str, str] = {}
        for one in self._lines("audit/entries.jsonl"):
            entry = json.loads(one["entry"])
            whole = hashlib.sha256(bytes.fromhex(one["previous"]) + one["entry"].encode()).hexdigest() == one["hash"]
            if whole and entry["action"] == "content.erase":
                found.update((entry["details"] or {}).get(what) or {})
        return found

    def _checkpoints(self) -> Iterator[str]:
        keys = json.loads(self.files["keys.json"])
        checkpoints = self._lines("audit/checkpoints.jsonl")
        for one in checkpoints:
            said = dict(line.split(" ", 1) for line in one["statement"].splitlines()[1:])
            public = keys.get(one["key_id"], "")
            if not signed_by(public, one["signature"], one["statement"].encode()):
                yield f"检查点 {one['number']}：签名无效"
            if self.published and public not in self.published:
                yield f"检查点 {one['number']}：公钥 {public} 不在给出的公钥之中"
            if (said["tenant"], said["number"]) != (self.manifest["tenant_id"], str(one["number"])):
                yield f"检查点 {one['number']}：声明的单位或编号不符"
            if not self._included(one["number"], bytes.fromhex(said["sha256"]), one["path"]):
                yield f"检查点 {one['number']}：不在已签名的封存链上"
        self.told.append(f"检查点：{len(checkpoints)} 个，核对签名及其在链上的位置")

    def _decisions(self) -> Iterator[str]:
        named: dict[str, str] = {}
        for one in self._lines("audit/entries.jsonl"):
            named.update((json.loads(one["entry"])["details"] or {}).get("decisions") or {})
        loose = 0
        for name in self._in("decisions/"):
            decided = json.loads(self.files[name])
            sealed = named.pop(decided["id"], None)
            loose += sealed is None
            left = self._witnessed("erased_decisions").get(decided["id"])
            if sealed not in (None, digest(self.files[name])) and left != digest(self.files[name]):
                yield f"{name}：与操作日志封存的哈希不符"
            if f"packs/{decided['pack_hash']}.json" not in self.files:
                yield f"{name}：所依据的政策规则文本缺失"
        total = len(self._in("decisions/"))
        yield from (f"决定 {decision}：操作日志中有，文件缺失" for decision in named)
        words = f"，其中 {loose} 项早于逐项封存，仅由清单签名保证" if loose else "，逐项与操作日志封存的哈希一致"
        self.told.append(f"决定：{total} 项{words}")

    def _sources(self) -> Iterator[str]:
        for folder, label in (("packs/", "政策规则文本"), ("lists/", "负面清单文本")):
            names = self._in(folder)
            for name in names:
                if Path(name).stem != digest(self.files[name]):
                    yield f"{name}：{label}与其哈希不符"
            self.told.append(f"{label}：{len(names)} 份，哈希与决定所引一致")

    def _in(self, folder: str) -> list[str]:
        return [name for name in sorted(self.files) if name.startswith(folder)]


def report(content: bytes, keys: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """(what was checked, what does not fit) of a decision file; ``keys`` are public keys known from elsewhere."""
    one = Dossier(content, keys)
    faults = one.faults()
    case = one.manifest.get("case", {})
    head = f"{one.manifest.get('tenant', '')}　{case.get('label', '')}　{case.get('title', '')}　{one.manifest.get('made_at', '')}"
    return [head, *one.told], faults


def main(words: Sequence[str] | None = None) -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description="核验决策卷宗")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", action="append", default=[], help="平台公布的公钥（64 位十六进制），可给出多个")
    given = parser.parse_args(words)
    told, faults = report(given.file.read_bytes(), given.key)
    lines = [*told, *(f"问题：{fault}" for fault in faults), "结论：有问题" if faults else "结论：完好"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
