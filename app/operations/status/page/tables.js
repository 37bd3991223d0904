// The figures and tables of a response of /v1/status.

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const closedAt = new Map(); // the time shown for each closed connection, so that it never changes

export function show(status, figures) {
  fillList(document.getElementById("now"), now(status, figures));
  document.getElementById("server-problem").textContent = status.server_problem ?? "";
  const pools = status.workers.flatMap((worker) => worker.pools.map((pool) => ({ worker, pool })));
  document.getElementById("no-pools").hidden = pools.length > 0;
  fill("workers", pools.map(workerRow));
  fill("connections", pools.flatMap(connectionRows));
  fill("closed", status.closed_connections.map(closedRow));
  const shown = new Set(status.closed_connections.map(identity));
  [...closedAt.keys()].filter((key) => !shown.has(key)).forEach((key) => closedAt.delete(key));
}

function now({ server, workers, strategy }, figures) {
  const classes = ["2xx", "3xx", "4xx", "5xx"];
  const requests = figures && classes.reduce((sum, name) => sum + figures[name], 0);
  return [
    ["Requests per second", figures ? number.format(requests) : "…"],
    ["p50, over ten seconds", duration(figures?.p50)],
    ["p99, over ten seconds", duration(figures?.p99)],
    ["Statements per second", figures ? number.format(figures.statements) : "…"],
    ["Waiting for connections", figures ? `${number.format(1000 * figures.wait)} ms per s` : "…"],
    ["Workers", String(workers.length)],
    ["Strategy", strategy],
    ["Server", server?.version ?? "unavailable"],
    ["wait_timeout", server ? `${number.format(server.wait_timeout_seconds)} s` : "unknown"],
    [
      "Connections at the server",
      server ? `${server.connections} of ${server.max_connections}` : "unknown",
    ],
  ];
}

function workerRow({ worker, pool }) {
  const { is_open: isOpen, open_seconds: seconds, error_code: code } = pool.circuit;
  const circuit = isOpen ? `open for ${duration(seconds)}, error ${code}` : "closed";
  return [
    worker.process_id,
    pool.name,
    pool.size,
    pool.idle,
    pool.in_use,
    { text: circuit, isAlert: isOpen },
  ];
}

function connectionRows({ worker, pool }) {
  return pool.connections.map((it) => [
    it.connection_id,
    worker.process_id,
    pool.name,
    duration(it.age_seconds),
    it.state === "idle" ? "idle" : "in use",
    duration(it.state_seconds),
  ]);
}

function closedRow(it) {
  const key = identity(it);
  if (!closedAt.has(key)) {
    closedAt.set(key, new Date(Date.now() - 1000 * it.closed_seconds_ago).toLocaleTimeString());
  }
  return [
    it.connection_id,
    closedAt.get(key),
    it.server_code ? `${it.cause} (${it.server_code})` : it.cause,
    it.detected_by.replace("_", " "),
    it.cost_seconds ? duration(it.cost_seconds) : "none",
    duration(it.age_seconds),
    it.process_id,
  ];
}

/** Return what distinguishes a closed connection from all others. */
export function identity(it) {
  return `${it.process_id} ${it.pool} ${it.connection_id} ${it.age_seconds}`;
}

function duration(seconds) {
  if (seconds == null) {
    return "none";
  }
  if (seconds < 1) {
    return `${number.format(1000 * seconds)} ms`;
  }
  if (seconds < 100) {
    return `${number.format(seconds)} s`;
  }
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function fillList(list, pairs) {
  while (list.children.length < pairs.length) {
    const item = document.createElement("div");
    item.append(document.createElement("dt"), document.createElement("dd"));
    list.append(item);
  }
  pairs.forEach(([name, value], index) => {
    const [term, text] = list.children[index].children;
    write(term, name);
    write(text, value);
  });
}

/** Fill a table's body; the first cell of a row is its header. Cells are kept, and so is a selection. */
function fill(id, rows) {
  const body = document.getElementById(id);
  while (body.rows.length > rows.length) {
    body.deleteRow(-1);
  }
  rows.forEach((cells, index) => {
    const row = body.rows[index] ?? newRow(body, cells.length);
    cells.forEach((cell, column) => {
      const { text, isAlert } = cell?.text === undefined ? { text: cell } : cell;
      write(row.cells[column], String(text));
      row.cells[column].classList.toggle("alert", Boolean(isAlert));
    });
  });
}

function newRow(body, length) {
  const row = body.insertRow();
  const header = document.createElement("th");
  header.scope = "row";
  row.append(header, ...Array.from({ length: length - 1 }, () => document.createElement("td")));
  return row;
}

function write(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
