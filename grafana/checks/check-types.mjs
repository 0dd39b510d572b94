// node check-types.mjs DASHBOARD.json ...
// Compiles each dashboard against dashboard.ts. Prints a JSON list of {file, place, message}; exit code 1 where it has any.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SETTINGS = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

/** A dashboard as a module with one constant a line, and what each line is of: so a mistake names its panel. */
function* lines({ panels = [], templating = {}, annotations = {}, ...rest }) {
  const dashboard = { ...rest, panels: [], templating: { ...templating, list: [] }, annotations: { ...annotations, list: [] } };
  yield ['Dashboard', dashboard, 'the dashboard'];
  for (const variable of templating.list ?? []) yield ['Variable', variable, `variable ${variable.name}`];
  for (const annotation of annotations.list ?? []) yield ['Annotation', annotation, `annotation ${annotation.name}`];
  for (const panel of panels) {
    if (panel.type === 'row') yield ['Row', { ...panel, panels: [] }, `row ${panel.title}`];
    for (const inner of panel.type === 'row' ? (panel.panels ?? []) : [panel]) yield* panelLines(inner);
  }
}

function* panelLines(panel) {
  const place = panel.title ?? `panel ${panel.id}`;
  const kind = JSON.stringify(panel.type ?? '');
  yield [`Panel<${kind}>`, panel, place];
  for (const step of panel.transformations ?? []) yield [`Step<${JSON.stringify(step.id)}>`, step, `${place}, ${step.id}`];
  for (const override of panel.fieldConfig?.overrides ?? []) {
    for (const { id, value } of override.properties ?? []) yield [`Override<${kind}>`, { [id]: value }, `${place}, override ${id}`];
  }
}

function asModule(dashboard) {
  const found = [...lines(dashboard)];
  const text = found.map(([type, value], number) => `export const c${number}: D.${type} = ${JSON.stringify(value)};`);
  return { text: [`import type * as D from './dashboard';`, ...text].join('\n'), places: found.map(([, , place]) => place) };
}

function compile(modules) {
  const host = ts.createCompilerHost(SETTINGS);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (name) => modules.has(name) || fileExists(name);
  host.getSourceFile = (name, options, ...more) =>
    modules.has(name) ? ts.createSourceFile(name, modules.get(name).text, options) : getSourceFile(name, options, ...more);
  return ts.getPreEmitDiagnostics(ts.createProgram([...modules.keys()], SETTINGS, host));
}

/** The innermost message: which key, which value. */
function deepest(message) {
  if (typeof message === 'string') return message;
  return message.next?.length ? deepest(message.next.at(-1)) : message.messageText;
}

function told(diagnostic, modules) {
  const { file, start = 0, messageText } = diagnostic;
  const made = file && modules.get(file.fileName);
  if (!made) return { file: file?.fileName ?? '', place: '', message: ts.flattenDiagnosticMessageText(messageText, ' ') };
  const { line } = file.getLineAndCharacterOfPosition(start);
  const near = made.text.slice(start, start + 60).split('\n')[0];
  return { file: made.file, place: made.places[line - 1] ?? '', message: `${deepest(messageText)} Near ${near}` };
}

const modules = new Map();
for (const [number, file] of process.argv.slice(2).entries()) {
  const dashboard = JSON.parse(readFileSync(file, 'utf8'));
  modules.set(path.join(HERE, `dashboard-${number}.ts`), { file, ...asModule(dashboard) });
}
const findings = compile(modules).map((diagnostic) => told(diagnostic, modules));
console.log(JSON.stringify(findings, null, 1));
process.exitCode = findings.length ? 1 : 0;
