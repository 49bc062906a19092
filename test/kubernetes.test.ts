import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { VARIABLES } from '../packages/core/src/config/environment.js';

const FOLDER = join(__dirname, '..', 'examples', 'kubernetes');
const load = createRequire(__filename);

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: { template: { spec: { containers: { env: { name: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[] }[] } } };
}

const manifests = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8'), { strict: true }))
  .map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });

/** Checks a manifest against the schema of its kind, like a cluster. */
function validate({ apiVersion, kind, ...rest }: Manifest): void {
  const models = load(`kubernetes-models/${apiVersion}`) as Record<string, new (data: object) => { validate(): void }>;
  new models[kind]!(rest).validate();
}

it.each(manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const))(
  '%s fits its schema',
  (_, manifest) => validate(manifest),
);

/** Finds the keys that the schemas do not have. A cluster drops them, and warns only on request. */
function unknownKeys(given: object[]): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'kubernetes-keys.mjs')], {
    input: JSON.stringify(given),
    encoding: 'utf8',
  });
  return stderr === '' ? JSON.parse(stdout) : stderr;
}

it('finds no misspelt key', () => expect(unknownKeys(manifests)).toEqual([]));

it('finds invalid manifests', () => {
  const set = manifests.find(({ kind }) => kind === 'StatefulSet')!;
  expect(() => validate({ ...set, spec: { ...set.spec, replicas: 'three' } } as never)).toThrow();
  expect(unknownKeys([{ ...set, spec: { ...set.spec, serviceNmae: 'x' } }])).toEqual(['StatefulSet shop.spec.serviceNmae']);
});

it('gives the application the variables that auditlogin reads, from the keys of the installation', () => {
  const set = manifests.find(({ kind }) => kind === 'StatefulSet')!;
  const { env } = set.spec.template.spec.containers[0]!;
  const known = Object.values(VARIABLES).flat() as string[];
  expect(env.filter(({ name }) => !known.includes(name))).toEqual([]);
  const keys = Object.fromEntries(env.map(({ name, valueFrom }) => [name, valueFrom?.secretKeyRef]));
  expect(keys).toMatchObject({
    AUDITLOG_API_TOKEN: { name: 'auditlog', key: 'BOOTSTRAP_PUBLISHER_TOKEN' },
    AUDITLOG_API_PROJECT: { name: 'auditlog', key: 'BOOTSTRAP_PUBLISHER_PROJECT' },
  });
});

it('gives the relay its variables, an autoscaler and a disruption budget', () => {
  const relay = manifests.find(({ kind }) => kind === 'Deployment')!;
  const { env } = relay.spec.template.spec.containers[0]!;
  const command = readFileSync(join(__dirname, '..', 'packages', 'cli', 'src', 'cli.ts'), 'utf8');
  const known = [...(Object.values(VARIABLES).flat() as string[]), ...[...command.matchAll(/\.env\('(\w+)'\)/g)].map(([, name]) => name!)];
  expect(env.filter(({ name }) => !known.includes(name))).toEqual([]);
  const others = manifests.filter(({ metadata }) => metadata.name === relay.metadata.name).map(({ kind }) => kind);
  expect(others.sort()).toEqual(['Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget']);
});
