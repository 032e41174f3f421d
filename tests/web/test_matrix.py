"""Every route, for every role and object: who gets in, and who sees what is there."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from tests.web.company import EAST, STRANGE, WEST
from tests.web.conftest import Page

# Who may use a route: everybody, everybody who is signed in, administrators, or (nothing being configured) nobody.
PUBLIC, SIGNED, ADMIN, NOBODY = "public", "signed", "admin", "nobody"
ROUTES = {
    ("GET", "/"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/login"): PUBLIC,
    ("GET", "/static/{name}"): PUBLIC,
    ("GET", "/login/oidc"): NOBODY,
    ("GET", "/login/oidc/callback"): NOBODY,
    ("GET", "/accounts"): SIGNED,
    ("GET", "/accounts/export.{kind}"): SIGNED,
    ("GET", "/accounts/{account_id:path}"): SIGNED,
    ("POST", "/accounts/{account_id:path}/feedback"): SIGNED,
    ("GET", "/program"): SIGNED,
    ("GET", "/models"): SIGNED,
    ("GET", "/models/{label}"): SIGNED,
    ("GET", "/api/accounts"): SIGNED,
    ("GET", "/api/accounts/{account_id:path}"): SIGNED,
    ("GET", "/api/accounts/{account_id:path}/reasons"): SIGNED,
    ("GET", "/api/accounts/{account_id:path}/history"): SIGNED,
    ("GET", "/api/program/kpis"): SIGNED,
    ("GET", "/api/openapi.json"): SIGNED,
    ("GET", "/password"): SIGNED,
    ("GET", "/admin/users"): ADMIN,
}
# These change who is signed in; tests of their own (S10, S11, S13) use them in every role.
ENTRANCE = {("POST", "/login"), ("POST", "/logout"), ("POST", "/password")}
ROLES = ("anonymous", "forged", "west", "east", "manager", "admin")
OWN = {"west": {WEST, STRANGE}, "east": {EAST}, "manager": {WEST, STRANGE, EAST}, "admin": {WEST, STRANGE, EAST}}
OBJECTS = (WEST, EAST, STRANGE, "unknown")
PLACES = {"{name}": "page.css", "{kind}": "csv", "{label}": "win"}


def routes_of(page: Page) -> set[tuple[str, str]]:
    """All routes of the app, by method and path; fails where one is of a kind that this does not see through."""
    routers = [included.original_router for included in page.app.routes]  # type: ignore[attr-defined]  # only routers
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return {(method, route.path) for route in routes for method in route.methods}


def test_every_route_is_in_the_matrix(page: Page) -> None:
    """A new route fails here until it is said who may use it."""
    assert routes_of(page) == ROUTES.keys() | ENTRANCE


@pytest.mark.parametrize("role", ROLES)
def test_every_cell_of_the_matrix(page: Page, role: str) -> None:
    """Who is not signed in is asked to; what is not one's own, or not for one's role, is not there."""
    browsers = {"anonymous": page.browser, "forged": lambda: page.browser("x" * 43)}
    browser = browsers.get(role, lambda: page.as_(role))()
    form = {"label": "win", "verdict": "agree", "csrf": page.csrf(role)} if role in OWN else {}
    cells = {
        (method, path, thing): browser.request(
            method, address_of(path, thing), data=form if method == "POST" else None
        ).status_code
        for method, path in ROUTES
        for thing in (OBJECTS if "account_id" in path else (None,))
    }
    assert cells == {cell: expected(*cell, role) for cell in cells}


def address_of(path: str, thing: str | None) -> str:
    """The address of a route, of an object where it has one."""
    for place, value in {**PLACES, "{account_id:path}": quote(thing or "", safe="")}.items():
        path = path.replace(place, value)
    return path


def expected(method: str, path: str, thing: str | None, role: str) -> int:
    """What a cell is answered."""
    access, done = ROUTES[method, path], 303 if method == "POST" or path == "/" else 200
    if access in (PUBLIC, NOBODY):
        return done if access == PUBLIC else 404
    if role not in OWN:
        return 401
    if access == ADMIN and role != "admin":
        return 404
    return done if thing is None or thing in OWN[role] else 404
