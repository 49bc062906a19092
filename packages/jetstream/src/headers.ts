/** The instance that the event belongs to. */
export const INSTANCE = 'Auditlogin-Instance';
/** When the event was queued, in milliseconds since 1970. */
export const QUEUED_AT = 'Auditlogin-Queued-At';
/** Why the event was set aside. */
export const REASON = 'Auditlogin-Reason';
