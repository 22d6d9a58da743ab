"""Work of the home slice that the queue runs."""

from services.home.workflow import ask_again, deliver
from shared.db.transaction import Transaction
from shared.mail.sending import Mailer
from shared.settings import settings
from shared.tasks.broker import task


@task(upkeep=True)
async def deliver_outbox(tx: Transaction) -> None:
    """Soon after something was sent, and once a day for what was left: messages and mails of one tenant."""
    while await deliver(tx, Mailer.of(settings())):
        pass
    await ask_again(tx)
