/**
 * Upper bound on the number of instances one batch is filled from. The instance whose last turn is longest ago comes first, so a busy instance does
 * not delay the others.
 */
const INSTANCES_PER_BATCH = 8;
/** A row that {@link TAKE} returns. */
export interface TakenRow {
  seq: string;
  instance: string;
  body: string;
  queued_at: string;
  in_doubt: boolean;
  crashes: number;
}

/** Parameters: instance, ids, bodies, bytes, queued_at. An event whose id exists is skipped. */
export const APPEND = `
WITH instance AS (
  INSERT INTO auditlogin_instances (instance) VALUES ($1)
  ON CONFLICT (instance) DO UPDATE SET seen = now() WHERE auditlogin_instances.seen < now() - interval '10 minutes'
)
INSERT INTO auditlogin_outbox (id, instance, body, bytes, queued_at)
SELECT id, $1, body, bytes, $5
FROM unnest($2::text[], $3::text[], $4::integer[]) WITH ORDINALITY AS event (id, body, bytes, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING`;

/**
 * A lease covers an instance instead of single events, which keeps their order: while it lasts, no other relay takes events of the instance. The
 * statement also records which events are handed out (`taken_to`), so that an event that crashes relays can be identified.
 */
export const TAKE = `
WITH free AS (
  SELECT instance, turn, taken_to AS left_to FROM auditlogin_instances i
  WHERE (taken_until IS NULL OR taken_until < now())
    AND EXISTS (SELECT 1 FROM auditlogin_outbox o WHERE o.instance = i.instance)
  ORDER BY turn LIMIT ${INSTANCES_PER_BATCH} FOR UPDATE SKIP LOCKED
), batch AS (
  SELECT event.*, free.turn, free.left_to
  FROM free CROSS JOIN LATERAL (SELECT * FROM auditlogin_outbox o WHERE o.instance = free.instance ORDER BY seq LIMIT $1) AS event
  ORDER BY free.turn, event.instance, event.seq LIMIT $1
), taken AS (
  UPDATE auditlogin_instances i
  SET taken_by = $2, taken_until = now() + $3 * interval '1 ms', turn = nextval('auditlogin_turn'), taken_to = last.seq
  FROM (SELECT instance, max(seq) AS seq FROM batch GROUP BY instance) AS last WHERE i.instance = last.instance
), crashed AS (
  UPDATE auditlogin_outbox o SET in_doubt = true, crashes = o.crashes + 1 FROM batch WHERE o.seq = batch.seq AND batch.seq <= batch.left_to
)
SELECT seq, instance, body, queued_at, in_doubt OR coalesce(seq <= left_to, false) AS in_doubt,
  crashes + CASE WHEN seq <= left_to THEN 1 ELSE 0 END AS crashes
FROM batch ORDER BY turn, instance, seq`;

/** Deletes instances that have no events. Parameter: the interval since they were last seen. */
export const FORGET = `
DELETE FROM auditlogin_instances i WHERE seen < now() - $1::interval AND taken_by IS NULL
  AND NOT EXISTS (SELECT 1 FROM auditlogin_outbox o WHERE o.instance = i.instance)`;

/** Ends leases. Parameters: relay, instances. */
export const LET_GO = `UPDATE auditlogin_instances SET taken_by = NULL, taken_until = NULL, taken_to = NULL WHERE taken_by = $1 AND instance = ANY($2)`;

/** Extends leases. Parameters: relay, instances, lease in milliseconds. */
export const RENEW = `UPDATE auditlogin_instances SET taken_until = now() + $3 * interval '1 ms' WHERE taken_by = $1 AND instance = ANY($2)`;

/** Parameters: seq, reason. */
export const SET_ASIDE = `
WITH gone AS (DELETE FROM auditlogin_outbox WHERE seq = $1 RETURNING seq, id, instance, body)
INSERT INTO auditlogin_set_aside (seq, id, instance, body, reason) SELECT seq, id, instance, body, $2 FROM gone`;
