"""Rules are read by people: every key of the schema has its Chinese word, every value its words."""

import pytest
from pydantic import BaseModel

from shared.policy import Pack, entry, management, procedure, schema
from shared.policy.evaluator import questions
from shared.policy.words import KEYS, QUESTIONS, modality_of, path_in_words, value_in_words


def test_every_key_of_the_schema_has_its_word() -> None:
    models = (
        one
        for module in (entry, management, procedure, schema)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, BaseModel)
    )
    assert {name for model in models for name in model.model_fields} - KEYS.keys() == set()


@pytest.mark.parametrize(
    ("path", "words", "value"),
    [
        ("notices.empowerment.days", "赋权信息公示 · 天数", "15"),
        ("notices.empowerment.comparator", "赋权信息公示 · 天数要求", "恰为"),
        ("guidelines.empowerment.unit_kinds", "单位类型", "高等院校"),
        ("guidelines.empowerment.governed_by", "在办事项适用版本", "沿用受理时的版本"),
    ],
)
def test_paths_and_values_read_as_words(yunnan: Pack, path: str, words: str, value: str) -> None:
    assert path_in_words(yunnan, path).endswith(words)
    assert value in value_in_words(yunnan, path, yunnan.value(path).value)


def test_the_force_of_a_rule_is_its_entrys(yunnan: Pack) -> None:
    assert modality_of(yunnan, "notices.empowerment.days") == "应当"
    assert modality_of(yunnan, "negative_lists.unit_risk.duty") == "鼓励"
    assert modality_of(yunnan, "duties.third_party.text") == "可以"
    assert modality_of(yunnan, "guidelines.empowerment.first_day") == ""


def test_every_question_has_its_words() -> None:
    assert set(questions()) - QUESTIONS.keys() == set()
