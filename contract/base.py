"""The bounded types every payload is built from."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """A payload: immutable, without unknown fields, without NaN or infinity."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        use_attribute_docstrings=True,
    )


Probability = Annotated[float, Field(ge=0, le=1)]
"""A probability between 0 and 1."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
"""A short name or code; a bounded string rather than a closed list, so that readers accept new ones."""

Text = Annotated[str, Field(max_length=4000)]
"""A sentence or a paragraph."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""How many of something there are."""

Percent = Annotated[float, Field(ge=0, le=100)]
"""A share in per cent."""
