"""Every table of the installation, for migrations and tests; nothing else."""

import services.administration.accounts.models
import services.administration.delegating.models
import services.administration.documents.models
import services.administration.machines.models
import services.administration.merging.models
import services.annual_report.internal.models
import services.annual_report.models
import services.empowerment.models
import services.home.erasing.models
import services.home.models
import services.home.pushing.models
import services.ledger.bulk.models
import services.ledger.claiming.models
import services.ledger.disclosure.models
import services.ledger.exits.models
import services.ledger.importing.models
import services.ledger.losses.models
import services.ledger.marking.models
import services.ledger.models
import services.ledger.papers.models
import services.ledger.past.models
import services.ledger.payments.models
import services.ledger.screening.models
import services.ledger.secrecy.models
import services.ledger.transferring.models
import services.ledger.views.models
import services.negative_list.models
import services.notices.models
import services.pilot.models
import shared.audit.tables
import shared.db.local
import shared.db.records
import tenants.archive.models
import tenants.credentials
import tenants.names
import tenants.packs
import tenants.people
import tenants.registry
import tenants.rehearsal
import tenants.sessions
import tenants.standing
import tenants.unit_settings
from shared.db.tables import metadata

__all__ = ["metadata", "services", "shared", "tenants"]
