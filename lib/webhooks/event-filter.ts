/** The form of a filter: the name of a type, or a prefix such as `transaction.*`. */
export const typeFilterPattern = /^[a-z][a-z_]{0,31}\.([a-z][a-z_]{0,31}|\*)$/;

/** Whether filters let a type of event through; without any, all do. */
export function isWanted(filters: readonly string[], type: string): boolean {
  if (filters.length === 0) return true;
  return filters.some((filter) => (filter.endsWith('.*') ? type.startsWith(filter.slice(0, -1)) : type === filter));
}
