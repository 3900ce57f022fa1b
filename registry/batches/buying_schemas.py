"""What goes out of buying: lists over one batch or many."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class BuyLine(_Out):
    """A thing to buy, over all jobs."""

    kind: str
    description: str
    value: str
    footprint: str
    manufacturer: str
    mpn: str
    suppliers: dict[str, str]
    quantity: float
    jobs: dict[int, float] = Field(description="batch -> how many of it for that batch")
    made: bool = Field(description="made from stock here or elsewhere, not bought as it is")

    @property
    def words(self) -> str:
        """Its value or designation, and its description."""
        return ", ".join(dict.fromkeys(filter(None, (self.value, self.description)))) or self.mpn or "Unnamed"


class BuyList(_Out):
    """What to buy. Bought apart, each batch would order its own lines: that many more orders of a part."""

    lines: list[BuyLine]
    jobs: int
    without_materials: list[int] = Field(description="batches whose version has no bill of materials")
    lines_apart: int = Field(default=0, description="lines that the batches would order by themselves, one by one")
    lines_shared: int = Field(default=0, description="lines that more than one batch needs")


class Partner(_Out):
    """A batch that could buy with another: it needs some of the same parts."""

    number: int
    design: str
    design_name: str
    version: str
    state: str
    units: int = Field(description="reserved, or its minimum while it fills")
    parts: int = Field(description="how many parts both need")
    chosen: bool = Field(description="it is in this list")


class SharedBuying(_Out):
    """One purchase list over batches that share parts, and what it spares against buying apart."""

    batch: int
    units: dict[int, int] = Field(description="batch -> units bought for")
    partners: list[Partner]
    buy: BuyList
