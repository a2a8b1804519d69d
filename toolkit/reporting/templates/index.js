// The units of the index: searched, filtered and sorted, and drawn a slice at a time, so that ten thousand are no wait.
"use strict";

const SLICE = 200;
document.documentElement.classList.add("loading");

document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("table.own");
  const search = document.querySelector("[role=search]");
  const [query, ...choices] = search.querySelectorAll("input, select");
  const count = search.querySelector("output");
  const more = document.querySelector("#more");
  const body = table.tBodies[0];

  const fold = text => text.normalize("NFKC").toLowerCase();
  const rows = [...body.rows].filter(row => !row.classList.contains("fault"));
  const faults = new Map([...body.querySelectorAll(".fault")].map(fault => [fault.previousElementSibling, fault]));
  const told = row => [...row.cells[0].querySelectorAll(".name, .id")].map(part => part.textContent).join(" ");
  const texts = new Map(rows.map(row => [row, fold(told(row))]));
  let order = rows;
  let found = rows;
  let shown = SLICE;

  const draw = () => {
    body.replaceChildren(...found.slice(0, shown).flatMap(row => (faults.has(row) ? [row, faults.get(row)] : [row])));
    more.hidden = found.length <= shown;
    count.value = count.dataset.text.replace("{n}", found.length).replace("{total}", rows.length);
  };
  const pick = () => {
    const words = fold(query.value).split(/\s+/).filter(Boolean);
    const wanted = choices.map(choice => choice.value).filter(Boolean);
    found = order.filter(
      row => wanted.every(name => row.classList.contains(name)) && words.every(word => texts.get(row).includes(word)),
    );
    shown = SLICE;
    draw();
  };

  sortable(table, rows, sorted => {
    order = sorted;
    table.classList.toggle("sorted", order !== rows);
    pick();
  });
  search.addEventListener("input", pick);
  search.querySelector("button").addEventListener("click", () => {
    [query, ...choices].forEach(field => (field.value = ""));
    pick();
    query.focus();
  });
  more.querySelector("button").addEventListener("click", () => {
    const next = found[shown];
    shown += SLICE;
    draw();
    next.querySelector("a, .name").focus();
  });
  window.addEventListener("beforeprint", () => {
    shown = Infinity;
    draw();
  });
  window.addEventListener("afterprint", () => {
    shown = SLICE;
    draw();
  });
  search.hidden = false;
  pick();
  document.documentElement.classList.remove("loading");
});
