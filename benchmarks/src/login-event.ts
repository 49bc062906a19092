/** Creates a realistic login event for the official SDK. */
export function loginEvent(index: number): Record<string, unknown> & { action: string; crud: 'c' } {
  return {
    action: 'user.login',
    crud: 'c',
    actor: { id: `user-${index}`, name: 'Ann Arbor' },
    group: { id: 'acme', name: 'Acme Inc.' },
    is_failure: false,
    is_anonymous: false,
    source_ip: '203.0.113.7',
    created: new Date(),
    description: 'Login succeeded',
    component: 'shop',
    version: '1.2.3',
    external_id: `01a209cb-ceb0-77cc-b902-${String(index).padStart(12, '0')}`,
    fields: {
      outcome: 'success',
      evidence: 'session',
      group_source: 'resolved',
      method: 'password',
      status: '200',
      duration_ms: '63',
      route: '/login',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      request_id: '6f2c1e6e-7d55-4a1b-9f0e-2d8f4c1b7a90',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
    },
  };
}
