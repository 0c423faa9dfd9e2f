-- The trade itself, drawn from numbers alone: the same in each service's database. Settings: history.sales, history.until,
-- history.products (of which something is sold).
-- (Each parameter once, and no more certain than what they call: so they are inlined, which is ten times as fast.)
CREATE FUNCTION pg_temp.id(kind text, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT overlay(md5(kind || n) PLACING lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
                   FROM 1 FOR 13)::uuid $$;
CREATE FUNCTION pg_temp.dice(n bigint, kind text, sides int) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT (hashint8extended(n, ascii(kind)) & 65535)::int % sides $$;
CREATE FUNCTION pg_temp.wire(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

-- Eight shops of one register each; 1,000,000 sales make a year, and fewer of them a shorter one.
CREATE TEMPORARY TABLE h_sale AS
SELECT n, pg_temp.id('sale', n, at) AS id, 'KEDAI-' || n % 8 AS outlet, 'KASIR-' || n % 8 AS register,
       n / 8 + 1 AS register_no, at, day,
       (ARRAY[1, 1, 2, 2, 2, 2, 3, 3, 3, 4])[n % 10 + 1] AS lines, n / 5000 AS period,
       CASE WHEN pg_temp.dice(n, 'k', 10) < 7 THEN 'cash' ELSE 'qris' END AS paid_by,
       overlay(md5('shift' || n % 8 || day) PLACING '7' FROM 13 FOR 1)::uuid AS shift_id
  FROM generate_series(0, current_setting('history.sales')::bigint - 1) AS n
 CROSS JOIN LATERAL (
       SELECT date_trunc('milliseconds', current_setting('history.until')::timestamptz)
              - (current_setting('history.sales')::bigint - n) * interval '31.536 s' AS at) AS moment
 CROSS JOIN LATERAL (SELECT CAST(at AT TIME ZONE 'Asia/Makassar' AS date) AS day) AS calendar;

-- 200 products; every 5,000 sales each of them has a new lot. One in 100 lines has no lot, one in 575 another price.
CREATE TEMPORARY TABLE h_line AS
SELECT s.n, s.id AS sale_id, pg_temp.id('line', s.n * 8 + j, s.at) AS id, j, s.outlet, s.at, x.sku,
       CASE WHEN j = 1 AND s.n % 43 = 7 THEN NULL ELSE x.sku || '-' || s.period END AS lot,
       1 + pg_temp.dice(s.n * 8 + j, 'q', 3) AS quantity,
       x.price + CASE WHEN j = 1 AND s.n % 250 = 9 THEN 500 ELSE 0 END AS unit_price
  FROM h_sale s CROSS JOIN LATERAL generate_series(1, s.lines) AS j
 CROSS JOIN LATERAL (SELECT pg_temp.dice(s.n * 8 + j, 's', current_setting('history.products')::int) AS k) AS product
 CROSS JOIN LATERAL (SELECT 'BARANG-' || k AS sku, 1000 * (1 + k % 20) AS price) AS x;

-- One sale in five hundred comes back: its first line, whole.
CREATE TEMPORARY TABLE h_return AS
SELECT s.n, row_number() OVER (ORDER BY s.n) AS place, pg_temp.id('return', s.n, s.at) AS id, s.id AS sale_id,
       s.outlet, s.register, s.shift_id, s.at, s.day, l.id AS line_id, l.sku, l.lot, l.quantity, l.unit_price
  FROM h_sale s JOIN h_line l ON l.n = s.n AND l.j = 1 WHERE s.n % 500 = 3 AND l.lot IS NOT NULL;

CREATE TEMPORARY TABLE h_lot AS
SELECT sku, lot, split_part(lot, '-', 3)::bigint AS period, min(at) AS first_at FROM h_line WHERE lot IS NOT NULL GROUP BY 1, 2;
-- A shop sells out of a lot before it is sent the one after the next: five are left of its last two.
CREATE TEMPORARY TABLE h_shelf AS
SELECT outlet, sku, lot, sum(quantity) AS sold, min(at) AS first_at,
       CASE WHEN split_part(lot, '-', 3)::bigint >= (current_setting('history.sales')::bigint - 1) / 5000 - 1
            THEN 5 ELSE 0 END AS remaining
  FROM h_line GROUP BY 1, 2, 3;
ANALYZE h_sale; ANALYZE h_line; ANALYZE h_return; ANALYZE h_lot; ANALYZE h_shelf;
