"""Every table of the installation, for migrations and tests; nothing else."""

import shared.audit.tables
import shared.db.local
import shared.db.records
import tenants.packs
import tenants.people
import tenants.registry
import tenants.sessions
from shared.db.tables import metadata

__all__ = ["metadata", "shared", "tenants"]
