-- The log of that trade, as the relay would have moved it.
INSERT INTO event_log (seq, event_id, type, subject, "time", traceparent, data, logged_at)
SELECT (SELECT last_seq FROM stream) + s.n + 1, pg_temp.id('event', s.n, s.at), 'lapak.sales.SaleRecorded.v1', s.id::text, s.at, '', jsonb_build_object(
           'sale_id', s.id, 'outlet', s.outlet, 'register', s.register, 'register_no', s.register_no,
           'sold_at', pg_temp.wire(s.at), 'lines', l.lines, 'total', l.total), s.at
  FROM h_sale s JOIN (
       SELECT n, sum(quantity * unit_price) AS total, jsonb_agg(jsonb_build_object(
                  'line_id', id, 'sku', sku, 'lot', lot, 'quantity', quantity, 'unit_price', unit_price, 'discount', 0,
                  'amount', quantity * unit_price) ORDER BY j) AS lines
         FROM h_line GROUP BY n) l USING (n) ORDER BY s.n;
INSERT INTO event_log (seq, event_id, type, subject, "time", traceparent, data, logged_at)
SELECT (SELECT last_seq FROM stream) + current_setting('history.sales')::bigint + r.place, pg_temp.id('back', r.n, r.at), 'lapak.sales.SaleReturned.v1',
       r.id::text, r.at, '', jsonb_build_object(
           'return_id', r.id, 'sale_id', r.sale_id, 'outlet', r.outlet, 'returned_at', pg_temp.wire(r.at),
           'lines', jsonb_build_array(jsonb_build_object(
               'line_id', r.line_id, 'sku', r.sku, 'lot', r.lot, 'quantity', r.quantity,
               'amount', r.quantity * r.unit_price, 'reason_code', 'stale', 'restock', true))), r.at
  FROM h_return r ORDER BY r.place;
UPDATE stream SET last_seq = (SELECT max(seq) FROM event_log);
