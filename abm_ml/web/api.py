"""The API: the same rows as the pages, for programs; signed in by a token of `abm-ml user token`, or by a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from abm_ml.errors import AbmError
from abm_ml.web.access import Signed, Visit, desk_of
from abm_ml.web.program_records import KpiQuery
from abm_ml.web.records import ListRow
from abm_ml.web.schemas import (
    AccountAnswer,
    AccountList,
    AccountQuestion,
    Answer,
    Health,
    HistoryAnswer,
    HistoryList,
    KpiAnswer,
    KpiList,
    KpiQuestion,
    OneAccount,
    Problem,
    ReasonAnswer,
    ReasonList,
)

_SIGN_IN: Any = {401: {"model": Problem}, 429: {"model": Problem}, 503: {"model": Problem}}
_QUESTION: Any = {400: {"model": Problem}, **_SIGN_IN}
_ACCOUNT: Any = {404: {"model": Problem}, **_SIGN_IN}

router = APIRouter(tags=["accounts"])


@router.get("/api/accounts", responses=_QUESTION)
def accounts(visit: Signed, question: Annotated[AccountQuestion, Query()]) -> AccountList:
    """The viewer's accounts, a page at a time."""
    found = visit.store.accounts(visit.viewer, question.query())
    rows = [_account(row) for row in found.rows]
    return AccountList(**_mark(visit), total=found.total, page=question.page, size=question.size, accounts=rows)


# Ids of accounts may hold any sign, so these two come before the account itself.
@router.get("/api/accounts/{account_id:path}/reasons", responses=_ACCOUNT)
def reasons(visit: Signed, account_id: str) -> ReasonList:
    """Why the scores of an account are what they are."""
    found = visit.store.reasons(visit.viewer, account_id)
    return ReasonList(**_mark(visit), account_id=account_id, reasons=list(_flat(ReasonAnswer, found)))


@router.get("/api/accounts/{account_id:path}/history", responses=_ACCOUNT)
def history(visit: Signed, account_id: str) -> HistoryList:
    """The scores of an account in this run and in those before it."""
    found = visit.store.history(visit.viewer, account_id)
    return HistoryList(**_mark(visit), account_id=account_id, history=list(_flat(HistoryAnswer, found)))


@router.get("/api/accounts/{account_id:path}", responses=_ACCOUNT)
def account(visit: Signed, account_id: str) -> OneAccount:
    """An account with its scores."""
    return OneAccount(**_mark(visit), account=_account(visit.store.listed(visit.viewer, account_id)))


@router.get("/api/program/kpis", responses=_QUESTION, tags=["program"])
def program_kpis(visit: Signed, question: Annotated[KpiQuestion, Query()]) -> KpiList:
    """The KPI report; who does not see all accounts gets no cut by owner or territory."""
    query = KpiQuery(**question.model_dump())
    found, total = visit.store.kpis(visit.viewer, query)
    rows = [KpiAnswer.model_validate(row) for row in found]
    return KpiList(**_mark(visit), total=total, page=query.page, size=query.size, kpis=rows)


@router.get("/healthz", responses={503: {"model": Health}}, tags=["service"], response_model=Health)
def health(request: Request) -> Response | Health:
    """Whether there are scores to show, of which date, and how old they are; anybody may ask."""
    desk = desk_of(request)
    try:
        run = desk.current.store.run
    except AbmError:
        return JSONResponse(Health(status="no scores").model_dump(mode="json"), 503)
    today = dt.datetime.fromtimestamp(desk.clock(), dt.UTC).date()
    age = (today - run.as_of).days
    old: Any = "old" if age > desk.config.old_after_days else "ok"
    return Health(
        status="newer run unreadable" if desk.current.problem else old,
        run_id=run.run_id,
        as_of=run.as_of,
        age_days=age,
        newest_event=run.newest_event,
    )


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(_visit: Signed) -> dict[str, Any]:
    """This API in the words of OpenAPI."""
    return described()


def described() -> dict[str, Any]:
    """The OpenAPI document: all routes of this file, with what a wrong question is answered."""
    document = get_openapi(
        title="abm_ml",
        version="1",
        description="Published scores of B2B accounts, their reasons and history, and the KPI report.",
        routes=router.routes,
    )
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            operation["responses"].pop("422", None)  # a wrong question is answered by 400 here
            if path != "/healthz":
                operation["security"] = [{"token": []}]
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


def _mark(visit: Visit) -> dict[str, Any]:
    return {"run_id": visit.store.run.run_id, "as_of": visit.store.run.as_of}


def _account(row: ListRow) -> AccountAnswer:
    fields = {name: getattr(row, name) for name in AccountAnswer.model_fields if name != "scores"}
    return AccountAnswer.model_validate({**fields, "scores": list(row.scores.values())})


def _flat(kind: type[Answer], by_label: Mapping[str, Iterable[object]]) -> Iterable[Any]:
    """Records by label as one list, each with its label."""
    names = [name for name in kind.model_fields if name != "label"]
    for label, records in by_label.items():
        for each in records:
            yield kind.model_validate({"label": label, **{name: getattr(each, name) for name in names}})
