/** Addresses and what they name. Pure. */

/**
 * Finds the route of a path. `{name}` stands for one level.
 * @template T
 * @param {[string, T][]} routes
 * @param {string} path
 * @returns {{found: T, parameters: Record<string, string>} | null}
 */
export function match(routes, path) {
  const levels = path.replace(/\/+$/, "").split("/");
  for (const [pattern, found] of routes) {
    const wanted = pattern.replace(/\/+$/, "").split("/");
    if (wanted.length !== levels.length) continue;
    /** @type {Record<string, string>} */
    const parameters = {};
    const fits = wanted.every((level, i) => {
      const name = /^\{(\w+)\}$/.exec(level)?.[1];
      if (name === undefined) return level === levels[i];
      try {
        parameters[name] = decodeURIComponent(levels[i]);
      } catch {
        return false;
      }
      return levels[i] !== "";
    });
    if (fits) return { found, parameters };
  }
  return null;
}
