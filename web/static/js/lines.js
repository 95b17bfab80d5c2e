/** Cuts a stream of text into lines; empty ones are left out. Pure. */

export class LineSplitter {
  #rest = "";

  /** @param {string} text @returns {string[]} the lines that are whole now */
  push(text) {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    return parts.filter((line) => line.trim() !== "");
  }
}
