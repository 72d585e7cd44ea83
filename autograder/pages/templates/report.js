"use strict";
// Sorts the table of marks by a column, and shows only the students that the two fields ask for.
const table = document.querySelector(".marks"), body = table.tBodies[0], rows = [...body.rows];
const words = document.querySelector("#words"), kind = document.querySelector("#kind");
const count = document.querySelector("#count"), sections = [...document.querySelectorAll(".student")];
document.querySelector(".tools").hidden = false;
table.tHead.querySelectorAll("th").forEach((head, column) => {
  const button = head.querySelector("button");
  button.disabled = false;
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending", sign = up ? 1 : -1;
    table.tHead.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[column].dataset.value;
    const isText = column === 0;
    rows.sort((a, b) => sign * (isText ? key(a).localeCompare(key(b)) : Number(key(a)) - Number(key(b))));
    body.append(...rows);
  });
});
function show() {
  const wanted = words.value.trim().toLowerCase();
  let shown = 0;
  rows.forEach(row => {
    const fits = row.dataset.words.toLowerCase().includes(wanted) && (!kind.value || row.dataset.kinds.split("|").includes(kind.value));
    row.hidden = !fits;
    shown += fits;
    document.getElementById("student-" + row.dataset.place).parentElement.hidden = !fits;
  });
  count.textContent = shown === rows.length ? "" : shown + " of " + rows.length;
}
words.addEventListener("input", show);
kind.addEventListener("change", show);
