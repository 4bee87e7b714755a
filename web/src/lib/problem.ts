import type { Problem } from '@/api';
import type { Translate } from './i18n/translate';

/** An answer of the daemon that says what is wrong with a request. */
export class ApiProblem extends Error {
  readonly status: number;
  /** By the name of a field: what is wrong with it. */
  readonly fields: Readonly<Record<string, readonly string[]>>;

  constructor(status: number, message: string, fields: Readonly<Record<string, readonly string[]>> = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'title' in value && 'status' in value;

/** Unwraps what a generated call gives: its data, or an error that says what happened. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response?: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response?.ok) return data as T;
  if (isProblem(error)) {
    const fields = (error.errors ?? {}) as Record<string, string[]>;
    const named = Object.values(fields).flat();
    throw new ApiProblem(error.status, error.detail || (named.length > 0 ? named.join(' ') : error.title), fields);
  }
  if (response) throw new ApiProblem(response.status, response.statusText || String(response.status));
  throw error instanceof Error ? error : new Error(String(error));
}

/** What went wrong, for people. */
export function explain(error: unknown, t: Translate): string {
  if (error instanceof ApiProblem) return error.message;
  if (error instanceof TypeError) return t('problem.unreachable');
  return error instanceof Error ? error.message : String(error);
}
