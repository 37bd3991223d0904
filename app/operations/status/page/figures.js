// Rates and percentiles from the totals of two responses of /v1/status.

const WINDOW_SECONDS = 10;
const REPLACED_AFTER_MS = 5000;

/** Return the rates between two responses, or null after a restart of the service. */
export function rates(before, after) {
  const seconds = after.clock_seconds - before.clock_seconds;
  const each = Object.fromEntries(
    Object.entries(after.requests).map(([name, total]) => [
      name,
      (total - (before.requests[name] ?? 0)) / seconds,
    ]),
  );
  const found = {
    ...each,
    statements: (after.statements - before.statements) / seconds,
    wait: (after.connection_wait_seconds - before.connection_wait_seconds) / seconds,
  };
  return Object.values(found).every((rate) => rate >= 0) ? found : null;
}

/** Return the time in which this share of the requests between two responses ended, or null.
 *
 * As in Prometheus' histogram_quantile, requests are taken to be spread evenly within a bucket.
 */
export function percentile(share, before, after) {
  const buckets = after.durations.map(({ at_most_seconds: limit, requests }) => {
    const earlier = before.durations.find((it) => it.at_most_seconds === limit)?.requests ?? 0;
    return { limit: limit ?? Infinity, requests: requests - earlier };
  });
  buckets.sort((one, other) => one.limit - other.limit);
  const all = buckets.at(-1)?.requests ?? 0;
  if (all <= 0) {
    return null;
  }
  const rank = share * all;
  const index = buckets.findIndex((it) => it.requests >= rank);
  const [low, below] = index > 0 ? [buckets[index - 1].limit, buckets[index - 1].requests] : [0, 0];
  const { limit: high, requests } = buckets[index];
  return high === Infinity ? low : low + ((high - low) * (rank - below)) / (requests - below);
}

/** Chooses one replica of the service, if a load balancer passes requests to several. */
export class Replica {
  id = null;
  answeredAt = -Infinity;

  /** Return whether a response is from the chosen replica; choose another one if it is silent. */
  accepts(id, nowMs) {
    if (id !== this.id && nowMs - this.answeredAt < REPLACED_AFTER_MS) {
      return false;
    }
    [this.id, this.answeredAt] = [id, nowMs];
    return true;
  }
}

/** The responses of the last ten seconds. */
export class Recent {
  responses = [];

  /** Add a response; return all figures since the one before, or null if there is none. */
  add(response) {
    const last = this.responses.at(-1);
    const isComparable = last?.instance_id === response.instance_id;
    const found = isComparable ? rates(last, response) : null;
    if (found === null) {
      this.responses = [response];
      return null;
    }
    this.responses.push(response);
    while (response.clock_seconds - this.responses[1].clock_seconds >= WINDOW_SECONDS) {
      this.responses.shift();
    }
    const [first] = this.responses;
    return {
      ...found,
      p50: percentile(0.5, first, response),
      p99: percentile(0.99, first, response),
    };
  }
}
