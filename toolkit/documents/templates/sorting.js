// Tables sorted by a click on the head of a column: up, down, and back as they stood. Without it the page is complete.
"use strict";

const collator = new Intl.Collator("zh", { numeric: true });
const NUMBER = /^[<>≤≥]?\s*([+\-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*[%★]?(?:\s*[–~].*)?$/;
const BLANK = /^[—–-]?$/;

const textOf = cell => cell.textContent.trim();
const numberOf = text => {
  const found = NUMBER.exec(text);
  return found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : NaN;
};

// Rows in the order of one column, an interval by its lower end; blanks stay last both ways, and ties as they stood.
function ordered(rows, column, down) {
  const texts = rows.map(row => textOf(row.cells[column]));
  const filled = rows.map((_, place) => place).filter(place => !BLANK.test(texts[place]));
  const numbers = texts.map(numberOf);
  const compare = filled.every(place => !Number.isNaN(numbers[place]))
    ? (one, other) => numbers[one] - numbers[other]
    : (one, other) => collator.compare(texts[one], texts[other]);
  filled.sort((one, other) => (down ? compare(other, one) : compare(one, other)) || one - other);
  return [...filled.map(place => rows[place]), ...rows.filter((_, place) => BLANK.test(texts[place]))];
}

// Heads become buttons; `show` is handed the rows in the order asked for.
function sortable(table, rows, show) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim() || head.dataset.unsorted !== undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turn = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      heads.forEach(each => each.removeAttribute("aria-sort"));
      if (turn) head.setAttribute("aria-sort", turn);
      show(turn ? ordered(rows, column, turn === "descending") : rows);
    });
  });
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table:not(.own)")) {
    const body = table.tBodies[0];
    const even = [...table.rows].every(row => row.cells.length === table.rows[0].cells.length);
    if (table.tHead && body.rows.length > 2 && even) sortable(table, [...body.rows], rows => body.append(...rows));
  }
});
