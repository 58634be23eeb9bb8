"""What can be simulated: the parameters of each model, as people and forms see them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class Model(Struct, tag_field="name", forbid_unknown_fields=True):
    pass


class Pi(Model, tag="pi"):
    """π, from the share of random points of a square that lie in its circle."""


class OptionPrice(Model, tag="option_price"):
    """The price of a European option on a share that follows a geometric Brownian motion (Black and Scholes)."""

    kind: Annotated[
        Literal["call", "put"], Meta(title="Kind", description="The right to buy or to sell.", examples=["call"])
    ] = "call"
    spot: Annotated[
        float, Meta(title="Spot", description="Price of the share today.", examples=[100], gt=0, le=1e9)
    ] = 100.0
    strike: Annotated[float, Meta(title="Strike", description="Price it is for.", examples=[105], gt=0, le=1e9)] = 105.0
    rate: Annotated[
        float, Meta(title="Rate", description="Riskless interest per year: 0.03 is 3 %.", examples=[0.03], ge=-1, le=1)
    ] = 0.03
    volatility: Annotated[
        float, Meta(title="Volatility", description="Per year: 0.2 is 20 %.", examples=[0.2], ge=0, le=5)
    ] = 0.2
    years: Annotated[float, Meta(title="Years", description="Until it expires.", examples=[1], gt=0, le=100)] = 1.0


class RandomWalk(Model, tag="random_walk"):
    """How far from its start a walk of unit steps along the axes ends, on average."""

    steps: Annotated[int, Meta(title="Steps", description="Of each walk.", examples=[100], ge=1, le=10_000)] = 100
    dimensions: Annotated[
        int, Meta(title="Dimensions", description="1: a line, 2: a plane, 3: space.", examples=[2], ge=1, le=3)
    ] = 2


Models = Pi | OptionPrice | RandomWalk
