/** The instance whose event it is. */
export const INSTANCE = 'Auditlogin-Instance';
/** When it was queued, in milliseconds since 1970. */
export const QUEUED_AT = 'Auditlogin-Queued-At';
/** Why it was set aside. */
export const REASON = 'Auditlogin-Reason';
