"""The commands of the page's door: users, tokens and feedback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from abm_ml.publishing.feedback import Feedback, write_feedback
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.people import people_at
from tests.cli.command import Answer, call
from tests.web.conftest import cheap


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A workspace's configuration, with keys that only the jobs know."""
    path = tmp_path / "here.yaml"
    path.write_text(f"workspace: {tmp_path / 'ws'}\nsource: {{kind: synthetic, accounts: 10}}\n")
    return path


def user(config: Path, *arguments: str) -> Answer:
    """A command about users."""
    return call("user", *arguments, "-c", config)


def test_a_user_gets_a_first_password_and_is_listed(config: Path) -> None:
    """It is printed once and stored nowhere; the list says what a user sees and whether one has come."""
    added = user(config, "add", "Ada", "--owner", "S1", "--territory", "West")
    first = re.search(r"for one use: ([0-9a-f-]{34})", added.out)
    assert added.code == 0
    assert first
    assert user(config, "list").out == "ada; seller; owner S1, territory West; has not come yet\n"
    kept = b"".join(path.read_bytes() for path in (config.parent / "ws" / "web").iterdir())
    assert first[1].encode() not in kept
    assert people_at(config.parent / "ws", WebConfig()).users.check("ADA", first[1]).first


def test_a_user_is_changed_shut_out_and_let_in(config: Path) -> None:
    """Each by one command, and the list shows it."""
    user(config, "add", "ada", "--owner", "S1")
    user(config, "change", "ada", "--role", "manager")
    assert user(config, "list").out.startswith("ada; manager; all accounts")
    user(config, "disable", "ada")
    assert "shut out" in user(config, "list").out
    user(config, "enable", "ada")
    assert "shut out" not in user(config, "list").out
    assert "for one use" in user(config, "reset", "ada").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "ada"), "would see no account"),
        (("add", "ada", "--role", "boss"), "There is: seller"),
        (("add", " ", "--role", "admin"), "at least one sign"),
        (("reset", "bob"), "There is no user 'bob'"),
        (("token", "bob"), "There is no user 'bob'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(config: Path, arguments: tuple[str, ...], told: str) -> None:
    """A seller without accounts, a role or user that does not exist, a name of nothing: exit code 2."""
    answer = user(config, *arguments)
    assert (answer.code, told in answer.err) == (2, True)


def test_two_users_of_one_name_are_refused(config: Path) -> None:
    """Capitals and ways of writing make no other name."""
    user(config, "add", "Zoë", "--role", "admin")
    assert "already" in user(config, "add", "ZOE\u0308", "--role", "admin").err


def test_a_token_opens_the_api_with_its_users_rights(config: Path) -> None:
    """It is shown once, and good for some days."""
    user(config, "add", "ada", "--owner", "S1")
    token = user(config, "token", "ada", "--days", "1").out.strip()
    assert people_at(config.parent / "ws", WebConfig(), passwords=cheap()).sessions.of_token(token).owners == ("S1",)


def test_feedback_comes_back_as_a_table(config: Path, tmp_path: Path) -> None:
    """Both numbers of each note, on the screen, for machines and as a file; without any, an empty table."""
    out = tmp_path / "said.parquet"
    assert call("feedback", "-c", config, "--out", out).code == 0
    assert pq.read_table(out).num_rows == 0
    said = Feedback(
        at="2026-07-01T09:00:00.000", user="ada", run_id="r", as_of="2026-06-30", account_id="A1", label="win",
        model=None, probability=0.4, verdict="disagree", because="they merge", estimate=0.9,
    )  # fmt: skip
    write_feedback(tmp_path / "ws", said)
    shown = call("feedback", "-c", config, "--out", out)
    assert "they merge" in shown.out
    (row,) = pq.read_table(out).to_pylist()
    assert (row["probability"], row["estimate"], row["account_id"]) == (0.4, 0.9, "A1")
    assert json.loads(call("feedback", "-c", config, "--json").out)["said"][0]["because"] == "they merge"
