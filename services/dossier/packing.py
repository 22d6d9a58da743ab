"""The file itself: its tree over the seals, its manifest, its signature. Pure; what goes in comes from ``queries``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.dossier import verifier
from services.dossier.verifier import (
    FORMAT,
    MANIFEST,
    SIGNATURE,
    digest,
    leaf_hash,
    node_hash,
    signature_text,
    zipped,
)
from shared.db.serialising import canonical_json
from shared.keys.keyring import Keyring


class Tree:
    """The Merkle tree (RFC 6962) over consecutive seals, built once with all its levels."""

    def __init__(self, first: int, seals: Sequence[bytes]) -> None:
        self.first = first
        self.size = len(seals)
        self.levels = [[leaf_hash(seal) for seal in seals]]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            joined = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            self.levels.append(joined + below[len(joined) * 2 :])

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    def path(self, number: int) -> list[str]:
        """The inclusion proof of the seal with this number: hashes in hex, from the leaf upwards."""
        at, found = number - self.first, []
        for level in self.levels[:-1]:
            beside = at ^ 1
            if beside < len(level):
                found.append(level[beside].hex())
            at >>= 1
        return found


@dataclass(frozen=True, slots=True)
class Sealed:
    """One audit row of the case as the chain has it; ``entry`` is the row's canonical JSON."""

    number: int
    previous: bytes
    hash: bytes
    entry: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed state of the chain."""

    number: int
    statement: str
    key_id: str
    signature: bytes


def entry_lines(entries: Sequence[Sealed], tree: Tree) -> bytes:
    """``audit/entries.jsonl``: each row with its seal and its place in the tree."""
    return _lines(
        {
            "number": one.number,
            "previous": one.previous.hex(),
            "hash": one.hash.hex(),
            "entry": one.entry.decode(),
            "path": tree.path(one.number),
        }
        for one in entries
    )


def checkpoint_lines(checkpoints: Sequence[Checkpoint], tree: Tree) -> bytes:
    """``audit/checkpoints.jsonl``: signed states of the chain, each with its place in the tree."""
    return _lines(
        {
            "number": one.number,
            "statement": one.statement,
            "key_id": one.key_id,
            "signature": one.signature.hex(),
            "path": tree.path(one.number),
        }
        for one in checkpoints
    )


def _lines(values: Any) -> bytes:
    return b"".join(canonical_json(value) + b"\n" for value in values)


def pack(files: Mapping[str, bytes], head: Mapping[str, Any], tree: Tree, keyring: Keyring) -> bytes:
    """The signed zip of some files; ``head`` says whose case it is (tenant_id, tenant, case, made_at, as_of)."""
    inside = {
        **files,
        "keys.json": canonical_json(keyring.public_keys("audit")),
        "verify.py": Path(verifier.__file__).read_bytes(),
    }
    chain = {"first": tree.first, "last": tree.first + tree.size - 1, "root": tree.root.hex()}
    listed = {name: digest(content) for name, content in inside.items()}
    manifest = canonical_json({**head, "format": FORMAT, "chain": chain, "files": listed})
    key = keyring.signing("audit")
    signature = signature_text(keyring.public_keys("audit")[key.key_id], key.sign(manifest))
    return zipped({**inside, MANIFEST: manifest, SIGNATURE: signature})
