-- The KPIs of the marketplace (sellerhealth) in plain SQL over the files as they are: a second calculation that knows
-- nothing of abm_ml. A view per KPI: period_from, cut, value and what else the KPI tells. Cuts are written as in the report.
-- The variable as_of is the day at whose beginning everything is told.

CREATE TABLE months AS
SELECT b AS begins, least(b + INTERVAL 1 MONTH, getvariable('as_of')) AS ends, b - INTERVAL 1 MONTH AS begins_before,
    -- A month that is not over is compared with as much of the one before.
    CASE WHEN b + INTERVAL 1 MONTH <= getvariable('as_of') THEN b ELSE b - INTERVAL 1 MONTH + (getvariable('as_of') - b) END AS ends_before
FROM generate_series(TIMESTAMP '2017-01-01', getvariable('as_of') - INTERVAL 1 DAY, INTERVAL 1 MONTH) AS s (b);

CREATE TABLE sales AS
SELECT order_id, seller_id, price::DECIMAL(18, 2) AS price, order_purchase_timestamp AS bought, order_status = 'delivered' AS delivered
FROM 'olist_orders_dataset.csv.gz' JOIN 'olist_order_items_dataset.csv.gz' USING (order_id)
WHERE order_purchase_timestamp < getvariable('as_of');

CREATE TABLE orders AS FROM sales WHERE delivered;

CREATE TABLE answers AS
SELECT seller_id, review_score, review_creation_date AS sent,
    CASE WHEN review_answer_timestamp < getvariable('as_of') THEN review_answer_timestamp END AS answered
FROM 'olist_order_reviews_dataset.csv.gz' JOIN sales USING (order_id)
WHERE review_creation_date < getvariable('as_of');

-- A seller is a client where it sold something in the 28 days before.
CREATE TABLE standing AS
SELECT m.*, s.seller_id, seller_state, created, first_order,
    EXISTS (FROM orders AS o WHERE o.seller_id = s.seller_id AND bought < begins AND bought >= begins - INTERVAL 28 DAY) AS at_start,
    EXISTS (FROM orders AS o WHERE o.seller_id = s.seller_id AND bought < ends AND bought >= ends - INTERVAL 28 DAY) AS at_end,
    EXISTS (FROM orders AS o WHERE o.seller_id = s.seller_id AND bought >= begins AND bought < ends) AS ordered
FROM 'olist_sellers_dataset.csv.gz' AS s
JOIN (
    SELECT seller_id, min(bought) AS created, min(bought) FILTER (delivered) AS first_order FROM sales GROUP BY ALL
) AS f USING (seller_id)
JOIN months AS m ON created < ends;

CREATE TABLE who AS
SELECT *, unnest([
    'all', 'program=out', 'account=' || seller_id, 'country=BR-' || seller_state, 'lifecycle=' || CASE WHEN created >= begins THEN 'none'
        WHEN at_start THEN 'client' WHEN first_order < begins THEN 'lost' ELSE 'target' END
]) AS cut
FROM standing;

CREATE TABLE cells AS SELECT DISTINCT begins, ends, cut FROM who;

CREATE TABLE sold AS
SELECT begins, ends, seller_id, at_start, cut, price, bought >= begins AS now
FROM who JOIN orders USING (seller_id)
WHERE (bought >= begins AND bought < ends) OR (bought >= begins_before AND bought < ends_before);

CREATE VIEW target_accounts AS
SELECT begins AS period_from, cut, count(seller_id) AS value, NULL::DOUBLE AS per_seller FROM who GROUP BY ALL;

CREATE VIEW revenue_growth AS
WITH sums AS (
    SELECT begins, cut, coalesce(sum(price) FILTER (now), 0) AS now, coalesce(sum(price) FILTER (NOT now), 0) AS before
    FROM cells LEFT JOIN sold USING (begins, ends, cut) GROUP BY ALL
)
SELECT begins AS period_from, cut, now / nullif(before, 0) - 1 AS value, NULL::DOUBLE AS program, NULL::DOUBLE AS over_overall,
    now AS revenue, 0.0 AS revenue_program
FROM sums;

CREATE VIEW churn_rate AS
SELECT begins AS period_from, cut, count(*) FILTER (at_start AND NOT at_end) / nullif(count(*) FILTER (at_start), 0) AS value
FROM who GROUP BY ALL;

CREATE VIEW retention_rate AS
SELECT begins AS period_from, cut, count(*) FILTER (at_start AND at_end) / nullif(count(*) FILTER (at_start), 0) AS value
FROM who GROUP BY ALL;

-- The files tell first orders from later ones, and nothing else.
CREATE VIEW upsell_rate AS
SELECT begins AS period_from, cut, 0.0 / nullif(count(*) FILTER (at_start OR at_end OR ordered), 0) AS value FROM who GROUP BY ALL;

CREATE VIEW upsell_revenue_rate AS
SELECT begins AS period_from, cut, 0.0 / nullif(coalesce(sum(price) FILTER (now), 0), 0) AS value
FROM cells LEFT JOIN sold USING (begins, ends, cut) GROUP BY ALL;

CREATE VIEW cross_sell_rate AS
SELECT period_from, cut, u.value, r.value AS revenue_rate FROM upsell_rate AS u JOIN upsell_revenue_rate AS r USING (period_from, cut);

CREATE VIEW installed_base_growth AS
WITH sums AS (
    SELECT begins, cut, coalesce(sum(price) FILTER (now AND at_start), 0) AS now,
        coalesce(sum(price) FILTER (NOT now AND at_start), 0) AS before
    FROM cells LEFT JOIN sold USING (begins, ends, cut) GROUP BY ALL
)
SELECT begins AS period_from, cut, now / nullif(before, 0) - 1 AS value FROM sums;

-- From its first order to 28 days after its newest, or to the month's end if that comes first.
CREATE VIEW clv AS
WITH lives AS (
    SELECT begins, cut, w.seller_id, epoch(least(max(bought) + INTERVAL 28 DAY, ends) - min(bought)) / 86400 / 365.25 AS years
    FROM who AS w JOIN orders AS o ON o.seller_id = w.seller_id AND bought < ends GROUP BY begins, ends, cut, w.seller_id
), lived AS (
    SELECT begins, cut, avg(years) AS client_years FROM lives GROUP BY ALL
), bought AS (
    SELECT begins, cut, sum(price) FILTER (now) / nullif(count(*) FILTER (now), 0) AS purchase_value, count(*) FILTER (now) AS orders
    FROM sold GROUP BY begins, cut
), clients AS (
    SELECT begins, cut, count(*) FILTER (at_start OR at_end OR ordered) * date_diff('day', begins, ends) / 365.25 AS client_time
    FROM who GROUP BY begins, ends, cut
), told AS (
    SELECT begins, cut, purchase_value, coalesce(orders, 0) / nullif(client_time, 0) AS purchase_frequency, client_years
    FROM cells JOIN clients USING (begins, cut) LEFT JOIN bought USING (begins, cut) LEFT JOIN lived USING (begins, cut)
)
SELECT begins AS period_from, cut, purchase_value * purchase_frequency * client_years AS value, purchase_value, purchase_frequency, client_years
FROM told;

-- Four or five stars are 8 or 10 of 10 points.
CREATE VIEW csat AS
SELECT begins AS period_from, cut, avg((review_score >= 4)::INT) AS value
FROM cells LEFT JOIN who USING (begins, ends, cut)
LEFT JOIN answers AS a ON a.seller_id = who.seller_id AND answered >= begins AND answered < ends
GROUP BY ALL;

-- Of the reviews asked for in the month, those answered by now.
CREATE VIEW survey_response_rate AS
SELECT begins AS period_from, cut, count(answered) / nullif(count(sent), 0) AS value
FROM cells LEFT JOIN who USING (begins, ends, cut)
LEFT JOIN answers AS a ON a.seller_id = who.seller_id AND sent >= begins AND sent < ends GROUP BY ALL;
