"""Outputs: proposed by a terminal, accepted or rejected by staff."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import Lot, Output, OutputDecision, OutputMaker, Product
from services.inventory.models.base import PRODUCTION, SCRAP, workshop_location
from services.inventory.usecases import skills
from services.inventory.usecases.documents import RecorderIsApprover
from services.inventory.usecases.stock import Move, post_moves
from shared.canonical import content_hash
from shared.clock import business_day, now
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.events.inventory import LotCreated, MakerShare, OutputAccepted
from shared.facts import record_once
from shared.fields import invalid
from shared.messaging import publish

#: Without I, L, O and U, which are misread or spell words (Crockford's base 32): 50 random bits.
_LOT_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SkillMissing(Conflict):
    code = "skill-missing"
    title = "A maker did not hold the skill on the day of production"


class AlreadyDecided(Conflict):
    code = "already-decided"
    title = "This output was decided otherwise"


def propose(session: Session, *, item: Mapping[str, Any], proposed_by: str) -> bool:
    """Record what a terminal says was made, whatever the makers' skills; True when it is new.

    Raises Conflict on other content under the same id, Invalid when workshop and product do not fit.
    """
    _check_reference(session, item)
    output = {key: value for key, value in item.items() if key not in {"id", "makers"}}
    new = record_once(
        session,
        Output,
        key={"id": item["id"]},
        **output,
        received_at=now(),
        proposed_by=proposed_by,
        content_hash=content_hash(item),
    )
    if new:
        makers = [maker | {"output_id": item["id"]} for maker in item["makers"]]
        session.execute(insert(OutputMaker), makers)
    return new


def _check_reference(session: Session, item: Mapping[str, Any]) -> None:
    product = session.get(Product, item["sku"])
    if product is None:
        raise invalid("sku", "No such product.")
    if product.workshop != item["workshop"]:
        raise invalid("workshop", "This product is not made there.")


def accept(session: Session, *, output_id: UUID, decided_by: str, good: Decimal, rejected: Decimal) -> OutputDecision:
    """Put proposed goods on the workshop's shelf as a lot, and announce them. Repeating it changes nothing.

    Raises SkillMissing naming the makers, RecorderIsApprover, AlreadyDecided, NotFound.
    """
    output = _open(session, output_id, decided_by)
    made_on = business_day(output.effective_at)
    product = session.get_one(Product, output.sku)
    makers = session.scalars(select(OutputMaker).filter_by(output_id=output_id)).all()
    wanted = {"decision": "accepted", "good": good, "rejected": rejected}
    if (known := _decided(session, output_id, wanted)) is not None:
        return known
    without = skills.lacking(
        session, makers=[maker.worker_ref for maker in makers], skill=product.required_skill, day=made_on
    )
    if without:
        detail = f"{len(without)} of {len(makers)} makers lack {product.required_skill} on {made_on}."
        raise SkillMissing(detail, makers=without, skill=product.required_skill)
    lot = _lot(output, product, made_on)
    decision = _decide(session, output, decided_by, wanted | {"lot": lot.code})
    if decision.lot == lot.code:
        _bear(session, output, lot, decision, makers)
    return decision


def may_make(session: Session, *, workshop: str, sku: str, worker_ref: str, made_at: datetime | None) -> bool:
    """Whether acceptance would find that this maker held the product's skill on the day (default: today).

    Raises NotFound when the workshop has no such product.
    """
    product = session.get(Product, sku)
    if product is None or product.workshop != workshop:
        raise NotFound("No such product of this workshop.")
    moment = now()  # what is proposed now is not made later, whatever the device's clock says
    day = business_day(min(made_at or moment, moment))
    return not skills.lacking(session, makers=[worker_ref], skill=product.required_skill, day=day)


def _lot(output: Output, product: Product, made_on: date) -> Lot:
    keeps = product.shelf_life_days
    return Lot(
        code=new_lot_code(),
        output_id=output.id,
        sku=output.sku,
        workshop=output.workshop,
        made_on=made_on,
        expires_on=None if keeps is None else made_on + timedelta(days=keeps),
        required_skill=product.required_skill,
    )


def _bear(session: Session, output: Output, lot: Lot, decision: OutputDecision, makers: Any) -> None:
    """The lot is born: on the shelf, and announced to sales (without makers) and to training (with them)."""
    session.add(lot)
    good, rejected = decision.good or Decimal(0), decision.rejected or Decimal(0)
    ends = ((workshop_location(output.workshop), good), (SCRAP, rejected))
    line, when = (output.id, output.id), output.effective_at
    moves = [
        Move("output", *line, PRODUCTION, target, lot.sku, lot.code, quantity, when, leg=leg)
        for leg, (target, quantity) in enumerate(ends)
        if quantity
    ]
    session.flush()
    post_moves(session, moves)
    created = LotCreated(
        lot=lot.code, sku=lot.sku, workshop=lot.workshop, made_on=lot.made_on, expires_on=lot.expires_on
    )
    accepted = OutputAccepted(
        output_id=output.id,
        workshop=output.workshop,
        sku=output.sku,
        lot=lot.code,
        good=good,
        rejected=rejected,
        made_on=lot.made_on,
        makers=tuple(MakerShare(worker_ref=maker.worker_ref, share_bp=maker.share_bp) for maker in makers),
    )
    publish(session, created, accepted)


def reject(session: Session, *, output_id: UUID, decided_by: str, reason: str) -> OutputDecision:
    """Turn a proposed output down. Repeating it changes nothing. Raises as `accept` does."""
    output = _open(session, output_id, decided_by)
    wanted = {"decision": "rejected", "reason": reason}
    return _decided(session, output_id, wanted) or _decide(session, output, decided_by, wanted)


def _open(session: Session, output_id: UUID, decided_by: str) -> Output:
    output = session.get(Output, output_id)
    if output is None:
        raise NotFound("No such output.")
    if output.proposed_by == decided_by:
        raise RecorderIsApprover("Another person must decide about this output.")
    return output


def _decided(session: Session, output_id: UUID, wanted: Mapping[str, Any]) -> OutputDecision | None:
    known = session.get(OutputDecision, output_id)
    if known is not None and any(getattr(known, key) != value for key, value in wanted.items() if key != "lot"):
        raise AlreadyDecided(f"It was {known.decision}.", decision=known.decision, lot=known.lot)
    return known


def _decide(session: Session, output: Output, decided_by: str, wanted: Mapping[str, Any]) -> OutputDecision:
    """Post the decision; if somebody else was first, theirs counts (the primary key lets one through)."""
    values = {"proposed_by": output.proposed_by, "decided_by": decided_by, "decided_at": now(), **wanted}
    statement = insert(OutputDecision).values(output_id=output.id, **values)
    session.execute(statement.on_conflict_do_nothing().returning(literal(1))).first()
    session.expire_all()
    decision = _decided(session, output.id, wanted)
    assert decision is not None
    return decision


def new_lot_code() -> str:
    """10 random characters: a lot's public page cannot be guessed, and lots cannot be counted."""
    return "".join(secrets.choice(_LOT_ALPHABET) for _ in range(10))
