// The committed document of the API: valid as OpenAPI 3.1, every reference leads somewhere, and every example is what its schema says.
// It is the one that the client in src/api is made of.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dereference, validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import config from '../../openapi-ts.config';

type Json = Record<string, unknown>;
type Document = Parameters<typeof validate>[0] & Json;

const path = fileURLToPath(new URL('../../../src/Spate.Api/openapi.json', import.meta.url));
const text = readFileSync(path, 'utf8');
const read = (): Document => JSON.parse(text) as Document;

function at(root: unknown, ...keys: string[]): Json {
  let node = root as Json;
  for (const key of keys) {
    const next = node[key];
    if (typeof next !== 'object' || next === null) throw new Error(`The document has no ${keys.join(' > ')}.`);
    node = next as Json;
  }
  return node;
}

const dialect = new Ajv2020({ strict: false, validateFormats: false, logger: false });

// OpenAPI leaves schemas to JSON Schema, which says of itself what it may look like.
async function isValid(document: Document): Promise<boolean> {
  try {
    const schemas = Object.values(at(document, 'components', 'schemas'));
    return (await validate(structuredClone(document))).valid && schemas.every((schema) => dialect.validateSchema(schema as Json));
  } catch {
    return false; // a reference that leads nowhere is thrown
  }
}

// Every media type with a schema and an example, with the place where it stands.
function examples(document: unknown): { where: string; schema: Json; example: unknown }[] {
  const found: { where: string; schema: Json; example: unknown }[] = [];
  for (const [route, operations] of Object.entries(at(document, 'paths'))) {
    for (const [method, operation] of Object.entries(operations as Json)) {
      const parts: [string, unknown][] = [['takes', (operation as Json).requestBody], ...Object.entries(at(operation, 'responses'))];
      for (const [part, body] of parts) {
        for (const [media, content] of Object.entries((body as Json | undefined)?.content ?? {})) {
          const { schema, example } = content as { schema?: Json; example?: unknown };
          if (schema && example !== undefined) found.push({ where: `${method} ${route} ${part} ${media}`, schema, example });
        }
      }
    }
  }
  return found;
}

async function wrongExamples(document: Document): Promise<string[]> {
  return examples(await dereference(document))
    .filter(({ schema, example }) => !dialect.validate(schema, example))
    .map(({ where }) => where);
}

describe('openapi.json', { timeout: 60_000 }, () => {
  it('is valid', async () => {
    expect(await validate(read())).toMatchObject({ valid: true, warnings: [] });
    expect(await isValid(read())).toBe(true);
  });

  it('has an example of each answer that its schema allows', async () => {
    expect(examples(await dereference(read())).length).toBeGreaterThan(100);
    expect(await wrongExamples(read())).toEqual([]);
  });

  it('is what the client is made of', async () => {
    expect(((await config) as unknown as { input: string }).input).toBe('../src/Spate.Api/openapi.json');
  });

  // A check that nothing can fail is none.
  const breaks: [string, (document: Document) => unknown][] = [
    ['without its version', (d) => delete d.openapi],
    ['without a title', (d) => delete at(d, 'info').title],
    ['with an operation that has a wrong type', (d) => Object.assign(at(d, 'paths', '/api/v1/torrents', 'get'), { parameters: 'none' })],
    [
      'with a parameter that stands nowhere',
      (d) => Object.assign(at(d, 'paths', '/api/v1/torrents', 'get', 'parameters', '0'), { in: 'somewhere' }),
    ],
    ['with an answer that says nothing', (d) => delete at(d, 'paths', '/api/v1/torrents', 'get', 'responses', '200').description],
    ['with a schema of no known type', (d) => Object.assign(at(d, 'components', 'schemas', 'TorrentPage'), { type: 'list' })],
    ['with a reference that leads nowhere', (d) => delete at(d, 'components', 'schemas').TorrentRow],
  ];
  it.each(breaks)('is refused %s', async (_, damage) => {
    const document = read();
    damage(document);
    expect(await isValid(document)).toBe(false);
  });

  it('is found wrong when an example does not fit', async () => {
    const document = read();
    const answer = at(document, 'paths', '/api/v1/torrents', 'get', 'responses', '200', 'content', 'application/json');
    (answer.example as Json).total = 'one';
    expect(await wrongExamples(document)).toEqual(['get /api/v1/torrents 200 application/json']);
  });
});
