"""From files to a resolved pack: inheritance, schema, consistency; every problem at once, with file and line."""

from __future__ import annotations

import copy
import hashlib
import itertools
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.calendar.calendar import Calendar, official_calendar
from shared.policy.answer import Citation, Mode
from shared.policy.cases import Case, merged
from shared.policy.consistency import inconsistencies
from shared.policy.pack import Pack
from shared.policy.resolve import Resolution
from shared.policy.schema import Content, Document, PackHeader
from shared.policy.sources import PACKS, PackError, Problem, SourceFile, Sources

__all__ = ["PACKS", "PackError", "Problem", "Sources", "load_pack", "overlaps", "resolve_pack"]

M = TypeVar("M", bound=BaseModel)
_MEANINGS = {
    "extra_forbidden": "the schema has no such key",
    "missing": "is missing",
}


def load_pack(region: str, root: Path = PACKS, *, mode: Mode | None = None, calendar: Calendar | None = None) -> Pack:
    """The pack of a region (`cn` is the nation) with all it inherits, from a folder of packs; raises PackError.

    `mode` defaults to the pack's own, else advisory for a draft and enforced otherwise.
    """
    return resolve_pack(region, Sources.of_folder(root), mode=mode, calendar=calendar)


def resolve_pack(region: str, sources: Sources, *, mode: Mode | None = None, calendar: Calendar | None = None) -> Pack:
    """The pack of a region from any sources (a folder or a stored bundle); raises PackError with every problem."""
    problems: list[Problem] = []
    chain = _chain(region, sources, problems)
    owners = [(header, f"{header.id}/{folder}") for header in chain for folder in header.documents]
    documents = {owner: _document(owner, sources, problems) for _, owner in owners}
    resolution = _laid(chain, documents, sources, problems)
    content = _content(resolution)
    if chain and not sources.broken:  # codes that stand in a file that cannot be read would all seem unknown
        problems += inconsistencies(content or _good_part(resolution.tree), resolution, whole=content is not None)
    cases = _own_cases(chain[-1], sources, problems) if chain else []
    if problems or content is None or not chain:
        raise PackError(problems)
    header = chain[-1]
    resolution.citations.setdefault("", (_root_citation(header, documents),))
    return Pack(
        header=header,
        content=content,
        documents=documents,
        chain=tuple((one.id, one.version) for one in chain),
        content_hash=_hash(chain, sources),
        mode=mode or header.mode or ("advisory" if header.legal_state == "draft" else "enforced"),
        calendar=calendar or official_calendar(),
        cases=tuple(cases),
        _tree=resolution.tree,
        _citations=resolution.citations,
    )


def overlaps(headers: Iterable[PackHeader]) -> list[str]:
    """Versions of one region that are effective on the same day, as messages; a region may have only one on a day."""
    found = []
    dated = [(one.effective_from, one) for one in headers if one.effective_from is not None]
    ordered = sorted(dated, key=lambda pair: (pair[1].id, pair[0], pair[1].version))
    for (_, earlier), (begins, later) in itertools.pairwise(ordered):
        if earlier.id == later.id and (earlier.effective_to or date.max) >= begins:
            found.append(f"{earlier.id}: {earlier.version} and {later.version} are both effective on {begins}")
    return found


def _chain(region: str, sources: Sources, problems: list[Problem]) -> list[PackHeader]:
    chain: list[PackHeader] = []
    seen: list[str] = []
    current: str | None = region
    came_from = ""
    while current is not None:
        name = f"{current}/pack.toml"
        if current in seen:
            place = sources.parse(came_from, problems)
            circle = " → ".join([*seen[seen.index(current) :], current])
            problems.append(
                Problem(came_from, place.line("parent"), "parent", f"inheritance goes in a circle: {circle}")
            )
            return []
        if name not in sources.texts and came_from:
            place = sources.parse(came_from, problems)
            problems.append(Problem(came_from, place.line("parent"), "parent", f"there is no pack {current}"))
            break
        seen.append(current)
        file = sources.parse(name, problems)
        header = _validated(PackHeader, file.data, file, problems)
        if header is None:
            break
        if header.id != current:
            problems.append(Problem(name, file.line("id"), "id", f"is {header.id}, but the folder is {current}"))
        if header.effective_to and header.effective_from and header.effective_to < header.effective_from:
            problems.append(Problem(name, file.line("effective_to"), "effective_to", "is before effective_from"))
        chain.insert(0, header)
        came_from, current = name, header.parent
    return chain


def _laid(
    chain: list[PackHeader], documents: Mapping[str, Document], sources: Sources, problems: list[Problem]
) -> Resolution:
    """The files of a chain laid over each other; what several regions inherit is laid once."""
    resolution, begun = Resolution(problems=problems), 0
    for length in range(len(chain) - 1, 0, -1):
        known = sources.laid.get(tuple(header.id for header in chain[:length]))
        if known is not None:
            resolution, begun = known.copy(problems), length
            break
    for position, header in enumerate(chain[begun:], start=begun + 1):
        for folder in header.documents:
            owner = f"{header.id}/{folder}"
            for name in sources.names(owner):
                last = name.rsplit("/", 1)[-1]
                if last != "document.toml" and not last.startswith("cases"):
                    resolution.lay(sources.parse(name, problems), header, documents[owner], owner)
        if position < len(chain) and not problems:
            sources.laid[tuple(one.id for one in chain[:position])] = resolution.copy([])
    return resolution


def _own_cases(header: PackHeader, sources: Sources, problems: list[Problem]) -> list[Case]:
    found: list[Case] = []
    for folder in header.documents:
        for name in sources.names(f"{header.id}/{folder}"):
            if name.rsplit("/", 1)[-1].startswith("cases"):
                found += _cases(sources.parse(name, problems), problems)
    return found


def _document(owner: str, sources: Sources, problems: list[Problem]) -> Document:
    file = sources.parse(f"{owner}/document.toml", problems)
    return _validated(Document, file.data, file, problems) or Document(title=owner)


def _validated(model: type[M], data: Mapping[str, Any], file: SourceFile, problems: list[Problem]) -> M | None:
    if file.unreadable:
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for one in error.errors():
            path = ".".join(str(part) for part in one["loc"])
            problems.append(Problem(file.name, file.line(path), path, _MEANINGS.get(one["type"], one["msg"])))
        return None


def _content(resolution: Resolution) -> Content | None:
    try:
        return Content.model_validate(resolution.tree)
    except ValidationError as error:
        for one in error.errors():
            parts = [str(part) for part in one["loc"]]
            path = ".".join(parts)
            place = None
            while parts and place is None:
                place = resolution.places.get(".".join(parts))
                parts.pop()
            message = _MEANINGS.get(one["type"], one["msg"])
            resolution.problems.append(Problem(place.file if place else "", place.line if place else 0, path, message))
        return None


def _good_part(tree: Mapping[str, Any]) -> Content:
    """What the schema takes of a tree, wrong values left out, so that codes are checked though others are wrong."""
    good = copy.deepcopy(dict(tree))
    while True:
        try:
            return Content.model_validate(good)
        except ValidationError as error:
            for one in error.errors():
                _leave_out(good, one["loc"][:-1] if one["type"] == "missing" else one["loc"])


def _leave_out(tree: dict[str, Any], loc: tuple[int | str, ...]) -> None:
    """Take away the deepest table entry on the way to a place."""
    node, holder, last = tree, tree, str(loc[0])
    for key in loc:
        if not isinstance(node, dict) or key not in node:
            break
        holder, last, node = node, str(key), node[str(key)]
    holder.pop(last, None)


def _cases(file: SourceFile, problems: list[Problem]) -> list[Case]:
    situations = file.data.get("situation", {})
    found = []
    for number, (raw, line) in enumerate(zip(file.data.get("case", []), file.case_lines(), strict=False)):
        data = {**raw, "file": file.name, "line": line}
        if (name := raw.get("situation")) is not None:
            if name not in situations:
                problems.append(Problem(file.name, line, f"case[{number}]", f"there is no situation {name}"))
            data["facts"] = merged(situations.get(name, {}), raw.get("facts", {}))
        try:
            found.append(Case.model_validate(data))
        except ValidationError as error:
            for one in error.errors():
                path = ".".join([f"case[{number}]", *(str(part) for part in one["loc"])])
                problems.append(Problem(file.name, line, path, _MEANINGS.get(one["type"], one["msg"])))
    return found


def _root_citation(header: PackHeader, documents: Mapping[str, Document]) -> Citation:
    own = [document for owner, document in documents.items() if owner.startswith(f"{header.id}/")]
    title = own[0].title if own else header.title
    return Citation(title, "", "", False, header.id, header.version)


def _hash(chain: list[PackHeader], sources: Sources) -> str:
    """SHA-256 of the files of the chain: what is stored and what runs are the same text."""
    return hashlib.sha256(sources.bundle([header.id for header in chain]).encode()).hexdigest()
