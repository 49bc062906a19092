/** Id of the instance that the event belongs to. */
export const INSTANCE = 'Auditlogin-Instance';
/** Time of the append, in milliseconds since 1970. */
export const QUEUED_AT = 'Auditlogin-Queued-At';
/** The reason why the event was set aside. */
export const REASON = 'Auditlogin-Reason';
