"""The form of a paper."""

from pydantic import Field

from shared.forms import Form, Line


class PaperForm(Form):
    """上传佐证文件."""

    kind: Line = Field(title="材料种类")
    confidential: bool = Field(default=False, title="含商业秘密")
