"""How far each site meets what guidelines demand, and what would have to be bought: for the department."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetctl.model import DevicePlan, Outcome
from fleetctl.operations.prices import Price
from fleetctl.operations.requirements import Finding
from fleetctl.operations.workspace import Workspace
from fleetctl.standard.judging import Verdict
from fleetctl.standard.requirements import Pack

WEIGHTS: Final[Mapping[str, int]] = {"high": 3, "medium": 2, "low": 1}
"""What a requirement counts for, by its severity."""

PHASES: Final[Mapping[str, int]] = {"high": 1, "medium": 2, "low": 3}
"""In which phase of a purchase plan something is bought, where the price list does not say so."""

_MET: Final = frozenset({Verdict.PASS, Verdict.WAIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One site: `score` is the share of what was judged there, weighed by severity, that is met, from 0.0 to 1.0.

    What is unknown, unsupported or unreachable is not met. `before` is the score of the last earlier day on record.
    """

    site: str
    name: str
    area: str
    rank: int  # sites with the same score share it
    score: float
    met: int
    judged: int
    verdicts: Mapping[str, int]
    before: float | None = None

    @property
    def change(self) -> float | None:
        """How much better it became since then, in parts of 1; None where nothing is on record."""
        return None if self.before is None else round(self.score - self.before, 4)


def scores(workspace: Workspace, packs: Sequence[Pack], found: Iterable[Finding]) -> tuple[Score, ...]:
    """Return the sites' scores, the best first; today's stay on record, for the trend.

    What is judged from outside, where nobody looked from there, counts neither way.
    """
    by_site: dict[str, list[Finding]] = {}
    for finding in found:
        unseen = finding.requirement.probe and finding.judged.verdict is Verdict.UNSUPPORTED
        if finding.site and not unseen:
            by_site.setdefault(finding.site, []).append(finding)
    which = ",".join(sorted(f"{pack.name} {pack.version}" for pack in packs))
    shares = {site: _share(members) for site, members in by_site.items()}
    before = workspace.store.scores(which, workspace.today)
    if not workspace.reading:
        workspace.store.keep_scores(which, workspace.today, shares)
    names = workspace.inventory.sites()
    areas = {device.site: device.area for device in workspace.inventory.devices.values()}
    ranks = {share: n for n, share in reversed(list(enumerate(sorted(shares.values(), reverse=True), 1)))}
    rows = [
        Score(
            site=site,
            name=names[site].name if site in names else site,
            area=areas.get(site, ""),
            rank=ranks[shares[site]],
            score=shares[site],
            met=sum(each.judged.verdict in _MET for each in members),
            judged=len(members),
            verdicts=dict(Counter(each.judged.verdict.value for each in members)),
            before=before.get(site),
        )
        for site, members in by_site.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.rank, row.area, row.site)))


def _share(found: Sequence[Finding]) -> float:
    every = sum(WEIGHTS[each.requirement.severity] for each in found)
    met = sum(WEIGHTS[each.requirement.severity] for each in found if each.judged.verdict in _MET)
    return round(met / every, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What one site lacks of one item; `price` is that of one, None where the price list does not have it."""

    phase: int
    site: str
    site_name: str
    area: str
    item: str
    quantity: int
    price: Price | None
    requirements: tuple[str, ...]
    subjects: tuple[str, ...]  # devices, desks or sites that it is for

    @property
    def cost(self) -> int | None:
        """What it costs, None where that is not known."""
        return None if self.price is None else self.quantity * self.price.unit_price


def purchases(
    workspace: Workspace, found: Iterable[Finding], plans: Iterable[DevicePlan], prices: Mapping[str, Price]
) -> tuple[Purchase, ...]:
    """Return what is missing or must be replaced, by phase, area and site; what fleetctl can set is not bought.

    One device that fails several requirements for the same item is bought once.
    """
    told = {plan.device: plan for plan in plans}
    lacks: dict[tuple[str, str], dict[str, tuple[int, Finding]]] = {}
    whys: dict[tuple[str, str], dict[str, None]] = {}
    for finding in found:
        item, quantity = _lacking(finding, told.get(finding.subject))
        if not item:
            continue
        key = finding.site, item
        known = lacks.setdefault(key, {}).get(finding.subject)
        if known is None or known[0] < quantity:
            lacks[key][finding.subject] = quantity, finding
        whys.setdefault(key, {})[finding.requirement.id] = None
    names = workspace.inventory.sites()
    areas = {device.site: device.area for device in workspace.inventory.devices.values()}
    rows = []
    for (site, item), members in lacks.items():
        price = prices.get(item)
        soonest = min(PHASES[finding.requirement.severity] for _, finding in members.values())
        rows.append(
            Purchase(
                phase=price.phase if price is not None and price.phase else soonest,
                site=site,
                site_name=names[site].name if site in names else site,
                area=areas.get(site, ""),
                item=item,
                quantity=sum(quantity for quantity, _ in members.values()),
                price=price,
                requirements=tuple(whys[site, item]),
                subjects=tuple(sorted(members)),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.phase, row.area, row.site, row.item)))


def _lacking(finding: Finding, plan: DevicePlan | None) -> tuple[str, int]:
    """Return the item that a failing requirement calls for, and how many; "" where nothing is to be bought."""
    check, actual = finding.requirement, finding.judged.actual
    if finding.judged.verdict is not Verdict.FAIL or not check.buy:
        return "", 0
    if check.count is not None:
        return check.buy, int(check.value) - int(actual)
    if check.mend and not _cannot(plan, check.setting):
        return "", 0
    return check.buy, len(actual) if isinstance(actual, Mapping) else 1


def _cannot(plan: DevicePlan | None, setting: Sequence[str]) -> bool:
    """Return whether the device was seen not to offer what is expected of the setting."""
    aspects = plan.aspects if plan is not None else ()
    return any(
        gap.field == setting[1] and gap.outcome is Outcome.UNSUPPORTED
        for aspect in aspects
        if aspect.aspect == setting[0]
        for gap in aspect.gaps
    )
