"""Forms of claiming: which completer one is, why a claim is declined or ended."""

from uuid import UUID

from pydantic import Field

from shared.forms import Form, Line


class ClaimForm(Form):
    """认领."""

    completer_id: UUID = Field(title="完成人")


class ConfirmForm(Form):
    """确认: nothing to say."""


class ReasonForm(Form):
    """不予确认、解除关联."""

    reason: Line = Field(title="理由")
