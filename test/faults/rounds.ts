/** How often each fault is played: a few times in `npm test`, a hundred in `npm run test:faults`. */
export const ROUNDS = Number(process.env['AUDITLOGIN_FAULTS'] ?? 4);

/** Time for a round, with room for a slow machine, in milliseconds. */
export const ROUND_TIMEOUT = 30_000;
