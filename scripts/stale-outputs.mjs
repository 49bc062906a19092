// What the compiler leaves in its output folder when a source file is moved or deleted.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const OUTPUT = /\.(?:[cm]?js|d\.[cm]?ts)(?:\.map)?$/;

/**
 * Removes the outputs of a project that no source file has any more, and the folders that are empty without them. All other files stay.
 *
 * @param {string} config path of the project's tsconfig.json
 * @returns {string[]} what was removed, relative to the output folder
 */
export function removeStaleOutputs(config) {
  const project = ts.getParsedCommandLineOfConfigFile(config, undefined, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail });
  const folder = resolve(project.options.outDir);
  if (!existsSync(folder)) return [];
  const current = new Set(
    project.fileNames
      .filter((file) => !/\.d\.[cm]?ts$/.test(file))
      .flatMap((file) => ts.getOutputFileNames(project, file, false).map((output) => resolve(output))),
  );
  const stale = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && OUTPUT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !current.has(resolve(file)));
  for (const file of stale) {
    rmSync(file, { force: true });
    for (let parent = dirname(file); parent !== folder && readdirSync(parent).length === 0; parent = dirname(parent)) rmdirSync(parent);
  }
  return stale.map((file) => relative(folder, file)).sort();
}

function fail({ messageText }) {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
}
