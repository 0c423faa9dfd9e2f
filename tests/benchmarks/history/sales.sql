-- What sales would hold after that trade.
INSERT INTO product (sku, name_id, name_en, workshop, category, unit, list_price, active, version)
SELECT 'BARANG-' || k, 'Barang ' || k, 'Goods ' || k, 'BENGKEL-' || k % 10, 'pangan', 'buah', 1000 * (1 + k % 20), true, 1
  FROM generate_series(0, 199) AS k ON CONFLICT DO NOTHING;
INSERT INTO product_price (sku, version, list_price)
SELECT 'BARANG-' || k, 1, 1000 * (1 + k % 20) FROM generate_series(0, 199) AS k ON CONFLICT DO NOTHING;
INSERT INTO outlet (code, name, kind, placeholder, version)
SELECT 'KEDAI-' || k, 'Kedai ' || k, 'permanent', false, 1 FROM generate_series(0, 7) AS k ON CONFLICT DO NOTHING;
INSERT INTO register (code, outlet, name, placeholder, version)
SELECT 'KASIR-' || k, 'KEDAI-' || k, 'Kasir ' || k, false, 1 FROM generate_series(0, 7) AS k ON CONFLICT DO NOTHING;
INSERT INTO register_placement (register, since, outlet)
SELECT code, '0001-01-01 00:00:00+00', outlet FROM register ON CONFLICT DO NOTHING;
INSERT INTO lot (code, sku, workshop, made_on, expires_on)
SELECT lot, sku, 'BENGKEL-' || split_part(sku, '-', 2)::int % 10, first_at::date - 1, first_at::date + 60 FROM h_lot ORDER BY 1;

INSERT INTO shift (id, register, outlet, opened_at, effective_at, opening_float, cashier, content_hash)
SELECT DISTINCT shift_id, register, outlet, day::timestamp AT TIME ZONE 'Asia/Makassar', day::timestamp AT TIME ZONE 'Asia/Makassar', 0, 'kasir-1',
       sha256(shift_id::text::bytea) FROM h_sale;
INSERT INTO sale (id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day, drift, total,
                  sums_ok, content_hash)
SELECT s.id, s.register, s.outlet, s.register_no, s.shift_id, s.at, s.at, s.at, s.day, NULL, l.total, true,
       sha256(s.id::text::bytea)
  FROM h_sale s JOIN (SELECT n, sum(quantity * unit_price) AS total FROM h_line GROUP BY n) l USING (n) ORDER BY s.n;
INSERT INTO register_numbers AS n (register, seen, received)
SELECT register, range_agg(int8range(register_no, register_no + 1)), count(*) FROM h_sale GROUP BY register
ON CONFLICT (register) DO UPDATE SET seen = n.seen + excluded.seen, received = n.received + excluded.received;
INSERT INTO sale_line (sale_id, id, sku, lot, quantity, unit_price, discount, amount)
SELECT sale_id, id, sku, lot, quantity, unit_price, 0, quantity * unit_price FROM h_line ORDER BY n, j;
INSERT INTO payment (sale_id, id, shift_id, kind, amount)
SELECT s.id, pg_temp.id('payment', s.n, s.at), s.shift_id, s.paid_by, l.total
  FROM h_sale s JOIN (SELECT n, sum(quantity * unit_price) AS total FROM h_line GROUP BY n) l USING (n) ORDER BY s.n;
INSERT INTO sale_return (id, sale_id, register, outlet, shift_id, returned_at, received_at, effective_at, business_day, refund_kind,
                         refund_amount, content_hash)
SELECT id, sale_id, register, outlet, shift_id, at, at, at, day, 'cash', quantity * unit_price, sha256(id::text::bytea) FROM h_return;
INSERT INTO return_line (return_id, id, line_id, sku, lot, quantity, amount, reason_code, restock)
SELECT id, id, line_id, sku, lot, quantity, quantity * unit_price, 'stale', true FROM h_return;
INSERT INTO return_verdict (return_id, verdict) SELECT id, 'recorded' FROM h_return;
-- Every day but the last has been counted.
INSERT INTO shift_close (shift_id, closed_at, effective_at, expected, counted, posted_at)
SELECT h.id, h.opened_at + interval '1 day', h.opened_at + interval '1 day', cash.amount, cash.amount, h.opened_at + interval '1 day'
  FROM shift h CROSS JOIN LATERAL (
       SELECT coalesce((SELECT sum(amount) FROM payment p WHERE p.shift_id = h.id AND p.kind = 'cash'), 0)
            - coalesce((SELECT sum(refund_amount) FROM sale_return r WHERE r.shift_id = h.id), 0) AS amount) AS cash
 WHERE h.register LIKE 'KASIR-%' AND h.opened_at + interval '1 day' < current_setting('history.until')::timestamptz;

-- What was sold without a lot stands against none.
INSERT INTO received_line (receipt_id, outlet, sku, lot, good)
SELECT pg_temp.id('receipt' || outlet, split_part(lot, '-', 3)::bigint, '2020-01-01'), outlet, sku, lot, sold + remaining
  FROM h_shelf WHERE lot IS NOT NULL;
INSERT INTO outlet_stock (outlet, sku, lot, on_hand)
SELECT s.outlet, s.sku, s.lot, CASE WHEN s.lot IS NULL THEN -s.sold ELSE s.remaining + coalesce(back.quantity, 0) END
  FROM h_shelf s LEFT JOIN (SELECT outlet, sku, lot, sum(quantity) AS quantity FROM h_return GROUP BY 1, 2, 3) back
    ON (back.outlet, back.sku) = (s.outlet, s.sku) AND back.lot = s.lot;

-- What is odd stands; a person has closed all but the last twentieth.
INSERT INTO work_item (code, owner, subject, outlet, sale_id, line_id, sku, lot, opened_at, closed_at, closed_by)
SELECT o.code, o.owner, l.sale_id || '/' || l.id, l.outlet, l.sale_id, l.id, l.sku, l.lot, l.at,
       CASE WHEN l.n < current_setting('history.sales')::bigint * 0.95 THEN l.at + interval '1 day' END,
       CASE WHEN l.n < current_setting('history.sales')::bigint * 0.95 THEN 'kota' END
  FROM h_line l CROSS JOIN LATERAL (VALUES
       ('lot-missing', 'outlet', l.lot IS NULL), ('price-differs', 'city', l.j = 1 AND l.n % 250 = 9)) AS o (code, owner, holds)
 WHERE o.holds ORDER BY l.n;
