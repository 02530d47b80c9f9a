"""The base class of a recipe's sections."""

from typing import Annotated, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationInfo, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from seqloom.recipe.form_fields import for_people

Share = Annotated[float, Field(ge=0.0, le=0.5)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen group of fields that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema from which Prefect's UI draws a form."""
        schema = handler(core_schema)
        for_people(handler.resolve_ref_schema(schema))
        return schema

    @field_validator("*", mode="before")
    @classmethod
    def _yes_is_no_number(cls, value: object, field: ValidationInfo) -> object:
        """Refuse true and false for a number, which pydantic would read as 1 and 0."""
        assert field.field_name
        if isinstance(value, bool) and cls.model_fields[field.field_name].annotation in (int, float):
            raise ValueError(f"a number belongs here, and YAML reads what is written as {str(value).lower()}")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _a_text_is_a_list_of_one(cls, value: object, field: ValidationInfo) -> object:
        """Read `train: tickets.csv` as `train: [tickets.csv]`."""
        assert field.field_name
        is_list = get_origin(cls.model_fields[field.field_name].annotation) is list
        return [value] if is_list and isinstance(value, str) else value

    @field_validator("*", mode="before")
    @classmethod
    def _text_is_text(cls, value: object) -> object:
        """Refuse NUL and unpaired surrogates: no file name has them, and no server stores them."""
        for text in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(text, str) and ("\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)):
                raise ValueError("a text holds a NUL, or half of a character: write it anew")
        return value
