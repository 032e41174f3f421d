"""What the door itself answers: feedback that is sent in, the users and static files."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from abm_ml.web.access import Administering, Signed, refuse_forged
from abm_ml.web.notes import Opinion
from abm_ml.web.rendering import render

router = APIRouter(include_in_schema=False)
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_LONG = "public, max-age=31536000, immutable"
Short = Annotated[str, Form(max_length=100)]


@router.post("/accounts/{account_id:path}/feedback")
def note_feedback(
    visit: Signed,
    account_id: str,
    label: Short,
    verdict: Short,
    because: Annotated[str, Form(max_length=2000)] = "",
    estimate: Short = "",
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keeps what a viewer says of a score."""
    refuse_forged(visit.known, csrf)
    opinion = Opinion(account_id=account_id, label=label, verdict=verdict, because=because, estimate=estimate)
    visit.desk.notes.add(visit.viewer, visit.store, opinion)
    visit.audit("feedback", account_id)
    return RedirectResponse(f"/accounts/{quote(account_id, safe='')}?noted=1#feedback", HTTPStatus.SEE_OTHER)


@router.get("/admin/users")
def users(visit: Administering) -> Response:
    """The users, for administrators."""
    return HTMLResponse(render("users.html", **visit.context, users=visit.desk.users.all()))


@router.get("/static/{name}")
def static_file(request: Request, name: str) -> Response:
    """A file of our own; one whose address names its version may be kept for long."""
    content = _files().get(name)
    if content is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kept = _FOR_LONG if "v" in request.query_params else "no-cache"
    kind = _TYPES[f".{name.rpartition('.')[2]}"]
    return Response(content, media_type=kind, headers={"cache-control": kept})


@cache
def _files() -> dict[str, bytes]:
    """The files that may be asked for, by name: no other file can be reached."""
    folder = resources.files("abm_ml.web") / "static"
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(tuple(_TYPES))}
