import { generate } from 'selfsigned';

/** Creates a self-signed certificate. */
export async function certificate(): Promise<{ key: string; cert: string }> {
  const altNames = [{ type: 2 as const, value: 'localhost' }];
  const extensions = [
    { name: 'basicConstraints' as const, cA: true },
    { name: 'subjectAltName' as const, altNames },
  ];
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { extensions });
  return { key, cert };
}
