"""The methods that are compared, and the goals: which two runs make a ratio, what to reach and what to aim at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Size = Literal["XXS", "S", "M", "L"]
Measured = Literal["times faster", "times the CPU", "GiB", "minutes"]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to make the columns; `packages` are those of an environment of its own (none: abm_ml's)."""

    title: str
    module: str
    packages: tuple[str, ...] = ()
    columns: int = 119  # that are compared with the plain join
    warm: str = "XXS"

    @property
    def is_rival(self) -> bool:
        """Whether it is neither ours nor the limit."""
        return self.module not in {"local", "portable", "limit"}


METHODS = {
    "plain": Method(title="plain DuckDB join", module="plain"),
    "polars": Method(title="Polars loop", module="polars_loop", packages=("polars==2.1.0",)),
    "pandas": Method(title="pandas loop", module="pandas_loop"),
    "featuretools": Method(
        title="featuretools 1.31",
        module="featuretools_way",
        # pyarrow from 20 on wants a numpy that featuretools does not work with.
        packages=("featuretools==1.31.0", "pandas<2.3", "numpy<2", "pyarrow==19.0.1", "setuptools<80"),
        columns=118,
        warm="tiny",
    ),
    "getml": Method(
        title="getML 1.5.1 FastProp", module="getml_way", packages=("getml==1.5.1",), columns=0, warm="tiny"
    ),
    "portable": Method(title="abm_ml, portable plan", module="portable"),
    "local": Method(title="abm_ml, local plan", module="local"),
    "limit": Method(title="scan + group + write", module="limit", columns=0),
}


@dataclass(frozen=True)
class Case:
    """One run: a method, a size of the log, the snapshots, what memory the engine may use (None: all)."""

    method: str
    size: Size
    snapshots: str = "24 months"
    memory: str | None = None


@dataclass(frozen=True)
class Goal:
    """A line of the table: the cost of `mine` against that of `other` (None: its peak memory)."""

    what: str
    measured: Measured
    mine: Case
    other: Case | None
    reach: float
    aim: float

    def ratio(self, mine: float, other: float) -> float:
        """The measured figure from two CPU times."""
        return other / mine if self.measured == "times faster" else mine / other


def judged(measured: Measured, found: float, reach: float, aim: float) -> str:
    """Whether a figure meets the aim, the reach, or neither; more is better for `times faster` only."""
    sign = 1 if measured == "times faster" else -1
    return "aim" if sign * found >= sign * aim else "reach" if sign * found >= sign * reach else "no"


def _faster(what: str, mine: Case, other: Case, reach: float, aim: float) -> Goal:
    return Goal(what, "times faster", mine, other, reach, aim)


def _cost(what: str, mine: Case, other: Case, reach: float, aim: float) -> Goal:
    return Goal(what, "times the CPU", mine, other, reach, aim)


_S, _M = Case("local", "S"), Case("local", "M")
_XXS = Case("local", "XXS")
_WEEKS = Case("local", "S", "52 weeks"), Case("local", "S", "1 week")
_L = Case("local", "L", "12 months")
GOALS = (
    _faster("local plan vs plain DuckDB join, S", _S, Case("plain", "S"), 20, 50),
    _faster("local plan vs Polars loop, M", _M, Case("polars", "M"), 4, 10),
    _faster("local plan vs featuretools, 100k events", _XXS, Case("featuretools", "XXS"), 150, 300),
    _faster("portable plan vs plain DuckDB join, S", Case("portable", "S"), Case("plain", "S"), 7, 15),
    _cost("memory_limit 2 GB vs unlimited, M, local", Case("local", "M", memory="2GB"), _M, 1.2, 1.0),
    _cost("52 snapshots vs 1, S, local", *_WEEKS, 8, 5),
    _cost("events x10, S to M, local", _M, _S, 12, 10),
    Goal("L x 12 snapshots, peak memory, local", "GiB", _L, None, 13, 4),
    _cost("local plan vs scan + group + write, M", _M, Case("limit", "M"), 16, 5),
)
SIZES: tuple[Size, ...] = ("XXS", "S", "M", "L")


def cases(largest: Size, rivals: set[str]) -> list[Case]:
    """What is run up to a size, each once: first the plain join, which the others are compared with; the limit last."""
    sizes = SIZES[: SIZES.index(largest) + 1]
    everywhere = [Case(method, size) for size in ("S", "M") for method in ("plain", "polars", "pandas", "portable")]
    once = [
        Case("plain", "XXS"),
        Case("getml", "XXS"),
        Case("limit", "S"),
        *(Case("plain", "S", each.snapshots) for each in _WEEKS),
    ]
    wanted = {*everywhere, *once, *(case for goal in GOALS for case in (goal.mine, goal.other) if case)}
    left = [
        case for case in wanted
        if case.size in sizes and (case.method in {"plain", *rivals} or not METHODS[case.method].is_rival)
    ]  # fmt: skip
    order = list(METHODS)
    return sorted(
        left, key=lambda case: (sizes.index(case.size), case.snapshots, order.index(case.method), case.memory or "")
    )
