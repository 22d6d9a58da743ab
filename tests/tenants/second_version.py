"""A second version of the pack in force, for tests of activation: the notice of an empowerment runs 20 days, not 15."""

from collections.abc import Mapping
from uuid import UUID

from shared.policy.loader import PACKS
from shared.policy.sources import Sources
from tenants.packs import store_pack
from tests.world import REGION, World

TWENTY_DAYS = {
    f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.1"'),
    f"{REGION}/empowerment/review.toml": ("days = 15", "days = 20"),
}


def changed(changes: Mapping[str, tuple[str, str]] = TWENTY_DAYS) -> Sources:
    """The platform's packs with some words of some files replaced."""
    texts = dict(Sources.of_folder(PACKS).texts)
    for name, (before, after) in changes.items():
        assert before in texts[name], name
        texts[name] = texts[name].replace(before, after, 1)
    return Sources(texts)


async def store_second(world: World, changes: Mapping[str, tuple[str, str]] = TWENTY_DAYS) -> UUID:
    """Store it without its own test cases, which expect the first version's days."""
    async with world.acting(world.operator, "operator", "operator") as tx:
        return await store_pack(tx, REGION, changed(changes))
