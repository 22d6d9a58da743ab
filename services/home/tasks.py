"""Work of the home slice that the queue runs."""

from services.home.delivering import workflow
from shared.db.transaction import Transaction
from shared.mail.sending import Mailer
from shared.settings import settings
from shared.tasks.broker import task


@task(upkeep=True)
async def deliver_outbox(tx: Transaction) -> bool:
    """Soon after something was sent, and once a day for what was left: messages and mails of one tenant.

    Messages go by mail where a mail server is named, and in a demo, which shows the mails instead of sending them.
    """
    configuration = settings()
    mailer = Mailer.of(configuration)
    links = configuration.public_url if mailer is not None or configuration.is_demo else None
    if await workflow.deliver(tx, mailer, links=links):
        return True
    await workflow.ask_again(tx)
    return False


@task(upkeep=True)
async def announce(tx: Transaction, news: str, title: str, text: str, href: str, to_permission: str) -> None:
    """One organisation is told what was published in its province."""
    await workflow.announce(tx, news, {"title": title, "text": text, "href": href, "to_permission": to_permission})
