"""What all sections of the configuration share: their parent, kinds of values, reading, checking."""

import json
import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.files import read_bytes

MAX_SEED = 2**63 - 1
Count = Annotated[int, Field(ge=0, le=10**9)]
Seconds = Annotated[float, Field(gt=0, le=1e6)]
RateHz = Annotated[float, Field(ge=1e-3, le=1e6)]
Precision = Annotated[
    Literal["float32", "bfloat16"],
    Field(description="bfloat16: faster where the processor has it, nearly as good"),
]
Device = Annotated[Literal["cpu", "cuda"], Field(description="cpu or cuda")]


class Section(BaseModel):
    """The parent of all sections: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


Mounting = Literal["kept", "drawn"] | tuple[float, float, float]
"""How the sensor sits: as people wore it, in any way, or turned by so many degrees about x, y and z."""


def _told_mounting(value: Any, handler: ValidatorFunctionWrapHandler) -> Mounting:
    """Say all that a mounting may be where it is none of it."""
    try:
        mounting: Mounting = handler(value)
    except ValidationError:
        mounting = (math.nan, math.nan, math.nan)
    if isinstance(mounting, str) or all(map(math.isfinite, mounting)):
        return mounting
    raise PydanticCustomError(
        "mounting", "should be kept, drawn, or three angles in degrees, such as 90,0,0"
    )


MountingOption = Annotated[Mounting, WrapValidator(_told_mounting)]

SectionT = TypeVar("SectionT", bound=Section)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a TOML or JSON file that holds keys and values."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
        mapping = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise ConfigError(f"{path}: not valid {kind}: {error}.") from error
    if not isinstance(mapping, dict):
        raise ConfigError(f"{path}: expected keys and values, got a {type(mapping).__name__}.")
    return mapping


def parse(section: type[SectionT], mapping: dict[str, Any], *, where: str) -> SectionT:
    """Check a mapping against a section; ConfigError in the words of `where: key: problem`."""
    try:
        return section.model_validate(mapping)
    except ValidationError as error:
        problems = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ConfigError(f"{where}: {_explain(section, problems[0])}") from error


def _explain(section: type[Section], problem: Any) -> str:
    keys = [str(key) for key in problem["loc"] if not _is_type_tag(str(key))]
    if problem["type"] == "extra_forbidden":
        parent, known = "".join(f"{key}: " for key in keys[:-1]), _known_keys(section, keys[:-1])
        return f"{parent}unknown option {keys[-1]!r}.{did_you_mean(keys[-1], known)}"
    message = problem["msg"].replace("Input should be", "should be")
    return f"{'.'.join(keys)}: {message}, got {problem['input']!r}."


def _is_type_tag(key: str) -> bool:
    """Pydantic adds a member's type to the path of a union such as `dict | int`."""
    sections = {"RenderConfig", "GenerateConfig", "ColumnsConfig", "DistilConfig", "DetectConfig"}
    return key.startswith(("int", "constrained-int", "dict[str,")) or key in sections


def _known_keys(section: type[Section], path: list[str]) -> list[str]:
    for key in path:
        field = section.model_fields[key]
        members = [field.annotation, *getattr(field.annotation, "__args__", ())]
        section = next(m for m in members if isinstance(m, type) and issubclass(m, Section))
    return list(section.model_fields)
