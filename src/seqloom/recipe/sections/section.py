"""What every section of a recipe is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, le=0.5)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen group of fields that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
