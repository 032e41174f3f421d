"""The pages that people read: each asks the store for what its viewer may see, and renders one template."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from abm_ml.web import exports, filters, listing
from abm_ml.web.access import Signed, Visit
from abm_ml.web.figures import backtest_picture, reliability_picture
from abm_ml.web.panels import account_context, notes_of
from abm_ml.web.program import CUTS, Program, program_of
from abm_ml.web.records import ListQuery, Viewer
from abm_ml.web.rendering import render
from abm_ml.web.store import Store

router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
_PROGRAMS_KEPT = 8


@router.get("/accounts")
def accounts(visit: Signed, request: Request) -> Response:
    """My accounts: the list as its address asks for it."""
    query = _asked(request)
    shown = listing.Listing(query, visit.store.accounts(visit.viewer, query))
    choices = visit.store.choices(visit.viewer)
    return _page(
        visit,
        "accounts.html",
        listing=shown,
        views=listing.views(query),
        boxes=filters.boxes(shown, choices),
        chips=filters.chips(shown, choices),
    )


@router.get("/accounts/export.{kind}")
def export(visit: Signed, request: Request, kind: str) -> Response:
    """The list as a file, with all its pages."""
    if kind not in exports.KINDS:
        raise HTTPException(404)
    rows = visit.store.export(visit.viewer, _asked(request))
    run = visit.store.run
    content = exports.written(rows, run, [model.label for model in visit.store.models], kind)
    visit.audit("export", f"{len(rows)} rows as {kind}")
    name = exports.file_name(run, kind)
    return Response(
        content, media_type=exports.KINDS[kind], headers={"content-disposition": f'attachment; filename="{name}"'}
    )


@router.get("/accounts/{account_id:path}")
def account(visit: Signed, request: Request, account_id: str) -> Response:
    """An account: its scores, why, what changed, what could be done, and who and what is known of it."""
    found = visit.store.account(visit.viewer, account_id)
    return _page(
        visit,
        "account.html",
        back=listing.PATH,
        notes=notes_of(visit.feedback(account_id)),
        noted="noted" in request.query_params,
        **account_context(found, visit.store.models),
    )


@router.get("/program")
def program(visit: Signed) -> Response:
    """The program: goals, first numbers, the funnel and all KPIs."""
    return _page(visit, "program.html", program=_program(visit.store, visit.viewer))


@router.get("/models")
def models(visit: Signed) -> Response:
    """The models: what each answers and whether it may be trusted."""
    return _page(visit, "models.html", models=visit.store.models)


@router.get("/models/{label}")
def model(visit: Signed, label: str) -> Response:
    """A model: how good it was, whether its probabilities come true, its card."""
    found = next((each for each in visit.store.models if each.label == label), None)
    if found is None:
        raise HTTPException(404)
    return _page(
        visit,
        "model.html",
        model=found,
        reliability=reliability_picture(found),
        backtest=backtest_picture(found),
    )


def _page(visit: Visit, template: str, **context: Any) -> Response:
    return HTMLResponse(render(template, **visit.context, **context))


def _asked(request: Request) -> ListQuery:
    return listing.query_of(request.query_params.multi_items())


@lru_cache(_PROGRAMS_KEPT)
def _program(store: Store, viewer: Viewer) -> Program:
    rows, run = store.program(viewer, cuts=CUTS), store.run
    return program_of(rows, store.kpi_definitions, stages=run.funnel, currency=run.currency)
