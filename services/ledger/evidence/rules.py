"""Whether each kind of evidence that a discloser names is proved by a paper or said to be kept elsewhere."""

from collections.abc import Collection, Mapping
from typing import Any

from services.ledger.rules import Vocabulary


def unproved(values: Mapping[str, Any], proved: Collection[str], words: Vocabulary) -> dict[str, str]:
    """The kinds without a paper, where nothing is said of where they are, by field of the form; a fault of the form."""
    if str(values.get("evidence_elsewhere") or "").strip():
        return {}
    missing = [code for code in values.get("evidence") or () if code not in proved]
    named = "、".join(words.labels["evidence"].get(code, code) for code in missing)
    told = f"{named}：请在下面上传文件，或者写明原件存放何处、编号是什么"
    return {"evidence_elsewhere": told} if missing else {}
