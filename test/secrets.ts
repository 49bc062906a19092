import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every byte under a folder, file by file.
 *
 * @param folder the folder
 */
export function filesUnder(folder: string): [name: string, bytes: Buffer][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => [name, readFileSync(name)]);
}

/**
 * Where secrets are found, in the forms in which they could have travelled: as they are, in base64, in hex, percent-encoded.
 *
 * @param secrets what may be found nowhere
 * @param places names and bytes
 * @returns a line for each find; the secret itself is cut
 */
export function findSecrets(secrets: Iterable<string>, places: Iterable<readonly [name: string, bytes: Buffer]>): string[] {
  const forms = [...secrets].flatMap((secret) => {
    const bytes = Buffer.from(secret);
    return [
      secret,
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      encodeURIComponent(secret),
    ];
  });
  return [...places].flatMap(([name, bytes]) =>
    [...new Set(forms)].filter((form) => bytes.includes(form)).map((form) => `${form.slice(0, 8)}… in ${name}`),
  );
}
