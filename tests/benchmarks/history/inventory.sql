-- What inventory would hold after that trade: lots made and sent to the shops, and every line sold.
INSERT INTO workshop (code, name, version)
SELECT 'BENGKEL-' || k, 'Bengkel ' || k, 1 FROM generate_series(0, 9) AS k ON CONFLICT DO NOTHING;
INSERT INTO outlet (code, name, kind, version)
SELECT 'KEDAI-' || k, 'Kedai ' || k, 'permanent', 1 FROM generate_series(0, 7) AS k ON CONFLICT DO NOTHING;
INSERT INTO product (sku, name_id, name_en, workshop, category, unit, required_skill, list_price, material_cost,
                     shelf_life_days, active, version)
SELECT 'BARANG-' || k, 'Barang ' || k, 'Goods ' || k, 'BENGKEL-' || k % 10, 'pangan', 'buah', 'bench', 1000 * (1 + k % 20), 0,
       60, true, 1 FROM generate_series(0, 199) AS k ON CONFLICT DO NOTHING;

-- One output becomes one lot; it holds what each shop sold of it and what is left there.
CREATE TEMPORARY TABLE h_output AS
SELECT l.lot, l.sku, 'BENGKEL-' || split_part(l.sku, '-', 2)::int % 10 AS workshop, l.first_at - interval '1 day' AS at,
       pg_temp.id('output' || l.sku, l.period, l.first_at) AS id, h.total
  FROM h_lot l JOIN (SELECT lot, sum(sold + remaining) AS total FROM h_shelf WHERE lot IS NOT NULL GROUP BY 1) h USING (lot);
INSERT INTO output (id, workshop, sku, good, rejected, made_at, recorded_at, received_at, proposed_by, content_hash)
SELECT id, workshop, sku, total, 0, at, at, at, 'history', sha256(id::text::bytea) FROM h_output ORDER BY id;
INSERT INTO output_maker (output_id, worker_ref, share_bp) SELECT id, 'w0history', 10000 FROM h_output;
INSERT INTO output_decision (output_id, proposed_by, decision, good, rejected, lot, decided_by, decided_at)
SELECT id, 'history', 'accepted', total, 0, lot, 'history-2', at FROM h_output;
INSERT INTO lot (code, output_id, sku, workshop, made_on, expires_on, required_skill)
SELECT lot, id, sku, workshop, (at + interval '1 day')::date - 1, (at + interval '1 day')::date + 60, 'bench' FROM h_output;

-- One note for each shop and 5,000 sales.
CREATE TEMPORARY TABLE h_note AS
SELECT outlet, period, min(first_at) - interval '1 hour' AS at, md5('note' || outlet || period)::uuid AS id
  FROM (SELECT *, split_part(lot, '-', 3)::bigint AS period FROM h_shelf WHERE lot IS NOT NULL) AS s GROUP BY 1, 2;
CREATE TEMPORARY TABLE h_sent AS
SELECT n.id AS note, n.at, s.outlet, s.sku, s.lot, s.sold + s.remaining AS quantity, md5('sent' || s.outlet || s.lot)::uuid AS line,
       'workshop/BENGKEL-' || split_part(s.sku, '-', 2)::int % 10 AS origin
  FROM h_shelf s JOIN h_note n ON n.outlet = s.outlet AND n.period = split_part(s.lot, '-', 3)::bigint;
INSERT INTO consignment (id, origin, destination, drafted_by, drafted_at, content_hash)
SELECT id, 'workshop/BENGKEL-0', 'outlet/' || outlet, 'history', at, sha256(id::text::bytea) FROM h_note;
INSERT INTO consignment_line (id, consignment_id, sku, lot, quantity) SELECT line, note, sku, lot, quantity FROM h_sent;
INSERT INTO consignment_dispatch (consignment_id, dispatched_by, dispatched_at) SELECT id, 'history', at FROM h_note;
INSERT INTO receipt (id, consignment_id, received_at, received_by, posted_at, content_hash)
SELECT id, id, at, 'history', at, sha256(id::text::bytea) FROM h_note;
INSERT INTO receipt_line (id, receipt_id, sku, lot, good, damaged) SELECT line, note, sku, lot, quantity, 0 FROM h_sent;

CREATE TEMPORARY TABLE h_move AS
SELECT 'output' AS kind, id AS document, id AS line, lot, 'production' AS source, 'workshop/' || workshop AS target, sku,
       total AS quantity, at, 0 AS leg FROM h_output
UNION ALL SELECT 'dispatch', note, line, lot, origin, 'transit', sku, quantity, at, 0 FROM h_sent
UNION ALL SELECT 'receipt', note, line, lot, 'transit', 'outlet/' || outlet, sku, quantity, at, 0 FROM h_sent
UNION ALL SELECT 'sale', sale_id, id, lot, 'outlet/' || outlet, 'customer', sku, quantity, at, 0 FROM h_line
UNION ALL SELECT 'return', id, line_id, lot, 'customer', 'outlet/' || outlet, sku, quantity, at, 0 FROM h_return;
INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at, posted_at)
SELECT kind, document, line, lot, leg, source, target, sku, quantity, at, at FROM h_move ORDER BY at;
INSERT INTO stock_balance (location, sku, lot, on_hand)
SELECT location, sku, lot, sum(delta) FROM (
       SELECT source AS location, sku, lot, -quantity AS delta FROM h_move
       UNION ALL SELECT target, sku, lot, quantity FROM h_move) AS ends
 GROUP BY location, sku, lot;
