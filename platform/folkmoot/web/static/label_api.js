// The five calls of the labelling desk, and how they can fail.
//
//   next       {hold: [lease id]}                        -> {lease, message}
//   answers    {lease_id | revises, answer, active_seconds, idempotency_key}
//                                                        -> {label, today, next}
//   skip       {lease_id, reason}                        -> {}
//   undo       {label_id}                                -> {task, previous_answer}
//   heartbeat  {lease_ids}                               -> {}
//
// lease: {id, task_id, expires_at, reason, payload, why} or null, with a message saying why not.
// label: {id, fate, message, paid_minor, currency, can_undo_until}.
// today: {labels, earned_text, minutes}. Every refusal is a problem document (RFC 9457).

// The server could not be reached, or asks to be left alone for a while: try again later.
export class Unreachable extends Error {}

// The person must sign in again (or reload for a fresh token); nothing was lost.
export class SignedOut extends Error {}

// The server understood and said no; the message is a sentence for the person.
export class Refused extends Error {}

const TIMEOUT_MILLISECONDS = 20_000;
const TRY_LATER = new Set([408, 425, 429]);

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function failure(response) {
  if (response.status >= 500 || TRY_LATER.has(response.status)) return new Unreachable();
  const problem = await problemOf(response);
  const isAboutToken = `${problem.type ?? ""} ${problem.code ?? ""}`.toLowerCase().includes("csrf");
  if (response.status === 401 || response.redirected || isAboutToken) return new SignedOut();
  return new Refused(problem.detail ?? problem.title ?? "This answer could not be used.");
}

export class LabelApi {
  constructor(url, csrfToken) {
    this.url = url;
    this.csrfToken = csrfToken;
  }

  async #post(path, body) {
    let response;
    try {
      response = await fetch(`${this.url}/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrfToken },
        body: JSON.stringify(body),
        credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      });
    } catch {
      throw new Unreachable();
    }
    if (!response.ok || response.redirected) throw await failure(response);
    return response.json();
  }

  next(hold) { return this.#post("next", { hold }); }

  answer(body) { return this.#post("answers", body); }

  skip(leaseId, reason) { return this.#post("skip", { lease_id: leaseId, reason }); }

  undo(labelId) { return this.#post("undo", { label_id: labelId }); }

  heartbeat(leaseIds) { return this.#post("heartbeat", { lease_ids: leaseIds }); }
}
