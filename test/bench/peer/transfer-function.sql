-- The same transfer as one round trip: all statements, and the answer's body, made inside the database.

CREATE FUNCTION transfer(
  p_key text, p_request_hash text, p_source text, p_destination text, p_asset text, p_amount bigint,
  p_description text, p_metadata jsonb,
  OUT status smallint, OUT response text, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  source_row      balances%ROWTYPE;
  destination_row balances%ROWTYPE;
  balance_row     balances%ROWTYPE;
  made            transactions%ROWTYPE;
BEGIN
  replayed := false;
  INSERT INTO idempotency_keys (key, request_hash) VALUES (p_key, p_request_hash) ON CONFLICT (key) DO NOTHING;
  IF NOT FOUND THEN
    SELECT CASE WHEN k.request_hash = p_request_hash THEN k.status ELSE 422 END,
           CASE WHEN k.request_hash = p_request_hash THEN k.response ELSE '{"code":"idempotency_key_reused"}' END,
           k.request_hash = p_request_hash
      INTO status, response, replayed FROM idempotency_keys k WHERE k.key = p_key;
    RETURN;
  END IF;

  FOR balance_row IN
    SELECT * FROM balances b WHERE b.asset = p_asset AND b.account_id IN (p_source, p_destination) ORDER BY b.account_id FOR UPDATE
  LOOP
    IF balance_row.account_id = p_source THEN source_row := balance_row; ELSE destination_row := balance_row; END IF;
  END LOOP;

  IF source_row.account_id IS NULL OR destination_row.account_id IS NULL THEN
    status := 422;
    response := '{"code":"account_not_found"}';
  ELSIF source_row.amount - p_amount < source_row.floor THEN
    status := 422;
    response := '{"code":"insufficient_funds"}';
  ELSE
    INSERT INTO transactions (type, description, metadata) VALUES ('transfer', p_description, p_metadata) RETURNING * INTO made;
    UPDATE balances b SET amount = b.amount - p_amount, version = b.version + 1 WHERE b.account_id = p_source AND b.asset = p_asset;
    UPDATE balances b SET amount = b.amount + p_amount, version = b.version + 1 WHERE b.account_id = p_destination AND b.asset = p_asset;
    INSERT INTO entries (transaction_id, account_id, asset, counterparty, sequence, amount, balance_after) VALUES
      (made.id, p_source, p_asset, p_destination, source_row.version + 1, -p_amount, source_row.amount - p_amount),
      (made.id, p_destination, p_asset, p_source, destination_row.version + 1, p_amount, destination_row.amount + p_amount);
    status := 201;
    response := jsonb_build_object(
      'id', 'tx_' || made.id, 'status', 'posted', 'type', 'transfer',
      'postings', jsonb_build_array(jsonb_build_object(
        'source', p_source, 'destination', p_destination, 'asset', p_asset, 'amount', p_amount::text)),
      'entries', jsonb_build_array(
        jsonb_build_object('account', p_source, 'asset', p_asset, 'sequence', (source_row.version + 1)::text,
          'amount', (-p_amount)::text, 'balanceAfter', (source_row.amount - p_amount)::text),
        jsonb_build_object('account', p_destination, 'asset', p_asset, 'sequence', (destination_row.version + 1)::text,
          'amount', p_amount::text, 'balanceAfter', (destination_row.amount + p_amount)::text)),
      'description', p_description, 'metadata', p_metadata, 'createdAt', made.created_at)::text;
  END IF;
  UPDATE idempotency_keys k SET status = transfer.status, response = transfer.response WHERE k.key = p_key;
END $$;
