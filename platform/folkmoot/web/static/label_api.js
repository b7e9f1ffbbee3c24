// The calls of the labelling desk, and how they can fail.
//
//   next       {hold: [lease id]}                          -> {lease, message}
//   answers    {lease_id, answer, active_seconds}          -> {label, today}
//   changes    {label_id, answer, idempotency_key}         -> {label, today}
//   undo       {label_id}                                  -> {previous_answer}
//   skip       {lease_id, reason}                          -> {}
//   heartbeat  {lease_ids}                                 -> {lease_ids}
//
// lease: {id, payload, instructions_version} or null, with a message saying why;
// label: {id, message}; today: {earned_text, minutes}.
// Every refusal is a problem document (RFC 9457).

// The server could not be reached, or asks to be left alone for a while: try again later.
export class Unreachable extends Error {}

// The person must sign in again, here or in the tab that signed out; nothing was lost. An ended
// session shows first in its form token, so that 403 says the same as 401.
export class SignedOut extends Error {}

// The server understood and said no; the message is a sentence for the person.
export class Refused extends Error {}

const TIMEOUT_MILLISECONDS = 20_000;
const TRY_LATER = new Set([408, 425, 429]);
const SIGN_IN_AGAIN = new Set([401, 403]);

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

async function failure(response) {
  if (response.status >= 500 || TRY_LATER.has(response.status)) return new Unreachable();
  if (SIGN_IN_AGAIN.has(response.status) || response.redirected) return new SignedOut();
  const problem = await problemOf(response);
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

  // A lease takes one answer, so sending it twice is harmless; a change needs a key for that.
  answer({ lease_id, revises, answer, active_seconds, idempotency_key }) {
    if (revises) return this.#post("changes", { label_id: revises, answer, idempotency_key });
    return this.#post("answers", { lease_id, answer, active_seconds });
  }

  skip(leaseId, reason) { return this.#post("skip", { lease_id: leaseId, reason }); }

  undo(labelId) { return this.#post("undo", { label_id: labelId }); }

  heartbeat(leaseIds) { return this.#post("heartbeat", { lease_ids: leaseIds }); }
}
