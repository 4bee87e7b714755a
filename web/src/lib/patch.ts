/** Changes of a value's fields: what is absent is as it was, what is null is absent from now on. */
export type Changes = Readonly<Record<string, unknown>>;

/** A copy with the changes; fields named in `nested` hold changes of their own fields in turn. */
export function applyChanges<T extends object>(value: T, changes: Changes, nested: readonly (keyof T & string)[] = []): T {
  const copy = { ...value } as Record<string, unknown>;
  for (const [name, change] of Object.entries(changes)) {
    const before = copy[name];
    if (change === null) delete copy[name];
    else if ((nested as readonly string[]).includes(name) && typeof before === 'object' && before !== null)
      copy[name] = applyChanges(before, change as Changes);
    else copy[name] = change;
  }
  return copy as T;
}
