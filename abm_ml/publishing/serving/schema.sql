-- serving.sqlite: what the page reads of one run. Written once while the run is published, then never changed; open it
-- with file:...?mode=ro&immutable=1. Texts are UTF-8, times ISO texts in UTC (2026-06-30 or 2026-06-30T12:00:00), flags
-- 0 or 1, probabilities and points shares of 1 (0.042 is 4.2 points); what is not known is null, never NaN.
-- Nothing here names a person: contacts are a role and a seniority.
PRAGMA page_size = 8192;
PRAGMA user_version = 1;  -- the format: readers refuse others

-- One row: the run itself.
CREATE TABLE run (
  format INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  as_of TEXT NOT NULL,
  previous_run_id TEXT,               -- what `change` and `changes` compare with; null: nothing was published before
  previous_as_of TEXT,
  newest_event TEXT,                  -- when the last row that the run knows happened
  currency TEXT NOT NULL,
  funnel TEXT NOT NULL,               -- JSON: the stages in order
  grades TEXT NOT NULL,               -- JSON: {"A": 0.5, ...}, the lowest probability of each; D is the rest
  levels TEXT NOT NULL,               -- JSON: {"warm": 20, ...}, the engagement points from which on a level counts
  window_days INTEGER NOT NULL,       -- over how many days engagement points count
  widest_interval REAL NOT NULL,      -- a wider interval means: not enough data to say
  what_if_accounts INTEGER            -- so many accounts per label have what_if rows; null: all
);

-- One row per label that was scored, in the order of the catalogue.
CREATE TABLE models (
  label TEXT PRIMARY KEY,             -- progression, win, churn
  place INTEGER NOT NULL,
  question TEXT NOT NULL,             -- the label's definition
  yes TEXT NOT NULL,                  -- what counts as yes, in the plural: wins
  no TEXT NOT NULL,
  wanted INTEGER NOT NULL,            -- 0: one hopes that it will not happen (churn)
  horizon_days INTEGER NOT NULL,
  model TEXT NOT NULL,                -- win/7
  sha256 TEXT NOT NULL,
  rung TEXT NOT NULL,                 -- lightgbm, logistic, rate or rules
  word TEXT NOT NULL,                 -- Ready, OK or Not ready
  trained_as_of TEXT,
  base_probability REAL NOT NULL,     -- where the reasons of every account start
  card TEXT,                          -- Markdown
  figures TEXT NOT NULL               -- JSON: {"roc_auc": {"value", "low", "high"}, ..., "rows", "accounts", "positives"},
                                      --   "comparisons": [{"baseline", "auc", "difference", "low", "high"}], and where known
                                      --   "calibration": [{"said", "happened", "low", "high", "rows"}],
                                      --   "drift": {"judged", "found": [{"feature", "text", "index", "level", "bin", "then", "now"}]} ...
);

-- One row per account that was scored.
CREATE TABLE accounts (
  account_id TEXT PRIMARY KEY,
  name TEXT,
  domain TEXT,
  website TEXT,
  industry TEXT,
  country TEXT,
  employees INTEGER,
  annual_revenue REAL,
  tier TEXT,
  owner_id TEXT,
  seller_name TEXT,
  territory TEXT,                     -- the account's own, else its seller's
  parent_account_id TEXT,
  in_program INTEGER NOT NULL,
  lifecycle TEXT NOT NULL,            -- target, prospect, client, lost or none
  stage TEXT,
  stage_number INTEGER,               -- the stage's place in the funnel, from 1
  engagement_points REAL,
  engagement_level TEXT,              -- cold, or one of run.levels
  penetration REAL,
  penetration_goal REAL,
  expected_value REAL,                -- the largest of its scores'
  lead_label TEXT NOT NULL,           -- the label that it comes from; without one, that of the highest percentile
  change REAL,                        -- of the lead label's probability since the previous run
  biggest_change REAL,                -- signed: the largest in size of any of its labels
  first_reason TEXT,                  -- of the lead label, without its effect at the end
  search TEXT NOT NULL                -- NFKC, casefolded: id, name, domain
) WITHOUT ROWID;
CREATE INDEX accounts_by_owner ON accounts (owner_id, expected_value DESC);
CREATE INDEX accounts_by_territory ON accounts (territory, expected_value DESC);
CREATE INDEX accounts_by_value ON accounts (expected_value DESC);
CREATE INDEX accounts_by_change ON accounts (biggest_change);
CREATE INDEX accounts_by_parent ON accounts (parent_account_id);

-- One row per account and label: scores.parquet, the change since the previous run, and whether there is enough data.
CREATE TABLE scores (
  account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  probability REAL NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  base_probability REAL NOT NULL,
  percentile REAL NOT NULL,
  grade TEXT NOT NULL,
  rung TEXT NOT NULL,
  model TEXT NOT NULL,
  expected_value REAL,
  currency TEXT,
  rule_score REAL,
  rule_level TEXT,
  agreement TEXT,                     -- agree, rule_higher or model_higher
  holdout INTEGER NOT NULL,
  change REAL,                        -- null: no such score in the previous run
  enough INTEGER NOT NULL,            -- 0: the interval is too wide to say
  first_reason TEXT,
  PRIMARY KEY (account_id, label)
) WITHOUT ROWID;
CREATE INDEX scores_by_probability ON scores (label, probability DESC);
CREATE INDEX scores_by_value ON scores (label, expected_value DESC);
CREATE INDEX scores_by_change ON scores (label, change);

-- The reasons of every score, strongest first, the feature 'other' (the rest) last: base_probability + points add up.
CREATE TABLE reasons (
  account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  rank INTEGER NOT NULL,
  feature TEXT NOT NULL,
  "group" TEXT,
  points REAL NOT NULL,
  controllable INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (account_id, label, rank)
) WITHOUT ROWID;

-- Why a score changed since the previous run: parts that add up to scores.change.
CREATE TABLE changes (
  account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  place INTEGER NOT NULL,             -- 1 to 4, the order in which they are told
  part TEXT NOT NULL,                 -- new_activity, time_passed, model_changed, calibration_changed
  points REAL NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (account_id, label, place)
) WITHOUT ROWID;

-- What the model would say with hypothetical rows; an association in the past, no promise.
CREATE TABLE what_if (
  account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  place INTEGER NOT NULL,             -- the scenario's place in the configuration, from 1
  scenario TEXT NOT NULL,
  text TEXT NOT NULL,                 -- 'a meeting with a key contact'
  probability_without REAL NOT NULL,
  probability_with REAL,              -- null where inside is 0
  inside INTEGER NOT NULL,            -- 0: beyond what training saw, so nothing is said
  PRIMARY KEY (account_id, label, place)
) WITHOUT ROWID;

-- The scores of this run and of the runs before it, one per date.
CREATE TABLE history (
  account_id TEXT NOT NULL,
  label TEXT NOT NULL,
  as_of TEXT NOT NULL,
  run_id TEXT NOT NULL,
  probability REAL NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  grade TEXT NOT NULL,
  model TEXT NOT NULL,
  PRIMARY KEY (account_id, label, as_of)
) WITHOUT ROWID;

-- The KPIs of the catalogue, in its order; `why` says what is missing where one is not available.
CREATE TABLE kpi_definitions (
  name TEXT PRIMARY KEY,
  place INTEGER NOT NULL,
  title TEXT NOT NULL,
  definition TEXT NOT NULL,
  formula TEXT NOT NULL,
  unit TEXT NOT NULL,
  better TEXT NOT NULL,               -- higher or lower
  family TEXT NOT NULL,
  three_r TEXT NOT NULL,
  example TEXT NOT NULL,
  reference TEXT NOT NULL,
  why TEXT
);

-- The KPIs of an account as JSON {name: value}, and those goals that hold for it {name: goal}; read them by account_kpis.
CREATE TABLE kpis (
  account_id TEXT PRIMARY KEY,
  numbers TEXT NOT NULL,
  goals TEXT NOT NULL
) WITHOUT ROWID;
CREATE VIEW account_kpis AS
SELECT account_id, name, place, title, unit, better, family, value, goal,
  CASE WHEN goal IS NULL THEN NULL WHEN better = 'higher' THEN value >= goal ELSE value <= goal END AS met
FROM (
  SELECT kpis.account_id, definition.name, definition.place, definition.title, definition.unit, definition.better,
    definition.family, number.value AS value, json_extract(kpis.goals, '$.' || number.key) AS goal
  FROM kpis, json_each(kpis.numbers) AS number JOIN kpi_definitions AS definition ON definition.name = number.key
);

-- program_kpis.parquet as it is.
CREATE TABLE program_kpis (
  name TEXT NOT NULL,
  measure TEXT NOT NULL,
  part TEXT,
  period_from TEXT,
  period_to TEXT,
  cut TEXT NOT NULL,
  value REAL,
  low REAL,
  high REAL,
  "of" REAL,
  unit TEXT NOT NULL,
  goal REAL,
  met INTEGER,
  better TEXT NOT NULL,
  family TEXT NOT NULL,
  three_r TEXT NOT NULL,
  note TEXT
);
CREATE INDEX program_kpis_by_name ON program_kpis (name, cut, period_from);

-- The newest events of an account, the newest first.
CREATE TABLE timeline (
  account_id TEXT NOT NULL,
  place INTEGER NOT NULL,
  happened_at TEXT NOT NULL,
  kind TEXT NOT NULL,                 -- the engagement's kind; else stage_entered, deal_opened, deal_won, deal_lost,
                                      --   contract_started, contract_cancelled, order, survey_answered
  channel TEXT,
  side TEXT,                          -- marketing, sales, product, support or inbound
  role TEXT,
  seniority TEXT,
  detail TEXT,                        -- the stage, the kind of deal or order, the survey's kind
  amount REAL,
  currency TEXT,
  PRIMARY KEY (account_id, place)
) WITHOUT ROWID;

-- How many people of each role and seniority are known at an account, and how many of them engaged in the window.
CREATE TABLE buying_group (
  account_id TEXT NOT NULL,
  role TEXT NOT NULL,                 -- the role in the purchase, else the one at work; '' where nobody wrote it down
  seniority TEXT NOT NULL,            -- '' where nobody wrote it down
  known INTEGER NOT NULL,
  engaged INTEGER NOT NULL,
  key_people INTEGER NOT NULL,
  PRIMARY KEY (account_id, role, seniority)
) WITHOUT ROWID;

-- The deals of an account that are open on the date.
CREATE TABLE deals (
  account_id TEXT NOT NULL,
  opportunity_id TEXT NOT NULL,
  kind TEXT NOT NULL,                 -- new, upsell, cross_sell or renewal
  opened_at TEXT NOT NULL,
  amount REAL,
  currency TEXT,
  stage TEXT,
  owner_id TEXT,
  PRIMARY KEY (account_id, opportunity_id)
) WITHOUT ROWID;

CREATE TABLE sellers (
  owner_id TEXT PRIMARY KEY,
  name TEXT,
  territory TEXT,
  capacity INTEGER
);
