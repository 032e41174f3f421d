-- The KPIs of the CRM (Maven) in plain SQL over the files as they are: a second calculation that knows nothing of abm_ml.
-- A view per KPI: period_from, cut, perhaps part, value and what else the KPI tells. Cuts are written as in the report.
-- The variable as_of is the day at whose beginning everything is told.

CREATE TABLE quarters AS
SELECT b AS begins, least(b + INTERVAL 3 MONTH, getvariable('as_of')) AS ends, b - INTERVAL 3 MONTH AS begins_before,
    -- A quarter that is not over is compared with as much of the one before.
    CASE WHEN b + INTERVAL 3 MONTH <= getvariable('as_of') THEN b ELSE b - INTERVAL 3 MONTH + (getvariable('as_of') - b) END AS ends_before
FROM generate_series(TIMESTAMP '2016-10-01', getvariable('as_of') - INTERVAL 1 DAY, INTERVAL 3 MONTH) AS s (b);

CREATE TABLE deals AS
SELECT opportunity_id, account, sales_agent, deal_stage = 'Won' AND is_closed AS won, engage_date::TIMESTAMP AS opened,
    CASE WHEN is_closed THEN close_date::TIMESTAMP END AS closed,
    CASE WHEN won THEN close_value ELSE sales_price END::DECIMAL(18, 2) AS amount,
    date_diff('day', engage_date, close_date) AS days
FROM (SELECT *, coalesce(close_date < getvariable('as_of'), false) AS is_closed FROM 'sales_pipeline.csv') AS d
JOIN 'products.csv' AS p ON p.product = replace(d.product, 'GTXPro', 'GTX Pro')
WHERE account IS NOT NULL AND engage_date < getvariable('as_of');

-- An account exists from its first deal on and belongs to the agent of that deal. Two deals of one day: as in the file.
CREATE TABLE firsts AS
SELECT account, arg_min(sales_agent, (engage_date, line)) AS agent, min(engage_date)::TIMESTAMP AS created
FROM (SELECT *, row_number() OVER () AS line FROM 'sales_pipeline.csv')
WHERE account IS NOT NULL AND engage_date < getvariable('as_of') GROUP BY account;

CREATE TABLE accounts AS
SELECT account, created, agent, replace(sector, 'technolgy', 'technology') AS industry,
    replace(office_location, 'Philipines', 'Philippines') AS country,
    CASE WHEN employees < 1 THEN NULL WHEN employees < 10 THEN '1-9' WHEN employees < 50 THEN '10-49'
        WHEN employees < 250 THEN '50-249' WHEN employees < 1000 THEN '250-999' WHEN employees < 5000 THEN '1000-4999'
        ELSE '5000+' END AS size_band
FROM 'accounts.csv' JOIN firsts USING (account);

-- Entering a stage: engaging and won. An account with many deals goes to and fro; entering the same stage again is no move.
CREATE TABLE entries AS
SELECT account, stage, at_time FROM (
    SELECT account, stage, at_time, lag(stage) OVER (PARTITION BY account ORDER BY at_time, stage) AS before
    FROM (
        SELECT account, 1 AS stage, opened AS at_time FROM deals
        UNION ALL SELECT account, 2, closed FROM deals WHERE won
    )
) WHERE before IS DISTINCT FROM stage;

CREATE TABLE stays AS
SELECT *, lead(at_time) OVER by_account AS left_at, CASE stage WHEN 1 THEN 'engaging' ELSE 'won' END AS part
FROM entries WINDOW by_account AS (PARTITION BY account ORDER BY at_time, stage);

-- Who each account was in each quarter, once per cut.
CREATE TABLE standing AS
SELECT q.*, a.*,
    EXISTS (FROM deals AS d WHERE d.account = a.account AND opened < begins AND (closed IS NULL OR closed >= begins)) AS open_begin,
    EXISTS (FROM deals AS d WHERE d.account = a.account AND opened < ends AND (closed IS NULL OR closed >= ends)) AS open_end,
    coalesce((SELECT max_by(part, (at_time, stage)) FROM stays AS s WHERE s.account = a.account AND at_time < begins), 'unknown') AS stage
FROM quarters AS q JOIN accounts AS a ON a.created < q.ends;

CREATE TABLE who AS
SELECT begins, ends, begins_before, ends_before, account, unnest([
    'all', 'program=out', 'account=' || account, 'industry=' || industry, 'size_band=' || size_band, 'country=' || country, 'owner=' || agent,
    'stage=' || stage, 'industry=' || industry || ', size_band=' || size_band,
    'lifecycle=' || CASE WHEN created >= begins THEN 'none' WHEN open_begin THEN 'prospect' ELSE 'target' END
]) AS cut
FROM standing;

CREATE TABLE cells AS
SELECT DISTINCT begins, ends, cut FROM who UNION SELECT begins, ends, 'all' FROM quarters;

-- The deals of each quarter and cut, open at any moment of it or closed in it.
CREATE TABLE alive AS
SELECT w.begins, w.ends, w.cut, d.*, coalesce(d.closed < w.ends, false) AS done
FROM deals AS d JOIN who AS w ON w.account = d.account AND opened < ends AND (closed IS NULL OR closed >= begins);

CREATE VIEW win_rate AS
SELECT begins AS period_from, cut, count(*) FILTER (won AND done) / nullif(count(*) FILTER (done), 0) AS value
FROM cells LEFT JOIN alive USING (begins, ends, cut) GROUP BY ALL;

CREATE VIEW average_deal_size AS
SELECT begins AS period_from, cut, avg(amount) FILTER (won AND done) AS value, median(amount) FILTER (won AND done) AS "median"
FROM cells LEFT JOIN alive USING (begins, ends, cut) GROUP BY ALL;

CREATE VIEW sales_cycle_length AS
SELECT begins AS period_from, cut, avg(days) FILTER (won AND done) AS value, median(days) FILTER (won AND done) AS "median"
FROM cells LEFT JOIN alive USING (begins, ends, cut) GROUP BY ALL;

-- Deals x size x win rate / cycle: money per day.
CREATE VIEW pipeline_velocity AS
SELECT begins AS period_from, cut,
    count(opportunity_id) * (avg(amount) FILTER (won AND done)) * (count(*) FILTER (won AND done) / nullif(count(*) FILTER (done), 0))
    / nullif(avg(days) FILTER (won AND done), 0) AS value
FROM cells LEFT JOIN alive USING (begins, ends, cut) GROUP BY ALL;

CREATE VIEW target_accounts AS
SELECT begins AS period_from, cut, count(account) AS value, count(account) / nullif(count(DISTINCT agent), 0) AS per_seller
FROM cells LEFT JOIN (SELECT w.*, agent FROM who AS w JOIN accounts USING (account)) USING (begins, ends, cut) GROUP BY ALL;

CREATE VIEW accounts_entering_pipeline AS
SELECT begins AS period_from, cut, count(account) FILTER (created >= begins) AS value,
    count(account) FILTER (created >= begins) / nullif(count(account), 0) AS share
FROM cells LEFT JOIN (SELECT w.*, created FROM who AS w JOIN accounts USING (account)) USING (begins, ends, cut) GROUP BY ALL;

-- Revenue is what was won, because there are no orders.
CREATE VIEW revenue_growth AS
WITH sold AS (
    SELECT begins, cut, coalesce(sum(amount) FILTER (closed >= begins AND closed < ends), 0) AS now,
        coalesce(sum(amount) FILTER (closed >= begins_before AND closed < ends_before), 0) AS before
    FROM cells LEFT JOIN who USING (begins, ends, cut) LEFT JOIN (FROM deals WHERE won) USING (account) GROUP BY ALL
)
SELECT begins AS period_from, cut, now / nullif(before, 0) - 1 AS value, NULL::DOUBLE AS program, NULL::DOUBLE AS over_overall,
    now AS revenue, 0.0 AS revenue_program
FROM sold;

-- Of the accounts in a stage at the quarter's start, or entering it in the quarter, those that reached a later one in it.
CREATE VIEW progression_rate AS
WITH stints AS (
    SELECT w.begins, w.cut, w.account, s.part, s.stage,
        bool_or(EXISTS (
            FROM entries AS e WHERE e.account = s.account AND e.stage > s.stage AND e.at_time >= s.at_time
            AND e.at_time >= w.begins AND e.at_time < w.ends
        )) AS advanced,
        bool_or(s.stage = 2 AND coalesce(left_at < w.ends, false)) AS moved_back
    FROM stays AS s JOIN who AS w ON w.account = s.account AND s.at_time < w.ends AND (left_at IS NULL OR left_at >= w.begins)
    GROUP BY ALL
), parts AS (
    SELECT begins, cut, part, advanced, moved_back, stage FROM stints
    UNION ALL SELECT begins, cut, NULL, advanced, moved_back, stage FROM stints
), found AS (
    SELECT begins, cut, part, count(*) FILTER (advanced AND stage = 1) / nullif(count(*) FILTER (stage = 1), 0) AS value,
        0.0 AS skipped, count(*) FILTER (moved_back) AS moved_back
    FROM parts GROUP BY ALL
)
SELECT begins AS period_from, cut, part, value, skipped, moved_back FROM found
UNION ALL SELECT begins, cut, NULL, NULL, 0, 0 FROM cells WHERE (begins, cut) NOT IN (SELECT (begins, cut) FROM found);

CREATE VIEW time_in_stage AS
SELECT w.begins AS period_from, cut, part, avg(days) AS value, median(days) AS "median", avg(days) FILTER (won_later) AS won
FROM (
    SELECT *, date_diff('day', at_time, left_at) AS days,
        EXISTS (FROM deals AS d WHERE d.account = s.account AND won AND closed >= at_time) AS won_later
    FROM stays AS s
) AS s JOIN who AS w ON w.account = s.account AND left_at >= begins AND left_at < ends GROUP BY ALL;

-- Open deals at the share won so far, and for each account without an open deal the new deals of a year at the mean size.
-- An account's money is told to the millionth.
CREATE VIEW obtainable_revenue AS
WITH known AS (
    SELECT begins, ends,
        coalesce(count(*) FILTER (won) / nullif(count(*), 0), 0) AS wins,
        coalesce(avg(amount) FILTER (won), 0) AS size,
        count(*) FILTER (won AND closed >= ends - INTERVAL 365 DAY) AS newly_won
    FROM quarters LEFT JOIN deals ON closed < ends GROUP BY ALL
), waiting AS (
    SELECT begins, count(*) FILTER (NOT open_end) AS targets FROM standing GROUP BY ALL
), each AS (
    SELECT s.begins, s.ends, s.account, NOT s.open_end AS waits,
        coalesce((SELECT sum(amount) FROM deals AS d WHERE d.account = s.account AND opened < s.ends AND (closed IS NULL OR closed >= s.ends)), 0) AS open_amount
    FROM standing AS s
), worth AS (
    SELECT e.begins, e.ends, e.account, open_amount * wins AS from_open,
        CASE WHEN waits THEN newly_won / targets * size ELSE 0 END AS from_new
    FROM each AS e JOIN known USING (begins) JOIN waiting USING (begins)
)
SELECT begins AS period_from, cut, coalesce(sum(round(from_open + from_new, 6)), 0) AS value,
    coalesce(sum(round(from_open + 2 * from_new, 6)), 0) AS two_years,
    coalesce(sum(round(from_open + 3 * from_new, 6)), 0) AS three_years, value AS rules, two_years AS rules_two_years, three_years AS rules_three_years
FROM cells LEFT JOIN who USING (begins, ends, cut) LEFT JOIN worth USING (begins, ends, account) GROUP BY ALL;
