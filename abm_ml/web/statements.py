"""The questions that the store asks of serving.sqlite; what is in {braces} is a condition from `selection`."""

from __future__ import annotations

RUN = """
select run_id, as_of, previous_run_id, previous_as_of, newest_event, currency, funnel, grades, levels, window_days,
  what_if_accounts
from run
"""
MODELS = """
select label, question, yes, no, wanted, horizon_days, model, rung, word, trained_as_of, base_probability, card, figures
from models order by place
"""
KPI_DEFINITIONS = """
select name, place, title, definition, formula, unit, better, family, three_r, example, reference, why
from kpi_definitions order by place
"""
PROGRAM = """
select name, measure, part, period_from, period_to, cut, value, low, high, "of", unit, goal, met, better, family,
  three_r, note
from program_kpis where {condition} order by rowid limit ? offset ?
"""
PROGRAM_COUNT = "select count(*) as total from program_kpis where {condition}"
WITH_GOAL = "goal is not null"

_LISTED = """
a.account_id, a.name, a.domain, a.industry, a.country, a.tier, a.owner_id, a.seller_name as owner_name, a.lifecycle,
a.stage, a.engagement_level, a.engagement_points, a.penetration, a.penetration_goal, a.expected_value,
a.biggest_change, a.lead_label, a.first_reason
"""
# Two steps, so that only ids are sorted and not whole rows.
IDS = "select a.account_id from accounts as a where {condition} order by {order} limit ? offset ?"
LIST = f"""
select {_LISTED} from json_each(?) as page join accounts as a on a.account_id = page.value order by page.key
"""  # noqa: S608  a constant of ours
COUNT = "select count(*) as total from accounts as a where {condition}"
TOP = """
a.account_id in (
  select a.account_id from accounts as a where {condition} order by +a.expected_value desc, a.account_id limit ?
)
"""
CAPACITY = "select sum(capacity) as capacity from sellers where {condition}"
IMPERSONAL = "instr(cut, 'owner=') + instr(cut, 'territory=') + instr(cut, 'account=') = 0"
OWNER = "iif(a.owner_id is null, null, json_array(a.owner_id, a.seller_name))"
DISTINCT = "select distinct {column} as value from accounts as a where {column} is not null and ({condition})"
ACCOUNT = f"""
select {_LISTED}, a.website, a.employees, a.annual_revenue, a.territory, a.parent_account_id
from accounts as a where a.account_id = ? and ({{condition}})
"""  # noqa: S608  a constant of ours
RELATIVES = """
select a.account_id, a.name, 'parent' as relation from accounts as a where a.account_id = ? and ({condition})
union all
select a.account_id, a.name, 'subsidiary' from accounts as a where a.parent_account_id = ? and ({condition})
order by relation, account_id limit 50
"""
SCORES = """
select s.account_id, s.label, s.probability, s.low, s.high, s.base_probability, s.percentile, s.grade, s.rung, s.model,
  models.word, s.expected_value, s.change, s.enough, s.rule_score, s.rule_level, s.agreement, s.first_reason,
  (select c.text from changes as c where c.account_id = s.account_id and c.label = s.label
   order by abs(c.points) desc, c.place limit 1) as moved_by
from scores as s join models using (label)
where s.account_id in (select value from json_each(?)) order by s.account_id, models.place
"""

REASONS = """
select label, rank, feature, "group", points, controllable, text from reasons where account_id = ? order by label, rank
"""
CHANGES = "select label, part, points, text from changes where account_id = ? order by label, place"
HISTORY = """
select label, run_id, as_of, probability, low, high, grade, model from history where account_id = ?
order by label, as_of
"""
WHAT_IF = """
select label, scenario, text, probability_without as without, probability_with as with_, inside
from what_if where account_id = ? order by label, place
"""
KPIS = """
select name, title, value, unit, better, family, goal, met from account_kpis where account_id = ? order by place
"""
BUYING_GROUP = """
select role, seniority, known, engaged, key_people from buying_group where account_id = ? order by role, seniority
"""
TIMELINE = """
select happened_at, kind, channel, side, role, seniority, detail, amount, currency
from timeline where account_id = ? order by place
"""
DEALS = """
select opportunity_id, kind, stage, opened_at, amount, currency from deals where account_id = ?
order by opened_at, opportunity_id
"""
