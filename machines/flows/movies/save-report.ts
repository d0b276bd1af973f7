/**
 * Puts the report into a directory. May be killed anywhere and done again: each file is written beside its place and
 * then renamed, so a reader sees the old one or the whole new one.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderMarkdown } from './report-markdown.js';
import { renderJson, type Report } from './report.js';

export async function saveReport(directory: string, report: Report): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const files = { 'report.json': renderJson(report), 'report.md': renderMarkdown(report) };
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await writeFile(`${path}.tmp`, text, { flush: true });
    await rename(`${path}.tmp`, path);
  }
  return Object.keys(files);
}
