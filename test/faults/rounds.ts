/** How often each fault is repeated: a few times in `npm test`, a hundred times in `npm run test:faults`. */
export const ROUNDS = Number(process.env['AUDITLOGIN_FAULTS'] ?? 4);

/** Time-out of a round, in milliseconds, with room for a slow machine. */
export const ROUND_TIMEOUT = 30_000;
